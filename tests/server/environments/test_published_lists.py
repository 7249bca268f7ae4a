"""What public repositories ask for, old ones among them: it runs, or is refused with what a person can do about it.

The files in ``published/`` are the requirements that each repository publishes, ``docs/environments.md`` tells what
comes of each.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from workspace_server.environments import lock
from workspace_server.environments.errors import Unbuildable
from workspace_server.environments.runtime import materialise
from workspace_server.environments.service import build_blocking, declare
from workspace_server.environments.uv import Uv
from workspace_server.kit.home import Home

LISTS = Path(__file__).with_name("published")

REFUSED = {
    "AUTOMATIC1111.stable-diffusion-webui": ("source_only", "basicsr==1.4.2", "line 4", "basicsr 1."),
    "CamDavidsonPilon.Probabilistic-Programming": (
        "wrong_python",
        "tensorflow==1.13.1",
        "line 12",
        "tensorflow 2.12.0",
    ),
    "ageron.handson-ml": ("direct_url", "tarball/master", "line 12", "published package"),
    "donnemartin.data-science-ipython-notebooks": ("source_only", "backports.ssl", "line 1", "another package"),
    "facebook.prophet": ("source_only", "holidays", "line 8", "holidays 0.11.1"),
    "facebookresearch.detectron2-docs": ("vcs", "fvcore", "line 14", "published package"),
    "jakevdp.PythonDataScienceHandbook": ("source_only", "numpy==1.11", "line 1", "numpy 1.23.2"),
}
RESOLVED = {
    "fastai.fastbook": "fastai",
    "karpathy.nanoGPT": "torch",
    "nteract.papermill": "nbconvert",
    "streamlit.demo-uber-nyc-pickups": "streamlit",
}
USED = {"binder-examples.requirements": "import seaborn; assert seaborn.__version__ == '0.10.1'"}
TABLES = """
import ipykernel.ipkernel, pandas, workspace_ext as ws
ws.tables.write(pandas.DataFrame({"store": ["Amsterdam"]}), "sales")
assert ws.sql("SELECT * FROM sales")["store"].tolist() == ["Amsterdam"]
"""


def project(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "requirements.txt").write_text((LISTS / f"{name}.txt").read_text())
    return folder


def test_every_list_is_looked_at() -> None:
    assert {file.stem for file in LISTS.glob("*.txt")} == {*REFUSED, *RESOLVED, *USED}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_with_a_reason(home: Home, tmp_path: Path, name: str) -> None:
    code, what, line, mend = REFUSED[name]
    folder = project(tmp_path, name)
    with pytest.raises(Unbuildable) as refused:
        lock.resolve(home, declare(folder, folder), Uv(home))
    assert refused.value.code == code
    assert what in refused.value.message
    assert f"requirements.txt, {line}" in refused.value.message
    assert mend in refused.value.hint


@pytest.mark.parametrize("name", sorted(RESOLVED))
def test_resolved(home: Home, tmp_path: Path, name: str) -> None:
    folder = project(tmp_path, name)
    found = {one.name for one in lock.resolve(home, declare(folder, folder), Uv(home)).packages}
    assert {RESOLVED[name], "ipykernel", "deltalake"} <= found


@pytest.mark.parts
@pytest.mark.parametrize("name", sorted(USED))
def test_used(home: Home, tmp_path: Path, name: str) -> None:
    folder = project(tmp_path, name)
    python = build_blocking(home, declare(folder, folder)).python
    told = {"PATH": os.environ["PATH"], "PYTHONPATH": str(materialise(home)), "ATRIUM_TABLES": str(tmp_path / "tables")}
    subprocess.run([python, "-c", USED[name] + TABLES], check=True, env=told, cwd=tmp_path)
