"""Atrium's server: a Jupyter Server extension."""

from __future__ import annotations

import os
from typing import Any

# GitPython refuses to be imported where there is no git; the doctor says so in a better way.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .app import AtriumExtension

    return [{"module": "workspace_server", "app": AtriumExtension}]
