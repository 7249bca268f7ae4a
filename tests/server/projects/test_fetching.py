"""What git refuses is not there afterwards, and is refused again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, git
from workspace_server.kit.errors import AtriumError
from workspace_server.projects.git import fetching
from workspace_server.projects.git.command import Git
from workspace_server.projects.git.remote import HEADS

GOOD = '[submodule "lib"]\n\tpath = lib\n\turl = https://git.example.org/lib.git\n'
BAD = GOOD.replace('"lib"', '"../../hooks"')


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """With a tree so long that git stores the next one as a difference from it."""
    made = Remote(tmp_path / "remote", files={f"file{number}": str(number) for number in range(200)})
    made.push({".gitmodules": GOOD})
    return made


@pytest.fixture
def here(remote: Remote, tmp_path: Path) -> Git:
    made = Git(tmp_path / "here.git", tmp_path, url=remote.url, protocols="file")
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(made.directory))
    fetch(made)
    return made


def fetch(here: Git) -> str:
    fetching.fetch(here, lambda *_: None, "--prune", "--end-of-options", here.url, HEADS)
    return here.commit("refs/remotes/origin/main")


def packs(here: Git) -> set[str]:
    return {each.name for each in (here.directory / "objects" / "pack").glob("pack-*")}


def test_what_is_refused_is_refused_again(here: Git, remote: Remote) -> None:
    good, before = here.commit("refs/remotes/origin/main"), packs(here)
    bad = remote.push({".gitmodules": BAD})
    for _ in range(3):
        with pytest.raises(AtriumError) as refused:
            fetch(here)
        assert refused.value.code == "damaged"
        assert (packs(here), here.commit(bad)) == (before, "")
    assert here.commit("refs/remotes/origin/main") == good
    assert not (here.directory / fetching.NOTE).exists()


def test_killed_before_it_was_thrown_away(here: Git, remote: Remote) -> None:
    before = packs(here)
    bad = remote.push({".gitmodules": BAD})
    (here.directory / fetching.NOTE).write_text(json.dumps(fetching._packs(here)))
    with pytest.raises(AtriumError):
        here.run("fetch", "--end-of-options", here.url, HEADS)
    assert here.commit(bad), "git throws it away by itself by now: is this still needed?"
    with pytest.raises(AtriumError) as refused:
        fetch(here)
    assert refused.value.code == "damaged"
    assert packs(here) == before


def test_what_somebody_packed_meanwhile_stays(here: Git, remote: Remote) -> None:
    (here.directory / fetching.NOTE).write_text(json.dumps(fetching._packs(here)))
    here.run("repack", "-a", "-d", "-q")
    [packed] = fetching._packs(here)
    sha = remote.push({"more.txt": "x"})
    assert fetch(here) == sha
    assert packed in fetching._packs(here)
    here.run("fsck", "--no-dangling")


def test_half_a_note(here: Git, remote: Remote) -> None:
    (here.directory / fetching.NOTE).write_text('["pack-')
    sha = remote.push({"more.txt": "x"})
    assert fetch(here) == sha
