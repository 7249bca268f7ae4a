"""The SSH hosts that this home trusts: ``settings/known_hosts``, which an operator alone writes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from ...kit.errors import Invalid, Unavailable

SECONDS = 15


def scan(address: str) -> list[str]:
    """The keys that ``host`` or ``host:port`` shows now, as lines of a known_hosts file.

    Raises
    ------
    Invalid
        It is no host.
    Unavailable
        It shows none.
    """
    match = re.fullmatch(r"(?:ssh://)?([A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?", address)
    if match is None:
        raise Invalid("invalid_host", f"{address!r} is not a host.", "It looks like github.com, or host:2222.")
    host, port = match[1].strip("[]"), match[2] or "22"
    command = ["ssh-keyscan", "-T", str(SECONDS - 5), "-p", port, "-t", "ed25519,ecdsa,rsa", host]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise Unavailable("no_ssh", "There is no ssh-keyscan on this machine.", "Install OpenSSH's client.") from None
    except subprocess.TimeoutExpired:
        raise _silent(address) from None
    lines = [line for line in shown.stdout.splitlines() if line and not line.startswith("#")]
    if not lines:
        raise _silent(address)
    return lines


def fingerprints(lines: list[str]) -> str:
    """What the host's own documentation shows of these keys, one a line."""
    command = ["ssh-keygen", "-l", "-f", "-"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return done.stdout.strip()


def trust(settings: Path, lines: list[str]) -> None:
    """Add keys that somebody has compared."""
    file = settings / "known_hosts"
    there = file.read_text() if file.exists() else ""
    known = set(there.splitlines())
    new = [line for line in lines if line not in known]
    if new:
        with file.open("a") as opened:
            opened.write(("" if there.endswith("\n") or not there else "\n") + "\n".join(new) + "\n")


def _silent(address: str) -> Unavailable:
    return Unavailable("unreachable", f"{address} shows no SSH key.", "Check the host, its port and the network.")
