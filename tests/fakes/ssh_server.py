"""OpenSSH's server on a port of its own, which lets in whoever has one of the keys it is told of."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .ports import free_port


@dataclass
class SshServer:
    """``login`` is the account's name; ``authorized`` the file of public keys, read anew for each connection."""

    folder: Path
    port: int
    login: str
    authorized: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, repository: Path) -> str:
        return f"ssh://{self.login}@{self.host}{repository}"

    def allow(self, *keys: Path) -> None:
        """Let in whoever has these private keys, and nobody else."""
        self.authorized.write_text("".join(key.with_suffix(".pub").read_text() for key in keys))

    def log(self) -> str:
        return (self.folder / "sshd.log").read_text()


def new_key(file: Path) -> Path:
    """A private key without a passphrase; its public half is beside it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    return file


@contextlib.contextmanager
def ssh_server(folder: Path, **variables: str) -> Iterator[SshServer]:
    """Serve until the ``with`` ends; who signs in has these environment variables."""
    folder.mkdir()
    folder.chmod(0o755)
    sshd = shutil.which("sshd") or "/usr/sbin/sshd"
    port = free_port()
    server = SshServer(folder, port, pwd.getpwuid(os.getuid()).pw_name, folder / "authorized_keys")
    server.allow()
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {new_key(folder / 'host')}\nPidFile none\n"
        f"AuthorizedKeysFile {server.authorized}\nStrictModes no\nPasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\nPermitRootLogin yes\nUsePAM no\n"
        + (f"SetEnv {' '.join(f'{name}={value}' for name, value in variables.items())}\n" if variables else "")
    )
    if os.getuid() == 0:
        # Where it puts itself before anybody has signed in.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    process = subprocess.Popen([sshd, "-D", "-f", str(config), "-E", str(folder / "sshd.log")])
    try:
        _listens(process, port)
        yield server
    finally:
        process.terminate()
        process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, "sshd ended"
        assert time.monotonic() < deadline, "sshd does not listen"
        time.sleep(0.05)
