"""What packages bring, and what a kernel that has loaded something does not take."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from workspace_server.environments.additions import modules_of
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
    assert (sys.path[:], sys.prefix) == before
