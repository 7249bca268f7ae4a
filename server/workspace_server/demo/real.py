"""The journey on a file of one's own: a daily series with the columns ``ds`` and ``y``, forecast one more year."""

from __future__ import annotations

import csv
import math
import tempfile
from datetime import date
from pathlib import Path
from shutil import copyfile

import nbformat
import pyarrow as pa

from ..kit.errors import Invalid
from ..kit.home import Home
from . import story
from .example import allow, make_remote, make_table
from .files import REPOSITORY

DAYS = 365


def prepare(home: Home, path: Path) -> str:
    """A repository that holds the file, and the table ``sales`` with two series of it: as it is, and its exponential
    (the file of the original demonstration holds logarithms of page views).

    Returns
    -------
    str
        The URL to clone.
    """
    home.prepare()
    make_table(home, "sales", _series(path))
    remote = home.path / "demo" / "forecast.git"
    read = (
        f'df = pd.read_csv("data/{path.name}", parse_dates=["ds"]).rename(columns={{"ds": "date", "y": "sales"}})\n'
        "df.tail()"
    )
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "forecast"
        (tree / "data").mkdir(parents=True)
        copyfile(path, tree / "data" / path.name)
        (tree / "requirements.txt").write_text(REPOSITORY.joinpath("requirements.txt").read_text())
        nbformat.write(story.toy(read, DAYS), tree / "forecast.ipynb")
        make_remote(tree, remote)
    allow(home, remote.as_uri())
    return remote.as_uri()


def _series(path: Path) -> pa.Table:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"ds", "y"} <= set(rows[0]):
        raise Invalid(
            "wrong_columns", f"{path} has no columns ds and y.", "Name the columns ds (dates) and y (numbers)."
        )
    days = [date.fromisoformat(row["ds"]) for row in rows]
    values = [float(row["y"]) for row in rows]
    return pa.table(
        {
            "date": [*days, *days],
            "store": ["as it is"] * len(days) + ["exponential"] * len(days),
            "sales": [*values, *(math.exp(value) for value in values)],
        }
    )
