"""The network around the server is closed to what people clone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from tests.fakes.remotes import allow
from tests.server.projects.conftest import Room
from workspace_server.kit.errors import AtriumError
from workspace_server.projects.git.command import Git
from workspace_server.projects.hosts.http import INSIDE, OUTSIDE
from workspace_server.projects.reach import held_to, is_public, named_by_operator


class Listener:
    """Takes connections, counts them, and hangs up."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name server says, in this process."""
    said: dict[str, list[str]] = {}

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host not in said:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in said[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return said


@pytest.mark.parametrize(
    "address", ["140.82.121.3", "2606:50c0:8000::153", "64:ff9b::8c52:7903", "::ffff:140.82.121.3"]
)
def test_the_world(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fd00:ec2::254",
    ],
)  # fmt: skip
def test_the_network_around(address: str) -> None:
    assert not is_public(address)


def test_a_name_is_held_to_the_addresses_that_were_looked_at(names: dict[str, list[str]]) -> None:
    names["git.example.org"] = ["140.82.121.3", "2606:50c0:8000::153"]
    names["140.82.121.3"] = ["140.82.121.3"]
    assert held_to("https://git.example.org/a.git") == "git.example.org:443:140.82.121.3,[2606:50c0:8000::153]"
    assert held_to("https://git.example.org:8443/a").startswith("git.example.org:8443:")
    assert held_to("https://140.82.121.3/a") == ""


@pytest.mark.parametrize("found", [["10.0.0.5"], ["140.82.121.3", "127.0.0.1"]])
def test_a_name_of_the_network_around_is_refused_with_the_mend(names: dict[str, list[str]], found: list[str]) -> None:
    names["git.corp.example"] = found
    with pytest.raises(AtriumError) as error:
        held_to("https://git.corp.example:8443/a.git")
    assert error.value.code == "private_address"
    assert "git.corp.example (" in error.value.message
    assert '"https://git.corp.example:8443/" to settings/allowed-remotes.json' in error.value.hint


def test_the_operator_names_hosts() -> None:
    allowed = ["https://git.corp.example/", "https://10.0.0.5:8443/team/a.git"]
    assert named_by_operator("https://git.corp.example/team/b.git", allowed)
    assert named_by_operator("https://10.0.0.5:8443/team/b.git", allowed)
    for other in (
        "https://git.corp.example:444/b",
        "https://10.0.0.5/b",
        "https://evil.git.corp.example/b",
        "file:///b",
    ):
        assert not named_by_operator(other, [*allowed, "file:///b"])


async def test_nothing_around_is_asked_for_a_clone(room: Room, listener: Listener) -> None:
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        with pytest.raises(AtriumError) as error:
            await room.clone(f"https://{host}:{listener.port}/a.git")
        assert error.value.code == "private_address", host
    assert listener.connections == 0

    allow(room.home.path, f"https://127.0.0.1:{listener.port}/")
    with pytest.raises(AtriumError) as error:
        await room.clone(f"https://127.0.0.1:{listener.port}/a.git")
    assert error.value.code != "private_address"
    assert listener.connections > 0


def test_git_does_not_look_a_name_up_again(listener: Listener, tmp_path: Path) -> None:
    url = f"https://rebound.invalid:{listener.port}/a.git"
    git = Git(tmp_path, tmp_path, url=url, held_to=f"rebound.invalid:{listener.port}:127.0.0.1")
    with pytest.raises(AtriumError):
        git.run("ls-remote", url)
    assert listener.connections > 0


def test_neither_do_the_apis_of_hosts_and_of_large_files_lead_there(
    listener: Listener, names: dict[str, list[str]]
) -> None:
    names |= {"127.0.0.1": ["127.0.0.1"], "rebound.example": ["127.0.0.1"]}
    for host in ("127.0.0.1", "rebound.example"):
        with pytest.raises(AtriumError) as error:
            OUTSIDE.open(f"https://{host}:{listener.port}/x", timeout=5)
        assert error.value.code == "private_address"
        with pytest.raises(URLError):
            OUTSIDE.open(f"http://{host}:{listener.port}/x", timeout=5)
    assert listener.connections == 0
    with pytest.raises(OSError, match=r"."):
        INSIDE.open(f"https://127.0.0.1:{listener.port}/x", timeout=5)
    assert listener.connections == 1
