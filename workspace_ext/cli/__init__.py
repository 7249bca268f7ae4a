"""The command `atrium`: the operator's verbs run the server's own module, every other is thin over the REST client."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Entry point of the command ``atrium``."""
    os.execv(sys.executable, [sys.executable, "-m", "workspace_server", *sys.argv[1:]])
