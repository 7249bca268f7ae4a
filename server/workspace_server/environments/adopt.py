"""Runs in kernels, which are sent it as text: one goes on in an environment with more in it.

Needs the standard library only, and leaves no trace in the person's names.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import site
import sys
from pathlib import Path


def adopt(
    before: tuple[str, str], after: tuple[str, str], lease: str, modules: dict[str, str], plugs: dict[str, str]
) -> str:
    """Go on in another environment.

    Parameters
    ----------
    before, after
        Each one's folder and site-packages.
    lease
        The file by which what runs in ``after`` holds it.
    modules, plugs
        See :class:`workspace_server.environments.additions.Additions`.

    Returns
    -------
    str
        "" once that is so. Otherwise why it is not, and nothing has changed.
    """
    why = _loaded(modules, plugs) or _children()
    if why:
        return why
    if sys.prefix != before[0] or before[1] not in sys.path:
        return "its sys.path does not lead to its environment any more"
    try:
        # Never closed: held like the one before, which goes on being held, as what is loaded lies there.
        fcntl.flock(os.open(lease, os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_SH)
        Path(after[0], ".ready").stat()
    except OSError as error:
        return f"the new environment cannot be held ({error.strerror})"
    kept = sys.path[:], dict(os.environ), sys.prefix, sys.exec_prefix, sys.executable
    try:
        _go(before, after)
    except BaseException as error:
        sys.path[:], _, sys.prefix, sys.exec_prefix, sys.executable = kept
        os.environ.update(kept[1])
        for name in os.environ.keys() - kept[1].keys():
            del os.environ[name]
        _look_again()
        return f"{type(error).__name__} while it was moved"
    return ""


def _go(before: tuple[str, str], after: tuple[str, str]) -> None:
    def there(text: str) -> str:
        for old, new in zip(reversed(before), reversed(after), strict=True):
            if text == old or text.startswith(old + os.sep):
                return new + text[len(old) :]
        return text

    sys.path[:] = [there(entry) for entry in sys.path]
    sys.prefix, sys.exec_prefix, sys.executable = map(there, (sys.prefix, sys.exec_prefix, sys.executable))
    site.PREFIXES[:] = [there(prefix) for prefix in site.PREFIXES]
    os.environ["PATH"] = os.pathsep.join(map(there, os.environ.get("PATH", "").split(os.pathsep)))
    os.environ["VIRTUAL_ENV"] = after[0]
    for name in {"CONDA_PREFIX", "ATRIUM_CONDA"}.intersection(os.environ):
        os.environ[name] = after[0]
    if (spawn := sys.modules.get("multiprocessing.spawn")) is not None:
        spawn.set_executable(sys.executable)
    _look_again()


def _look_again() -> None:
    importlib.invalidate_caches()
    if (sysconfig := sys.modules.get("sysconfig")) is not None:
        importlib.reload(sysconfig)  # It remembers the prefix.


def _loaded(modules: dict[str, str], plugs: dict[str, str]) -> str:
    """What is loaded already does not change any more, nor look for plug-ins again."""
    for name, package in modules.items():
        if name in sys.modules:
            return f"{package} brings {name}, which is loaded already from elsewhere"
        parts = name.split(".")
        for parent in (".".join(parts[:count]) for count in range(1, len(parts))):
            # Only a folder that several packages share looks for more of itself.
            if getattr(sys.modules.get(parent), "__file__", None) is not None:
                return f"{package} adds to {parent}, which is loaded already"
    for name, package in plugs.items():
        if name in sys.modules:
            return f"{package} registers itself with {name}, which is loaded already"
    return ""


def _children() -> str:
    """Processes that were started for this kernel's work stay where they are."""
    if (multiprocessing := sys.modules.get("multiprocessing")) is None:
        return ""
    count = len(multiprocessing.active_children())
    run = "process that it started still runs" if count == 1 else "processes that it started still run"
    return f"{count} {run} in the old one" if count else ""
