"""Atrium's server: a Jupyter Server extension."""

from __future__ import annotations

import os
import sys
from typing import Any

# GitPython refuses to be imported where there is no git; the doctor says so in a better way.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

# Importing jsonschema compiles a grammar for a second and a half, for a format ("iri") that no schema here has. It does
# without where it is not there.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .app import AtriumExtension

    return [{"module": "workspace_server", "app": AtriumExtension}]
