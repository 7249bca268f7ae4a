"""Making a folder of conda's an environment that lies elsewhere. What conda installs knows where already."""

from __future__ import annotations

import csv
import io
from pathlib import Path

HEAD = 4096


def settle(folder: Path, final: Path) -> None:
    """Have ``folder`` ready to lie at ``final``: nothing of the account's own is on its path, nor left to find."""
    _relocate(folder, final)
    # As in a virtual environment, which it is to Python then: what was installed for the user alone is not seen.
    (folder / "pyvenv.cfg").write_text(f"home = {final / 'bin'}\ninclude-system-site-packages = false\n")


def _relocate(folder: Path, final: Path) -> None:
    """Have every program in ``bin`` that names the interpreter of ``folder`` name that of ``final``, and the packages'
    records say nothing of what those were before."""
    old, new = (f"{one}/bin/python".encode() for one in (folder, final))
    changed = set()
    for path in (folder / "bin").iterdir():
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            head = file.read(HEAD)
        if head.startswith(b"#!") and old in head:
            content = path.read_bytes()
            mode = path.stat().st_mode
            path.unlink()  # It may be a hard link.
            path.write_bytes(content.replace(old, new, 2))
            path.chmod(mode)
            changed.add(path.name)
    for record in folder.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        rows = list(csv.reader(record.read_text().splitlines()))
        ours = [row for row in rows if "/bin/" in row[0] and row[0].rpartition("/")[2] in changed]
        if ours:
            for row in ours:
                row[1:] = ["", ""]
            written = io.StringIO()
            csv.writer(written, lineterminator="\n").writerows(rows)
            record.unlink()
            record.write_text(written.getvalue())
