"""OpenSSH as the person who made a cluster: with one key of theirs, and only to hosts that this home trusts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from workspace_ext.errors import ClusterError

NO_SSH = "There is no OpenSSH client on the machine of the workspace."

# For git as well. No config of the account's: what is not said here does not happen.
CONFINED = (
    "ssh", "-F", "/dev/null", "-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oPermitLocalCommand=no",
    "-oProxyCommand=none", "-oServerAliveInterval=15",
)  # fmt: skip
_OPTIONS = ("-T", "-oConnectTimeout=15", "-oServerAliveCountMax=3", "-oLogLevel=ERROR")

# Where uv's own installer puts it; a shell that nobody has logged in to rarely looks there.
PATHS = 'PATH="$HOME/.local/bin:$PATH"; export PATH; '

# With which ssh itself ends where it could not do what it was to.
_FAILED = 255
# What it says then, and what that means of the host.
_MEANINGS = (
    (r"IDENTIFICATION HAS CHANGED", "it shows another key than the one that is trusted: somebody may be in between"),
    (r"Host key verification failed", "its key is not trusted here: the operator adds it, `atrium trust-host {name}`"),
    (r"Permission denied \(", "it does not let you in with the SSH key that you keep for it"),
    (r"Could not resolve hostname", "no machine is known by that name"),
    (r"Connection refused", "nothing listens for SSH there"),
    (r"timed out|No route to host|Network is unreachable", "it cannot be reached"),
)  # fmt: skip


@dataclass(frozen=True)
class Host:
    """A machine that takes SSH connections; ``url`` is ``ssh://user@host`` or with a port."""

    url: str
    user: str
    machine: str
    port: int

    @property
    def name(self) -> str:
        """For a person, and for ``atrium trust-host``."""
        return self.url.partition("@")[2]

    def line(self, known_hosts: str, command: str, *identity: str) -> list[str]:
        """The command line that runs ``command`` there, in a POSIX shell; the options ``identity`` say the key."""
        return [
            *CONFINED, *_OPTIONS, option("UserKnownHostsFile", known_hosts), *identity,
            "-p", str(self.port), "-l", self.user, "--", self.machine,
            shlex.join(["sh", "-c", PATHS + command]),
        ]  # fmt: skip

    def meaning(self, status: int, said: str) -> str:
        """What it means that ssh, or the command there, ended with that status and these words."""
        for pattern, meaning in _MEANINGS if status == _FAILED else ():
            if re.search(pattern, said):
                return meaning.format(name=self.name)
        if re.search("python3: .*not found", said):
            return "it has no python3"
        lines = said.strip().splitlines()
        return lines[-1][:300] if lines else "it hung up"


_ONE = re.compile(r"([A-Za-z_][\w.-]*)@([A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?")


def hosts_of(address: str) -> list[Host]:
    """The hosts of a cluster's address, ``ssh://ana@10.0.0.2,ana@10.0.0.3:2222``, each once.

    Raises:
        ValueError: One of them is none; the text is that one.
    """
    found: dict[Host, None] = {}
    for one in re.split(r"[\s,]+", address.strip()):
        if not (bare := re.sub("^ssh://", "", one, flags=re.IGNORECASE).rstrip("/")):
            continue
        match = _ONE.fullmatch(bare)
        if match is None or int(match[3] or 22) > 65535:
            raise ValueError(bare)
        user, machine, port = match[1], match[2].lower(), match[3] or "22"
        url = f"ssh://{user}@{machine}" + (f":{port}" if port != "22" else "")
        found[Host(url, user, machine.strip("[]"), int(port))] = None
    return list(found)


def option(name: str, path: Path | str) -> str:
    """An option of ssh that is a path, whatever is in it."""
    quoted = str(path).replace("%", "%%")
    return f'-o{name}="{quoted}"'


def by_file(key: Path | str) -> tuple[str, ...]:
    """The options that say a key which is in a file."""
    return option("IdentityFile", key), "-oIdentitiesOnly=yes", "-oIdentityAgent=none"


@contextlib.asynccontextmanager
async def agent(key: str) -> AsyncIterator[tuple[str, ...]]:
    """Hold a key in memory, in an agent of its own that ends with this process; yields the options that say it.

    Raises:
        ClusterError: There is no OpenSSH here.
        OSError: The key cannot be used.
    """
    # A socket's path may not be long.
    folder = tempfile.mkdtemp(prefix="atrium-agent-")
    socket = f"{folder}/agent"
    # It ends when the command does, and that when the pipe to it is closed: also when this process is killed.
    try:
        holding = await asyncio.create_subprocess_exec(
            "ssh-agent", "-a", socket, "cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    except FileNotFoundError:
        Path(folder).rmdir()
        raise ClusterError(NO_SSH) from None
    try:
        while not Path(socket).exists() and holding.returncode is None:
            await asyncio.sleep(0.02)
        if holding.returncode is not None:
            raise OSError(f"no SSH agent could be started in {folder}")
        adding = await asyncio.create_subprocess_exec(
            "ssh-add", "-q", "-", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "SSH_AUTH_SOCK": socket},
        )  # fmt: skip
        _, said = await adding.communicate(f"{key.rstrip()}\n".encode())
        del key
        if adding.returncode != 0:
            raise OSError(f"the SSH key cannot be used: {said.decode(errors='replace').strip()}")
        yield option("IdentityAgent", socket), "-oIdentityFile=none"
    finally:
        if holding.stdin is not None:
            holding.stdin.close()
        await holding.wait()
        shutil.rmtree(folder, ignore_errors=True)
