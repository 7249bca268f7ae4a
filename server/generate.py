"""`make generate`: what is written from the code and committed. With ``--check``, fails when that has drifted.

- ``docs/openapi.json`` from the route tables
- the newest migration, while it has not been released, from the stores
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from workspace_server.app import Atrium
from workspace_server.kit import storage
from workspace_server.kit.home import Home

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "openapi.json"
MIGRATIONS = Path(storage.__file__).parent / "migrations"
UNRELEASED = "0004_credentials.py"


def main() -> int:
    check = "--check" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        home = Home(scratch / "home")
        home.prepare()
        made = {
            DOCUMENT: json.dumps(Atrium(home).describe(), indent=1, sort_keys=True) + "\n",
            MIGRATIONS / "versions" / UNRELEASED: _migration(scratch),
        }
    drifted = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    for path in drifted:
        if check:
            print(f"{path.relative_to(ROOT)} is not what the code says. Run `make generate`.")
        else:
            path.write_text(made[path])
    return int(check and bool(drifted))


def _migration(scratch: Path) -> str:
    """The unreleased migration: what the stores need beyond the released ones."""
    copy = scratch / "migrations"
    shutil.copytree(MIGRATIONS, copy)
    (copy / "versions" / UNRELEASED).unlink(missing_ok=True)
    config = Config(stdout=(scratch / "output").open("w"))
    config.set_main_option("script_location", str(copy))
    number, _, title = UNRELEASED.removesuffix(".py").partition("_")
    database = storage.Storage(scratch / "empty.db")
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, title, autogenerate=True, rev_id=number)
    database.close()
    return (copy / "versions" / UNRELEASED).read_text()


if __name__ == "__main__":
    logging.disable()
    sys.exit(main())
