"""uv's commands in a folder of conda's that is going to lie elsewhere. What conda installs knows where already."""

from __future__ import annotations

import csv
import io
from pathlib import Path

HEAD = 4096


def relocate(folder: Path, final: Path) -> None:
    """Have every program in ``bin`` that names the interpreter of ``folder`` name that of ``final``, and the packages'
    records say nothing of what those were before."""
    old, new = (f"{one}/bin/python".encode() for one in (folder, final))
    changed = set()
    for path in (folder / "bin").iterdir():
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if content.startswith(b"#!") and old in content[:HEAD]:
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
