"""`atrium doctor`: what is there, what is missing, and the command that mends it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from .kit.errors import AtriumError
from .kit.home import Home

State = Literal["ok", "optional", "missing"]
DISK_WANTED = 5 * 2**30


@dataclass(frozen=True)
class Finding:
    """``optional``: Atrium runs without it, but not all of it; ``mend`` is a command, or a sentence."""

    what: str
    state: State
    found: str
    mend: str = ""


def examine(home: Home) -> list[Finding]:
    """Look at this machine, this installation and this home. Changes nothing but making the home's folders."""
    return [finding for check in CHECKS for finding in check(home)]


def report(findings: list[Finding], *, as_json: bool = False) -> int:
    """Print the findings; 0 when nothing that Atrium needs is missing."""
    if as_json:
        print(json.dumps([finding.__dict__ for finding in findings], indent=2))
    else:
        mark = {"ok": "ok      ", "optional": "optional", "missing": "MISSING "}
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            print(f"{mark[finding.state]}  {finding.what.ljust(width)}  {finding.found}")
            if finding.state != "ok":
                print(f"{' ' * (width + 12)}-> {finding.mend}")
    return int(any(finding.state == "missing" for finding in findings))


def _python(_: Home) -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if good else "missing", found, "Install Python 3.11 or newer, then `make install`.")


def _programs(_: Home) -> Iterator[Finding]:
    yield _program("git", ["git", "--version"], (2, 30), "missing", "apt-get install git")
    java = "nothing to do: Spark clusters bring a Java of their own   (or apt-get install default-jre-headless)"
    yield _program("Java", ["java", "-version"], (17,), "optional", java)
    yield _program("uv", [_uv(), "--version"], (0, 9), "missing", "pip install 'jupyter-atrium[server]'")


def _uv() -> str:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return "uv"


def _program(what: str, command: list[str], least: tuple[int, ...], lacking: State, mend: str) -> Finding:
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return Finding(what, lacking, "not found", mend)
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", run.stdout + run.stderr)
    if match is None:
        return Finding(what, lacking, "did not say its version", mend)
    numbers = tuple(int(number) for number in match.groups() if number)
    needed = ".".join(map(str, least))
    if numbers < least:
        return Finding(what, lacking, f"{match[0]}, older than {needed}", mend)
    return Finding(what, "ok", match[0])


def _packages(_: Home) -> Iterator[Finding]:
    mend = "pip install 'jupyter-atrium[server]'"
    for name in ("jupyterlab", "jupyter-ydoc", "jupyter-docprovider", "jupyter-collaboration-ui", "papermill"):
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "missing", "not installed", mend)


def _extension(_: Home) -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    def first(paths: list[str], *below: str) -> Path | None:
        return next((path for path in (Path(one).joinpath(*below) for one in paths) if path.exists()), None)

    server = first(jupyter_config_path(), "jupyter_server_config.d", "workspace_server.json")
    lab = first(jupyter_path("labextensions"), "jupyter-atrium", "package.json")
    kernel = first(jupyter_path("kernels"), "atrium-project", "kernel.json")
    mend = "pip install --force-reinstall --no-deps jupyter-atrium   (in a checkout: make install)"
    for what, path in (
        ("server extension", server),
        ("JupyterLab extension", lab),
        ("Project environment kernel", kernel),
    ):
        yield Finding(what, "ok" if path else "missing", str(path or "not installed"), mend)


def _home(home: Home) -> Iterator[Finding]:
    try:
        home.prepare()
    except OSError as error:
        yield Finding("home", "missing", f"{home.path}: {error.strerror}", "Give another folder with --home.")
        return
    yield Finding("home", "ok", str(home.path))
    try:
        home.acquire()
        home.release()
        yield Finding("server", "ok", "none is running on this home")
    except AtriumError as error:
        yield Finding("server", "ok", error.message)
    free = shutil.disk_usage(home.path).free
    state: State = "ok" if free > DISK_WANTED else "optional"
    yield Finding(
        "disk", state, f"{free / 2**30:.0f} GB free", f"Free some space on the disk of {home.path}: 5 GB or more."
    )
    yield _hard_links(home)


def _hard_links(home: Home) -> Finding:
    """Environments are hard links to uv's cache: seconds instead of minutes."""
    probe, twin = home.cache / ".probe", home.environments / ".probe"
    try:
        probe.touch()
        os.link(probe, twin)
        return Finding("hard links", "ok", "environments share files with the cache")
    except OSError as error:
        return Finding(
            "hard links", "optional", f"not possible here ({error.strerror})", "Put --home on a local file system."
        )
    finally:
        probe.unlink(missing_ok=True)
        twin.unlink(missing_ok=True)


CHECKS: list[Callable[[Home], Iterator[Finding]]] = [_python, _programs, _packages, _extension, _home]
