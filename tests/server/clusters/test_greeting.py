"""What listens at an address, by what it says."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.clusters.helpers import serving
from workspace_server.clusters.greeting import GREETING_SECONDS, greet
from workspace_server.environments.declaration import declare
from workspace_server.kit.errors import Conflict

# An empty frame of the type with which every HTTP/2 server begins.
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@contextlib.contextmanager
def hanging_up(times: int | None) -> Iterator[str]:
    """A Spark Connect server, by its first word, that hangs up on so many first; on everybody with None."""

    def greet(caller: socket.socket) -> None:
        nonlocal times
        with caller:
            if times == 0:
                caller.sendall(SETTINGS)
                caller.recv(1024)
            elif times is not None:
                times -= 1

    with serving(greet) as port:
        yield f"sc://127.0.0.1:{port}"


def test_one_that_is_starting_is_asked_again(tmp_path: Path) -> None:
    with hanging_up(3) as address:
        greet("spark", address, declare(tmp_path, tmp_path))


def test_who_never_says_a_word_is_refused_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with hanging_up(None) as address, pytest.raises(Conflict) as refused:
        greet("spark", address, declare(tmp_path, tmp_path))
    assert refused.value.code == "not_spark"
    assert time.monotonic() - began < GREETING_SECONDS + 1
