"""What packages bring, and what a kernel that has loaded something does not take."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from workspace_server.environments.additions import NotAdditive, _check, modules_of
from workspace_server.environments.adopt import adopt


def test_what_can_be_imported() -> None:
    files = [
        "six.py", "six-1.17.0.dist-info/RECORD", "../../../bin/tool", "tqdm/__init__.py", "tqdm/contrib/__init__.py",
        "google/cloud/storage/__init__.py", "google/cloud/storage/blob.py", "google/api/http.py", "google/api/x.proto",
        "fast.cpython-311-x86_64-linux-gnu.so", "numpy.libs/libopenblas.so", "share/some-thing/run.py",
    ]  # fmt: skip
    assert modules_of(files) == {"six", "tqdm", "google.cloud.storage", "google.api.http", "fast"}


def test_what_is_loaded_does_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    regular, shared = ModuleType("whole"), ModuleType("shared")
    regular.__file__ = "/somewhere/whole/__init__.py"
    monkeypatch.setitem(sys.modules, "whole", regular)
    monkeypatch.setitem(sys.modules, "shared", shared)
    before = sys.path[:], sys.prefix

    def why(modules: dict[str, str], plugs: dict[str, str]) -> str:
        return adopt(("/old", "/old/site"), ("/new", "/new/site"), "/nowhere/lease", modules, plugs)

    assert why({"whole": "other"}, {}) == "other brings whole, which is loaded already from elsewhere"
    assert why({"whole.more": "other"}, {}) == "other adds to whole, which is loaded already"
    assert why({}, {"whole": "other"}) == "other registers itself with whole, which is loaded already"
    # This is no kernel in its environment; what is shared between packages would be no obstacle.
    assert why({"shared.more": "other"}, {"absent": "other"}).startswith("its sys.path does not lead")
    with multiprocessing.get_context("spawn").Pool(1):
        assert why({}, {}) == "1 process that it started still runs in the old one"
    assert (sys.path[:], sys.prefix) == before


def test_a_move_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (sys.prefix, next(one for one in sys.path if one.endswith("site-packages"))), (str(tmp_path), "/new")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    before = sys.path[:], sys.prefix, sys.executable, dict(os.environ)
    assert adopt(old, new, "/nowhere/lease", {}, {}).startswith("the new environment cannot be held")
    assert adopt(old, new, str(tmp_path / "lease"), {}, {}).startswith("the new environment cannot be held")
    (tmp_path / ".ready").touch()
    monkeypatch.setattr(importlib, "invalidate_caches", Interrupted())
    assert adopt(old, new, str(tmp_path / "lease"), {}, {}) == "KeyboardInterrupt while it was moved"
    assert (sys.path[:], sys.prefix, sys.executable, dict(os.environ)) == before


class Interrupted:
    """Interrupted the first time, as a person may press stop at any moment."""

    def __init__(self) -> None:
        self.called = False

    def __call__(self) -> None:
        if not self.called:
            self.called = True
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (["tool.pth", "tool/__init__.py"], r"tool acts when Python starts \(tool.pth\)"),
        (["sitecustomize.py"], r"tool acts when Python starts \(sitecustomize\)"),
        (["pandas.py"], "tool brings pandas, which another package brings, too"),
        (["share/x.txt"], "tool brings share/x.txt, which another package brings, too"),
        (["tool/__init__.py", "../../../bin/x"], ""),
    ],
)
def test_what_is_no_addition(files: list[str], why: str) -> None:
    theirs = {"pandas/__init__.py", "share/x.txt", "../../../bin/x"}

    def check() -> None:
        _check("tool", files, modules_of(files), theirs, modules_of(theirs))

    if not why:
        check()
        return
    with pytest.raises(NotAdditive, match=why):
        check()
