"""Every way in which there is no environment, or a wrong one: nothing half-made is left, and what is said is kept word
for word in ``messages.txt``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from uuid import uuid4

import pytest

from tests.fakes.indexes import index, wheel
from tests.fakes.messages import Messages
from workspace_server.environments import build, pythons, room
from workspace_server.environments import lock as locks
from workspace_server.environments.build import build_blocking, inspect, load, restore
from workspace_server.environments.declaration import Declaration, declare
from workspace_server.environments.errors import Offline, Unbuildable
from workspace_server.environments.records import check, site_packages
from workspace_server.environments.service import Environments
from workspace_server.environments.uv import find_uv
from workspace_server.kit.errors import AtriumError, Failed
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.operations import Operations

pytestmark = pytest.mark.parts


def wanted(project: Path, *lines: str) -> Declaration:
    (project / "requirements.txt").write_text("\n".join(lines) + "\n")
    return declare(project, project)


def nothing_is_left(home: Home) -> bool:
    left = [*home.cache.glob("resolve-*"), *home.environments.glob(".building-*")]
    return left == [] and [one for one in home.environments.iterdir() if not one.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("lines", "code", "told"),
    [
        (("numpy", "no-such-package-xyz123>=2"), "unknown_package", ["no-such-package-xyz123", "line 2"]),
        (("six==99.1",), "no_such_version", ["six==99.1", "line 1"]),
        (("six==1.16.0", "numpy", "six>=1.17"), "conflict", ["six==1.16.0", "line 1", "six>=1.17", "line 3"]),
        (("prophet==1.1.5", "numpy<1.15"), "conflict", ["prophet==1.1.5", "line 1", "numpy<1.15", "line 2"]),
        (("ipykernel<6",), "conflict", ["ipykernel<6", "line 1", "the kernel"]),
        (("numpy", "future==0.18.2"), "source_only", ["future", "line 2"]),
        (("tensorflow==1.15",), "wrong_python", ["tensorflow", "line 1"]),
        (("six==1.17.0 --hash=sha256:" + "a" * 64,), "hash_mismatch", ["six"]),
    ],
)  # fmt: skip
def test_what_cannot_be_built_says_why(
    home: Home, project: Path, lines: tuple[str, ...], code: str, told: list[str], messages: Messages
) -> None:
    with pytest.raises(Unbuildable) as raised:
        build_blocking(home, wanted(project, *lines))
    assert raised.value.code == code, raised.value.detail
    for words in told:
        assert words in raised.value.message
    messages.check(" and ".join(lines).partition(" --hash")[0], raised.value)
    assert "://" not in raised.value.detail
    assert nothing_is_left(home)


def test_no_python_for_it(project: Path, messages: Messages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "installed", lambda: {"3.11": ("3.11.7", Path()), "3.9": ("3.9.1", Path())})
    (project / ".python-version").write_text("3.99\n")
    with pytest.raises(Unbuildable) as raised:
        declare(project, project)
    messages.check("Python 3.99 in .python-version", raised.value)


def test_offline(
    home: Home, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, messages: Messages
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://ana:secret@127.0.0.1:9/simple")
    with pytest.raises(Offline) as raised:
        build_blocking(home, wanted(project, "six"))
    messages.check("an index that does not answer", raised.value)
    assert raised.value.detail
    assert "secret" not in raised.value.detail
    assert nothing_is_left(home)


def test_an_index_that_trickles(
    home: Home, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, messages: Messages
) -> None:
    """uv would wait as long as something comes."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setattr(locks, "RESOLVE", 3.0)
    with index({}, trickle=True) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        with pytest.raises(Offline) as raised:
            build_blocking(home, wanted(project, "six"))
    messages.check("an index that trickles", raised.value)
    assert nothing_is_left(home)


FULL = """
import os, sys
from pathlib import Path
from workspace_server.environments.service import build_blocking, declare
from workspace_server.kit.errors import AtriumError
from workspace_server.kit.home import Home
root, home = Path(sys.argv[1]), Home(sys.argv[2])
home.prepare()
# What is kept free is enough for the virtual environment, and not for its packages.
(home.path / "ballast").write_bytes(bytes(int(sys.argv[3]) * 2**20))
try:
    build_blocking(home, declare(root, root))
except AtriumError as error:
    print(error.code, [one.name for one in home.environments.iterdir() if one.name[0] != "." or "building" in one.name])
"""


@pytest.mark.parametrize("ballast", [19, 1])
def test_a_full_disk(project: Path, tmp_path: Path, ballast: int) -> None:
    """A small file system, while it resolves and while it installs."""
    wanted(project, "six==1.17.0")
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=20m tmpfs {small}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    run = f'{mount} && exec "$0" -c "$1" {project} {small}/home {ballast}'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", run, sys.executable, FULL], capture_output=True, text=True, check=False
    )
    assert done.stdout == "disk_full []\n", done.stderr


def test_a_missing_file(home: Home, project: Path, messages: Messages) -> None:
    environment = build_blocking(home, wanted(project, "six==1.17.0"))
    six = site_packages(environment.folder) / "six.py"
    six.parent.chmod(0o755)
    six.unlink()
    with pytest.raises(Failed) as raised:
        check(six.parent, list(environment.packages))
    messages.check("a file that was not installed", raised.value)


def test_changed_after_it_was_published(
    home: Home, project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not served any more, and what was edited does not come back out of uv's cache."""
    monkeypatch.setattr(build, "compile_in_background", lambda *_: None)  # It would hold the environment for a while.
    name = f"atrium_probe_{uuid4().hex}"  # The cache is that of all tests.
    with index(dict([wheel(name, "1.0", "VALUE = 1\n")])) as address:
        monkeypatch.setenv("UV_INDEX", address)
        declaration = wanted(project, name)
        environment = build_blocking(home, declaration)
        module = site_packages(environment.folder) / f"{name}.py"
        assert inspect(home, environment.id) is None

        # A package more, by somebody who does not mind that it is read-only: noticed whenever it is asked for.
        subprocess.run(["chmod", "-R", "u+w", environment.folder], check=True)
        add = [find_uv(), "pip", "install", "-q", "--python", environment.python, "six==1.17.0"]
        subprocess.run(add, check=True, cwd=tmp_path)
        assert load(home, environment.id) is None
        assert build_blocking(home, declaration) == environment
        assert not module.with_name("six.py").exists()

        # A file edited in place: noticed by looking at every file. What runs in it may go on.
        module.chmod(0o644)
        module.write_text("VALUE = 2\n")
        with subprocess.Popen(
            [environment.python, "-c", "print(1, flush=True); input()"], stdin=PIPE, stdout=PIPE, text=True
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "1\n"
            assert list(room.inspect(home)) == [environment.id]
            assert load(home, environment.id) is None
            assert module.exists()
            running.communicate("\n")
        assert "was changed after it was published" in caplog.text
        # Now that nothing does it goes, and comes back.
        assert list(room.inspect(home)) == [environment.id]
        assert not environment.folder.exists()
        assert restore(home, environment.id) == environment
        assert module.read_text() == "VALUE = 1\n"
        assert not room.inspect(home)


def test_a_password_of_the_index_is_nowhere(
    home: Home, project: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in locks, environments, messages, events or logs."""
    caplog.set_level(logging.DEBUG)
    heard: list[str] = []

    async def attempt(*lines: str) -> None:
        events = Events()
        events.bind(asyncio.get_running_loop())
        events.on(lambda event: heard.append(repr(event)))
        operations = Operations(events)
        environments = Environments(home, events, operations)
        declaration = wanted(project, *lines)
        with contextlib.suppress(AtriumError):
            await environments.ensure(declaration)
        heard.extend([repr(operations.list()), repr(environments.status(declaration))])
        heard.append(caplog.text)

    name = f"atrium_probe_{uuid4().hex}"
    with index(dict([wheel(name, "1.0", "VALUE = 1\n")]), password="hunter2") as address:
        monkeypatch.setenv("UV_INDEX", address.replace("//", "//ana:hunter2@"))
        asyncio.run(attempt(name))
        assert room.survey(home).environments
        monkeypatch.setenv("UV_INDEX", address.replace("//", "//ana:wrong-hunter2@"))
        asyncio.run(attempt(f"{name}>=1", "six>99"))
        assert "failed" in heard[-2]
    port = address.split(":")[2].partition("/")[0]
    for file in (path for path in home.path.rglob("*") if path.is_file() and not path.is_symlink()):
        assert b"hunter2" not in file.read_bytes(), file
        assert file.name != "requirements.lock" or port not in file.read_text()
    assert [line for line in heard if "hunter2" in line or f":{port}" in line] == []
