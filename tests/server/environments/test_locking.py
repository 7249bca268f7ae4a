"""A lock that a project keeps: written with the versions in use, honoured, and told when it does not fit any more."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from workspace_server.environments.additions import additions
from workspace_server.environments.declaration import declare
from workspace_server.environments.errors import Unbuildable
from workspace_server.environments.locking import _for_others, state, write_up
from workspace_server.environments.service import Environments
from workspace_server.environments.trust import Agreed
from workspace_server.environments.uv import Uv
from workspace_server.kit.errors import Conflict
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.operations import Operations

NOTEBOOK = "projects/forecast/main/n.ipynb"
PINNED = """\
lock-version = "1.0"
created-by = "hand"
requires-python = ">=3.11"

[[packages]]
name = "six"
version = "1.16.0"
wheels = [{ url = "https://example.org/six-1.16.0-py2.py3-none-any.whl", hashes = { sha256 = "HASH" } }]
""".replace("HASH", "a" * 64)


@pytest.mark.parts
async def test_written_honoured_and_out_of_date(home: Home, project: Path) -> None:
    requirements, lock = project / "requirements.txt", project / "pylock.toml"
    requirements.write_text("six==1.16.0  # ours\nidna>=3,<3.10\ncolorama; sys_platform == 'win32'\n")
    environments = Environments(home, Events(), Operations(Events()))
    first = await environments.ensure(declare(project, project))

    def stale() -> list[str]:
        found = environments.status(environments.of_notebook(NOTEBOOK)).lock_file
        assert found is not None
        assert (found.file, found.source) == ("pylock.toml", "requirements.txt")
        return found.stale

    assert environments.status(environments.of_notebook(NOTEBOOK)).lock_file is None
    written = await environments.lock(NOTEBOOK)
    assert written.file == "pylock.toml"
    pins = {one.name: one.after for one in written.changes}
    assert pins.keys() == {"six", "idna", "colorama"}  # Others' platforms too, and nothing of the kernel's.
    content = tomllib.loads(lock.read_text())
    Pylock.from_dict(content)
    assert set(re.findall(r"https?://([^/\"]+)", lock.read_text())) <= {"files.pythonhosted.org", "pypi.org"}

    # It declares the environment from now on, with the very packages that are there: kernels go on in it.
    locked = environments.of_notebook(NOTEBOOK)
    assert (locked.source, locked.also) == ("pylock.toml", ("requirements.txt",))
    assert stale() == []
    second = await environments.ensure(locked)
    assert additions(home, first.id, second).packages == ()

    # What is asked for changes: the lock is honoured still, and it is told.
    text = requirements.read_text()
    requirements.write_text(f"# a comment\n{text}")
    assert stale() == []
    requirements.write_text(text.replace("six==1.16.0", "six>=1.17") + "attrs\n")
    assert stale() == [
        "six>=1.17 (requirements.txt, line 1) does not allow its six 1.16.0.",
        "attrs (requirements.txt, line 4) is not in it.",
    ]
    assert environments.of_notebook(NOTEBOOK).digest == locked.digest
    requirements.write_text("six==1.16.0\n")
    assert stale() == ["requirements.txt has changed since pylock.toml was written."]

    # Written again, nothing moves that need not; newer releases of idna are not taken.
    requirements.write_text(text.replace("six==1.16.0", "six>=1.17").replace(",<3.10", ""))
    again = await environments.lock(NOTEBOOK)
    assert [(one.name, one.before) for one in again.changes] == [("six", "1.16.0")]
    assert stale() == []

    # A package is added to what the lock was made from, and the lock written again with it.
    proposal = await asyncio.to_thread(environments.propose, NOTEBOOK, "iniconfig==2.0.0")
    assert (proposal.file, proposal.lock) == ("requirements.txt", "pylock.toml")
    assert [(one.name, one.after) for one in proposal.changes] == [("iniconfig", "2.0.0")]
    assert "iniconfig" not in lock.read_text() + requirements.read_text()
    await environments.write(NOTEBOOK, "iniconfig==2.0.0", proposal.version)
    assert requirements.read_text().endswith("iniconfig==2.0.0\n")
    assert 'name = "iniconfig"' in lock.read_text()
    assert stale() == []
    built = await environments.ensure(environments.of_notebook(NOTEBOOK))
    assert {one.name: one.version for one in built.packages}["iniconfig"] == "2.0.0"

    # What cannot be met is told as ever, and the lock stays.
    before = lock.read_text()
    requirements.write_text("six==99\n")
    with pytest.raises(Unbuildable, match="No release of six fits six==99"):
        await environments.lock(NOTEBOOK)
    assert lock.read_text() == before


def test_what_is_not_locked(home: Home, project: Path) -> None:
    uv = Uv(home)
    with pytest.raises(Conflict, match="declares nothing"):
        write_up(home, project, project, uv)
    (project / "pylock.toml").write_text(PINNED)
    with pytest.raises(Conflict, match=r"nothing beside pylock\.toml"):
        write_up(home, project, project, uv)
    found = state(project, "pylock.toml", "3.11")
    assert found is not None
    assert (found.source, found.stale) == ("", [])
    line = "--extra-index-url https://example.org/simple"
    (project / "requirements.txt").write_text(f"{line}\nsix\n")
    with pytest.raises(Unbuildable) as raised:
        write_up(home, project, project, uv)
    assert raised.value.consent is not None
    agreed = frozenset({Agreed("index", line, "https://example.org/simple")})
    with pytest.raises(Unbuildable, match="has agreed to for its very lines"):
        write_up(home, project, project, uv, (), agreed)
    (project / "requirements.txt").write_text("six @ git+https://example.org/six\n")
    found = state(project, "pylock.toml", "3.11")
    assert found is not None
    assert "requirements.txt, line 1" in found.stale[0]
    (project / "uv.lock").write_text("")
    with pytest.raises(Conflict, match=r"uv\.lock is the lock"):
        write_up(home, project, project, uv)


def test_a_lock_made_by_others_fits_or_not(project: Path) -> None:
    (project / "pylock.toml").write_text(PINNED)
    (project / "requirements.txt").write_text("six>=1.16\nidna; python_version < '3'\n")
    found = state(project, "pylock.toml", "3.11")
    assert found is not None
    assert (found.source, found.stale) == ("requirements.txt", [])


def test_no_address_of_this_machine_is_written() -> None:
    text = """\
requires-python = ">=3.12"
index = "https://ana:secret@mirror.example.org/simple"
wheels = [{ url = "https://ana:secret@mirror.example.org/files/six-1.17.0-py2.py3-none-any.whl" }]
sdist = { url = "https://mirror.example.org/a/packages/ab/cd/HASH/six-1.17.0.tar.gz" }
""".replace("HASH", "e" * 60)
    assert (
        _for_others(text, "==3.12.*")
        == """\
requires-python = "==3.12.*"
index = "https://pypi.org/simple"
wheels = [{ url = "https://files.pythonhosted.org/packages/py2.py3/s/six/six-1.17.0-py2.py3-none-any.whl" }]
sdist = { url = "https://files.pythonhosted.org/packages/ab/cd/HASH/six-1.17.0.tar.gz" }
""".replace("HASH", "e" * 60)
    )
