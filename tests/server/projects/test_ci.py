"""The workflow files of docs/production.md: their command lines, in a shell, against a real workspace."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fakes.remotes import Remote, allow, git, notebook
from tests.fakes.servers import Server, start_server

pytestmark = pytest.mark.parts
DOCUMENT = Path(__file__).parents[3] / "docs" / "production.md"


def steps(job: str) -> dict[str, list[str]]:
    """The command lines of a job, by the variable that holds the commit: GitHub's, then GitLab's.

    All but the installation, which is checked here: what the tests run on has these packages already.
    """
    github, gitlab = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.S))
    found = {
        "GITHUB_SHA": [step["run"] for step in github["jobs"][job]["steps"] if "run" in step],
        "CI_COMMIT_SHA": gitlab[job]["script"],
    }
    for lines in found.values():
        assert lines.pop(0).startswith("pip install jupyter-atrium")
    return found


def shell(lines: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As a CI system runs them: one after the other until one fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)], cwd=folder, env={**os.environ, "PATH": path, **environment},
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    sources = ("import workspace_ext as ws", "n = ws.widgets.dropdown('n', ['1', '2'])", "print(n)")
    return Remote(tmp_path_factory.mktemp("ci") / "remote", files={"forecast.ipynb": notebook(*sources)})


@pytest.fixture(scope="module")
def server(remote: Remote) -> Iterator[Server]:
    home = remote.path.parent.parent / "home"
    allow(home, remote.url)
    with start_server(home, ATRIUM_POLL_SECONDS="3600") as server:
        server.wait(server.api("POST", "/projects", {"url": remote.url}))
        yield server


@pytest.mark.parametrize("commit", ["GITHUB_SHA", "CI_COMMIT_SHA"])
def test_notebooks_are_tested_where_there_is_no_workspace(commit: str, remote: Remote, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(remote.path), "checkout")
    lines = steps("notebooks")[commit]
    done = shell(lines, tmp_path / "checkout", ATRIUM_TABLES=str(tmp_path / "tables"))
    assert done.returncode == 0, done.stderr
    assert "1\\n" in (tmp_path / "checkout" / "executed" / "forecast.ipynb").read_text()
    (tmp_path / "checkout" / "forecast.ipynb").write_text(notebook("1 / 0"))
    failed = shell(lines, tmp_path / "checkout", ATRIUM_TABLES=str(tmp_path / "tables"))
    assert failed.returncode != 0
    assert "ZeroDivisionError" in failed.stderr


@pytest.mark.parametrize("commit", ["GITHUB_SHA", "CI_COMMIT_SHA"])
def test_production_is_waited_for_and_run(commit: str, remote: Remote, server: Server, tmp_path: Path) -> None:
    sha = remote.push({"commit.txt": commit})
    told = {"ATRIUM_URL": server.url, "ATRIUM_TOKEN": server.tokens["ana"]}
    done = shell(steps("production")[commit], tmp_path, **told, **{commit: sha})
    assert done.returncode == 0, done.stderr
    assert sha in done.stdout
    assert "succeeded" in done.stdout
