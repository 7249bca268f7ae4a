"""`python -m workspace_server <verb>`: what acts on a home rather than through REST. `atrium` calls it."""

from __future__ import annotations

import sys

from .operator import main

if __name__ == "__main__":
    sys.exit(main())
