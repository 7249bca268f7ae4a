"""The example's files, as its repository has them at the beginning."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from shutil import copytree

import nbformat

from . import sales, story

REPOSITORY = Path(str(files(__package__).joinpath("repository")))


def write(folder: Path) -> None:
    """Write them into ``folder``."""
    copytree(REPOSITORY, folder, dirs_exist_ok=True)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "sales.csv").write_text(sales.toy_csv())
    nbformat.write(story.toy(), folder / "forecast.ipynb")
