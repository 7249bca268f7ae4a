"""What listens at the address of a cluster that is there already, as far as it says so to whoever connects."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable

from ..environments.service import Declaration
from ..kit.errors import Conflict, Unavailable

GREETING_SECONDS = 5.0
PAUSE = 0.2
LOOK = "Look whether it runs and its address is right."

# Dask says which Python it runs to whoever connects, before anything else: in msgpack, a name and three small numbers.
_GREETING = re.compile(rb"\xa6python\x93([\x00-\x7f])([\x00-\x7f])", re.DOTALL)
_LONGEST = 4096

# What a client of HTTP/2, in which Spark Connect talks, says first; and the type of the frame that is answered.
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_SETTINGS = 4
_FRAME = 9
# What TLS answers to whoever does not speak it: an alert.
_ALERT = b"\x15\x03"


def greet(kind: str, address: str, declaration: Declaration) -> None:
    """Look whether what listens there could be a cluster of that kind for the environment. Takes up to seconds: call it
    from a thread.

    Raises
    ------
    Unavailable, Conflict
        Nothing answers; something else does; it runs another Python, or asks for TLS.
    """
    if kind == "spark":
        _greet_spark(address)
    else:
        _greet_dask(address, declaration)


def _greet_dask(address: str, declaration: Declaration) -> None:
    said = _hear(address, b"", lambda said: len(said) >= _LONGEST or _GREETING.search(said))
    found = _GREETING.search(said)
    if found is None:
        raise Conflict(
            "not_dask",
            f"What listens at {address} is no Dask scheduler.",
            "Write the address that the scheduler says when it starts; one that asks for TLS cannot be used yet.",
        )
    python = f"{found[1][0]}.{found[2][0]}"
    check_python(f"The scheduler at {address}", python, declaration.python)


def check_python(what: str, runs: str, wanted: str) -> None:
    """Raise ``Conflict`` unless both are the same minor version."""
    if runs != wanted:
        raise Conflict(
            "other_python",
            f"{what} runs Python {runs}, this environment Python {wanted}.",
            f"Put {runs} into .python-version beside the notebook.",
        )


def _greet_spark(address: str) -> None:
    """Its own language begins with HTTP/2; the rest is for whoever has pyspark to find out."""
    said = _hear(address, HELLO, lambda said: len(said) >= _FRAME or said.startswith(_ALERT))
    if said.startswith(_ALERT):
        raise Conflict(
            "tls_server",
            f"The server at {address} asks for TLS, which cannot be used yet.",
            "Use one without, in a network of your own.",
        )
    if len(said) < _FRAME or said[3] != _SETTINGS:
        raise Conflict(
            "not_spark",
            f"What listens at {address} is no Spark Connect server.",
            "Write the address of its Connect port, 15002 unless it was told another one.",
        )


def _hear(address: str, hello: bytes, enough: Callable[[bytes], object]) -> bytes:
    """What it answers to that, until it is enough or nothing more comes.

    Who hangs up without a word may be one that is starting, or a proxy before it: asked again while there is time.
    """
    deadline = time.monotonic() + GREETING_SECONDS
    while not (said := _hear_once(address, hello, enough, deadline)) and time.monotonic() + PAUSE < deadline:
        time.sleep(PAUSE)
    return said


def _hear_once(address: str, hello: bytes, enough: Callable[[bytes], object], deadline: float) -> bytes:
    host, _, port = address.partition("://")[2].strip("/").rpartition(":")
    said = b""
    try:
        there = socket.create_connection((host.strip("[]"), int(port)), GREETING_SECONDS)
    except OSError as error:
        raise Unavailable("no_scheduler", _silent(address, error), LOOK) from None
    with there:
        try:
            there.sendall(hello)
            while not enough(said) and (left := deadline - time.monotonic()) > 0:
                there.settimeout(left)
                if not (more := there.recv(_LONGEST)):
                    break
                said += more
        except OSError:
            pass  # What it said until then decides.
    return said


def _silent(address: str, error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"Nothing answers at {address} within {GREETING_SECONDS:.0f} s."
    if isinstance(error, socket.gaierror):
        return f"No machine is known by the name in {address}."
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing listens at {address}."
    return f"{address} cannot be reached: {error.strerror or error}."
