"""Loaded by every Python that a test's server starts: those reach no further than this machine either."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("atrium_test_network", Path(__file__).parent.parent / "network.py")
assert _spec is not None
assert _spec.loader is not None
_network = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_network)
_network.block()
