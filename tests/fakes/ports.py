"""Ports for servers that have to be told theirs before they start."""

from __future__ import annotations

import random
import socket

# Below what the kernel hands out to connections and to whoever asks for any port: between the look and the start of the
# server another test's connection would take one of those now and then.
RANGE = range(12_000, 32_000)
TRIES = 100


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    for _ in range(TRIES):
        port = random.choice(RANGE)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no free port in {TRIES} tries")
