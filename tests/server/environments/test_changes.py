"""Changing what a project declares: looked at first, resolved, and nothing in the file but that line changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from workspace_server.environments.declaration import declare
from workspace_server.environments.editing import edit
from workspace_server.environments.errors import Unbuildable
from workspace_server.environments.service import Environments
from workspace_server.kit.errors import Conflict, Invalid
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.operations import Operations

REQUIREMENTS = "# what we use\nsix[x]==1.16.0 ; python_version > '3'  # old\n-r more.txt\n\nidna"
PYPROJECT = """\
[project]
name = "forecast"
version = "1"
# what we use
dependencies = [
  "six==1.16.0",  # old
  "idna[all]>=3; sys_platform != 'win32'",
]

[dependency-groups]
dev = [
    "attrs>=24",
]
"""


def test_one_line_of_requirements_changes(tmp_path: Path) -> None:
    below = tmp_path / "notebooks"
    below.mkdir()
    path = tmp_path / "requirements.txt"
    path.write_text(REQUIREMENTS)
    (tmp_path / "more.txt").write_text("attrs==24.1.0 \\\n    --hash=sha256:" + "a" * 64 + "\ntqdm\n")

    change = edit(below, tmp_path, "Six>=1.17")
    assert change.file == "requirements.txt"
    assert change.after == REQUIREMENTS.replace(
        "six[x]==1.16.0 ; python_version > '3'", 'Six[x]>=1.17; python_version > "3"'
    )
    assert edit(below, tmp_path, "polars>=1").after == REQUIREMENTS + "\npolars>=1\n"
    assert edit(below, tmp_path, "idna>=3").after == REQUIREMENTS + ">=3"
    change = edit(below, tmp_path, "attrs>=25")
    assert (change.file, change.after) == ("more.txt", "attrs>=25\ntqdm\n")
    assert path.read_text() == REQUIREMENTS


def test_one_line_of_a_project_changes(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    assert edit(tmp_path, tmp_path, "six>=1.17").after == PYPROJECT.replace("six==1.16.0", "six>=1.17")
    assert edit(tmp_path, tmp_path, "attrs>=25").after == PYPROJECT.replace("attrs>=24", "attrs>=25")
    upgraded = edit(tmp_path, tmp_path, "idna>=3.10").after
    assert upgraded.count("idna") == 1
    assert "idna[all]>=3.10" in upgraded
    assert upgraded.count("sys_platform") == 1
    added = edit(tmp_path, tmp_path, "polars").after
    assert added == PYPROJECT.replace("'win32'\",\n", '\'win32\'",\n  "polars",\n')


CONDA = """\
name: forecast
dependencies:  # ours
  - python=3.11
  - "numpy=1.26"
  - pip
  - pip:
      - six==1.16.0  # why
      - 'idna[all]>=3.10; python_version > "3"'
      - -r more.txt
variables:
"""


@pytest.mark.parametrize(
    ("before", "wanted", "old", "new"),
    [
        (CONDA, "six==1.17.0", "six==1.16.0", "six==1.17.0"),
        (CONDA, "idna>=3.11", "'idna[all]>=3.10; python_version > \"3\"'", 'idna[all]>=3.11; python_version > "3"'),
        (CONDA, "polars>=1", "- -r more.txt\n", "- -r more.txt\n      - polars>=1\n"),
        ("dependencies:\n- python=3.11", "six", "3.11", "3.11\n- pip\n- pip:\n    - six\n"),
        ("dependencies:\n  - pip\n  - a::b\nchannels: [a]\n", "six", "a::b\n", "a::b\n  - pip:\n      - six\n"),
    ],
)
def test_one_line_of_condas_file_changes(tmp_path: Path, before: str, wanted: str, old: str, new: str) -> None:
    (tmp_path / "environment.yml").write_text(before.replace("variables:\n", ""))
    (tmp_path / "more.txt").write_text("toolz==1.0\n")
    change = edit(tmp_path, tmp_path, wanted)
    assert (change.file, change.after) == ("environment.yml", before.replace("variables:\n", "").replace(old, new))


def test_what_of_condas_file_is_edited_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text(CONDA.replace("variables:\n", ""))
    (tmp_path / "more.txt").write_text("toolz==1.0\n")
    change = edit(tmp_path, tmp_path, "toolz>=1")
    assert (change.file, change.after) == ("more.txt", "toolz>=1\n")
    with pytest.raises(Unbuildable, match=r"line 4: numpy=1\.26 is asked of conda"):
        edit(tmp_path, tmp_path, "NumPy>=2")
    for text in ("name: x\n", "dependencies: [python, {pip: [six]}]\n", "dependencies:\n  - pip: [six]\n"):
        (tmp_path / "environment.yml").write_text(text)
        with pytest.raises(Unbuildable) as raised:
            edit(tmp_path, tmp_path, "idna")
        assert raised.value.code == "not_edited"


def test_where_nothing_is_declared_the_base_set_is(tmp_path: Path) -> None:
    change = edit(tmp_path, tmp_path, "polars")
    assert (change.file, change.before) == ("requirements.txt", None)
    assert change.after == "pandas\nnumpy\nmatplotlib\nplotly\npolars\n"


@pytest.mark.parametrize("wanted", ["", "-r x.txt", "--pre", "git+https://example.org/x", "./x", "six=>1", "six\nidna"])
def test_what_is_no_package(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(Invalid) as raised:
        edit(tmp_path, tmp_path, wanted)
    assert raised.value.field == "requirement"


def test_locks_are_left_to_what_writes_them(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("")
    with pytest.raises(Unbuildable) as raised:
        edit(tmp_path, tmp_path, "six")
    assert "uv add" in raised.value.hint


@pytest.mark.parts
async def test_looked_at_then_written(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    project = home.projects / "forecast" / "branch"
    project.mkdir(parents=True)
    main = home.projects / "forecast" / "main"
    main.mkdir()
    for folder in (project, main):
        (folder / "requirements.txt").write_text("six==1.16.0  # old\nidna==3.10\n")
    events = Events()
    events.bind(asyncio.get_running_loop())
    heard: list[str] = []
    events.on(lambda event: heard.append(event.action))
    environments = Environments(home, events, Operations(events))
    environments.base = lambda notebook: ("main", notebook.replace("/branch/", "/main/"))
    notebook = "projects/forecast/branch/n.ipynb"

    with pytest.raises(Unbuildable, match=r"six==99 .*requirements\.txt, line 1|six==99") as raised:
        await asyncio.to_thread(environments.propose, notebook, "six==99")
    assert raised.value.code == "no_such_version"
    proposal = await asyncio.to_thread(environments.propose, notebook, "six==1.17.0")
    assert [(one.name, one.before, one.after) for one in proposal.changes] == [("six", "1.16.0", "1.17.0")]
    assert "-six==1.16.0  # old\n+six==1.17.0  # old\n" in proposal.diff
    assert (project / "requirements.txt").read_text() == "six==1.16.0  # old\nidna==3.10\n"

    (project / "requirements.txt").write_text("six==1.16.0  # older\nidna==3.10\n")
    with pytest.raises(Conflict, match="changed meanwhile"):
        await environments.write(notebook, "six==1.17.0", proposal.version)
    proposal = await asyncio.to_thread(environments.propose, notebook, "six==1.17.0")
    await environments.write(notebook, "six==1.17.0", proposal.version)
    assert (project / "requirements.txt").read_text() == "six==1.17.0  # older\nidna==3.10\n"
    await asyncio.sleep(0)
    assert heard[-1] == "changed"

    with pytest.raises(Conflict, match="not built yet"):
        await asyncio.to_thread(environments.report, notebook)
    await environments.ensure(declare(project, project))
    report = await asyncio.to_thread(environments.report, notebook)
    assert (report.source, report.base, report.accelerator) == ("requirements.txt", "main", "cpu")
    assert [(one.name, one.before, one.after) for one in report.changes] == [("six", "1.16.0", "1.17.0")]
    found = {one.name: one for one in report.packages}
    assert found["six"].asked == "requirements.txt, line 1"
    assert found["ipykernel"].asked == "the kernel"
    assert "ipykernel" in found["traitlets"].required_by
    assert found["traitlets"].asked == ""
    assert all(one.asked or one.required_by for one in report.packages), [
        one.name for one in report.packages if not (one.asked or one.required_by)
    ]
    assert report.bytes > 1_000_000
    (main / "requirements.txt").write_text("-e .\n")
    broken = await asyncio.to_thread(environments.report, notebook)
    assert broken.base_error is not None
    assert broken.base_error.code == "editable"
