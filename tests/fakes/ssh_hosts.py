"""Hosts that take SSH connections: each with a home and commands of its own, and nothing shared but the package cache,
which stands for an index nearby."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
from uv import find_uv_bin

from .homes import kill_all_of, processes_of
from .ssh_server import SshServer, ssh_server

# Of whoever runs the tests: for its packages, and what uv is told of the index.
KEPT = ("UV_", "SSL_CERT_", "HTTP", "http", "NO_PROXY", "no_proxy")


class SshHost:
    """``server`` is its sshd, ``home`` the folder of whoever signs in."""

    def __init__(self, server: SshServer, home: Path, commands: Path) -> None:
        self.server = server
        self.home = home
        self._uv = commands / "uv"
        self.find_uv()

    @property
    def url(self) -> str:
        return f"ssh://{self.server.login}@{self.server.host}"

    def find_uv(self) -> None:
        """It has one again."""
        self._uv.symlink_to(find_uv_bin())

    def lose_uv(self) -> None:
        """As a machine that never had one."""
        self._uv.unlink()

    def environments(self) -> list[str]:
        """Those that it holds whole."""
        return sorted(ready.parent.name for ready in (self.home / ".cache" / "atrium").glob("*/.ready"))

    def forget(self, environment: str) -> None:
        """It holds that one no more."""
        shutil.rmtree(self.home / ".cache" / "atrium" / environment, ignore_errors=True)

    def processes(self, command: str = "") -> list[psutil.Process]:
        """What runs there for whoever has signed in, with that in its command line."""
        found = []
        for process in processes_of(self.home):
            with contextlib.suppress(psutil.Error):
                if command in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def left(self) -> list[str]:
        """Files of workers that have gone."""
        return sorted(path.name for path in (self.home / "tmp").iterdir())

    def kill(self) -> None:
        """As a machine that loses its power, and is back at once."""
        kill_all_of(self.home)


@contextlib.contextmanager
def ssh_host(folder: Path, number: int) -> Iterator[SshHost]:
    """One that runs until the ``with`` ends, with a processor of its own where there are enough."""
    home, commands = folder / "home", folder / "commands"
    for made in (home / "tmp", commands):
        made.mkdir(parents=True)
    # What a shell says where one signs in, and what lies around there, is nobody's business.
    (home / ".bashrc").write_text("echo Welcome\n")
    (home / "json.py").write_text("raise SystemExit('not this one')\n")
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    # By a name of its own: beside the real one there may be a uv.
    python = commands / name
    python.symlink_to(Path(sys.base_prefix, "bin", name).resolve())
    processors = sorted(os.sched_getaffinity(0))
    bound = commands / "python3"
    bound.write_text(f'#!/bin/sh\nexec taskset -c {processors[number % len(processors)]} {python} "$@"\n')
    bound.chmod(0o755)
    # Whatever has a uv beside it is left out: that of its own goes when a test says so.
    path = [str(commands), *(one for one in os.defpath.split(os.pathsep) if one and not Path(one, "uv").exists())]
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    variables = {**kept, "HOME": str(home), "TMPDIR": str(home / "tmp"), "UV_PYTHON_DOWNLOADS": "never"}
    with ssh_server(folder / "sshd", **variables, PATH=os.pathsep.join(path)) as server:
        host = SshHost(server, home, commands)
        try:
            yield host
        finally:
            host.kill()
