"""The SSH hosts that a home trusts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workspace_server.kit.errors import Invalid, Unavailable
from workspace_server.projects.credentials import known_hosts


@pytest.fixture
def line(tmp_path: Path) -> str:
    """A host's key, as ssh-keyscan prints it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "host")], check=True)
    return f"[git.example.org]:2222 {' '.join((tmp_path / 'host.pub').read_text().split()[:2])}"


def test_a_host_is_known_to_ssh_once_it_is_trusted(tmp_path: Path, line: str) -> None:
    shown = known_hosts.fingerprints([line])
    assert "SHA256:" in shown
    assert "ED25519" in shown
    file = tmp_path / "known_hosts"
    file.write_text("other.example.org ssh-ed25519 AAAA")
    known_hosts.trust(tmp_path, [line])
    known_hosts.trust(tmp_path, [line])
    assert file.read_text().splitlines() == ["other.example.org ssh-ed25519 AAAA", line]
    found = subprocess.run(
        ["ssh-keygen", "-F", "[git.example.org]:2222", "-f", str(file)], capture_output=True, text=True
    )
    assert line in found.stdout


@pytest.mark.parametrize("address", ["", "-oProxyCommand=x", "a b", "host:x", "host;id", "host/path"])
def test_what_is_no_host_is_not_asked(address: str) -> None:
    with pytest.raises(Invalid):
        known_hosts.scan(address)


def test_a_host_that_shows_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="shows no SSH key"):
        known_hosts.scan("127.0.0.1:1")
    done = subprocess.run(
        [sys.executable, "-m", "workspace_server", "trust-host", "127.0.0.1:1", "--home", str(tmp_path / "home")],
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1
    assert "127.0.0.1:1 shows no SSH key" in done.stderr
    assert not (tmp_path / "home" / "settings" / "known_hosts").exists()
