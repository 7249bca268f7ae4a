"""Plain `jupyter lab` loads Atrium, and JupyterLab is as it was when Atrium is removed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from tests.fakes.ports import free_port

ROOT = Path(__file__).parent.parent.parent
TOKEN = "the token that jupyter lab prints"


def test_jupyter_lab_loads_atrium_for_the_one_who_starts_it(tmp_path: Path) -> None:
    with jupyter_lab(Path(sys.executable), tmp_path) as ask:
        assert ask("atrium/api/me")["name"]
        assert ask("atrium/api/projects") == {"projects": []}
        # Jupyter's own root and kernels stay what they were.
        names = {one["name"] for one in ask("api/contents")["content"]}
        assert "mine.txt" in names
        page = ask("lab", decode=False)
        assert "jupyter-atrium" in page
        with pytest.raises(urllib.error.HTTPError) as refusal:
            ask("atrium/api/me", token="")
        assert refusal.value.code == 401
        refusal.value.close()


@pytest.mark.parts
def test_removing_atrium_leaves_jupyterlab_intact(tmp_path: Path) -> None:
    uv = find_uv_bin()
    run: dict[str, Any] = {"check": True, "capture_output": True, "text": True}
    subprocess.run([uv, "build", "-q", "--wheel", "--out-dir", str(tmp_path / "dist"), str(ROOT)], **run)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    subprocess.run([uv, "venv", "-q", str(tmp_path / "venv")], **run)
    python = tmp_path / "venv" / "bin" / "python"
    pip = [uv, "pip"]
    where = ["-q", "--python", str(python)]
    subprocess.run([*pip, "install", *where, "-c", str(ROOT / "tests/requirements.txt"), "jupyterlab"], **run)
    before = _files(tmp_path / "venv")
    subprocess.run([*pip, "install", *where, "-c", str(ROOT / "tests/requirements.txt"), f"{wheel}[server]"], **run)
    with jupyter_lab(python, tmp_path) as ask:
        assert ask("atrium/api/me")["name"]
        assert "jupyter-atrium" in ask("lab", decode=False)
    subprocess.run([*pip, "uninstall", *where, "jupyter-atrium"], **run)
    left = [path for path in _files(tmp_path / "venv") - before if "atrium" in path or "workspace_" in path]
    assert left == []
    with jupyter_lab(python, tmp_path) as ask:
        assert "jupyter-atrium" not in ask("lab", decode=False)
        assert set(ask("api/kernelspecs")["kernelspecs"]) == {"python3"}
        with pytest.raises(urllib.error.HTTPError) as gone:
            ask("atrium/api/me")
        assert gone.value.code == 404
        gone.value.close()


@contextlib.contextmanager
def jupyter_lab(python: Path, folder: Path) -> Iterator[Any]:
    """Run plain `jupyter lab` on a folder with one file; yields a function that asks it."""
    root = folder / "root"
    root.mkdir(exist_ok=True)
    (root / "mine.txt").touch()
    port = free_port()
    env = {
        **os.environ,
        # `jupyter lab` runs the first `jupyter-lab` on the path.
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "ATRIUM_HOME": str(folder / "home"),
        "JUPYTER_TOKEN": TOKEN,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    with (folder / "lab.log").open("ab") as log:
        process = subprocess.Popen(
            [str(python), "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1"],
            cwd=root, env=env, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def ask(path: str, token: str = TOKEN, decode: bool = True) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}")
        if token:
            request.add_header("Authorization", f"token {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
        return json.loads(text) if decode else text

    try:
        deadline = time.monotonic() + 90
        while True:
            assert process.poll() is None, (folder / "lab.log").read_text()[-3000:]
            assert time.monotonic() < deadline, (folder / "lab.log").read_text()[-3000:]
            with contextlib.suppress(OSError):
                ask("api")
                break
            time.sleep(0.2)
        yield ask
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _files(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in files}
