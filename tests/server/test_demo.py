"""`atrium demo --check`: the journey over REST, and what it says when a step is broken."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

CHECK = [sys.executable, "-m", "workspace_server", "demo", "--check"]


@pytest.mark.parts
@pytest.mark.timeout(1500)
def test_the_whole_journey() -> None:
    done = subprocess.run(CHECK, capture_output=True, text=True, timeout=1400)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    rows = [line for line in done.stdout.splitlines() if line and line[0].islower()]
    assert len(rows) == 16, done.stdout
    assert "The whole journey, 15 steps" in done.stdout


@pytest.mark.parts
def test_a_broken_step_is_named_and_nothing_is_left() -> None:
    done = subprocess.run([*CHECK, "--break", "branch"], capture_output=True, text=True, timeout=200)
    assert done.returncode == 1
    assert "The journey broke at: branch" in done.stdout
    assert "clone" in done.stdout
    left = [process for process in psutil.process_iter(["cmdline"]) if "/atrium-check-" in str(process.info["cmdline"])]
    assert left == []
