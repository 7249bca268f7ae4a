"""A short run of `make fuzz`. ``ATRIUM_SEED`` repeats one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.server.documents.fuzz import fuzz

SEED = int(os.environ.get("ATRIUM_SEED", str(time.time_ns() % 100_000)))


@pytest.mark.parts
def test_nothing_is_lost_whatever_happens(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    game = fuzz(tmp_path, SEED, 20, 1_000_000)
    assert game.oracle.typed > 20
    print(f"{game.steps} steps, {game.oracle.typed} keys: {dict(game.counts)}")
