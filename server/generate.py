"""`make generate`: what is written from the code and committed. `make check` fails when it drifts.

- ``docs/openapi.json`` from the route tables
- the newest migration, while it has not been released, from the stores
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from workspace_server.app import Atrium
from workspace_server.kit import storage
from workspace_server.kit.home import Home

ROOT = Path(__file__).parent.parent
VERSIONS = Path(storage.__file__).parent / "migrations" / "versions"
UNRELEASED = "0001"


def main() -> int:
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(folder)
        home.prepare()
        atrium = Atrium(home)
        text = json.dumps(atrium.describe(), indent=1, sort_keys=True) + "\n"
        (ROOT / "docs" / "openapi.json").write_text(text)
        _migration(home)
    return 0


def _migration(home: Home) -> None:
    """Write the unreleased migration anew: what the stores need beyond the released ones."""
    for old in VERSIONS.glob(f"{UNRELEASED}_*.py"):
        old.unlink()
    config = Config(stdout=sys.stderr)
    config.set_main_option("script_location", str(VERSIONS.parent))
    with storage.Storage(home.path / "generate.db").engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, "initial", autogenerate=True, rev_id=UNRELEASED)


if __name__ == "__main__":
    sys.exit(main())
