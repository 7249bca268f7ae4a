"""Atrium's server: a Jupyter Server extension."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .app import AtriumExtension

    return [{"module": "workspace_server", "app": AtriumExtension}]
