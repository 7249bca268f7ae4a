"""`atrium doctor` says what is missing, and the command that mends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def doctor(home: Path, **environment: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "workspace_server", "doctor", "--json", "--home", str(home)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, {finding["what"]: finding for finding in json.loads(done.stdout)}


def test_what_is_there_and_what_is_missing(tmp_path: Path) -> None:
    status, found = doctor(tmp_path / "home")
    assert status == 0
    assert {name for name, finding in found.items() if finding["state"] == "missing"} == set()
    assert found["server extension"]["state"] == "ok"

    (tmp_path / "empty").mkdir()
    status, found = doctor(tmp_path / "home", PATH=str(tmp_path / "empty"))
    assert status == 1
    assert (found["git"]["state"], found["git"]["mend"]) == ("missing", "apt-get install git")
    assert found["Java"]["state"] == "optional"
    assert "apt-get install default-jre-headless" in found["Java"]["mend"]

    (tmp_path / "file").touch()
    status, found = doctor(tmp_path / "file" / "home")
    assert status == 1
    assert found["home"]["state"] == "missing"
    assert "--home" in found["home"]["mend"]
