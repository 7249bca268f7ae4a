"""Whether what was installed is whole, by what each package says of its own files."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import Package

from ..kit.errors import Failed


def site_packages(folder: Path) -> Path:
    """Where an environment's packages are."""
    # Conda's have links besides.
    found = (path for path in folder.glob("lib/python*") if not path.is_symlink())
    return next(found, folder / "lib") / "site-packages"


def check(site: Path, packages: list[Package]) -> None:
    """Every package is there, and every file that each says it has.

    Raises
    ------
    Failed
        Something is missing, whatever the installer's exit status was.
    """
    found = installed(site)
    missing = [one.name for one in packages if canonicalize_name(one.name) not in found]
    if missing:
        raise Failed("incomplete", f"These were not installed: {', '.join(missing)}.", "Retry.")
    for one in packages:
        for file, _ in _files(found[canonicalize_name(one.name)]):
            if not (site / file).exists():
                raise Failed("incomplete", f"{one.name} was not installed whole: {file} is missing.", "Retry.")


def spoiled(site: Path) -> list[str]:
    """The packages of which a file is not what the package says it is, as far as uv installed them. Reads every
    file."""
    found = []
    for record in sorted(site.glob("*.dist-info/RECORD")):
        if (record.parent / "INSTALLER").is_file() and (record.parent / "INSTALLER").read_text().strip() != "uv":
            continue
        for file, digest in _files(record):
            path = site / file
            if digest and not (path.is_file() and _sha256(path) == digest):
                found.append(record.parent.name.partition("-")[0])
                break
    return found


def installed(site: Path) -> dict[str, Path]:
    """What each package says of its own files: canonical name -> its RECORD."""
    return {
        canonicalize_name(record.parent.name.partition("-")[0]): record for record in site.glob("*.dist-info/RECORD")
    }


def distributions(site: Path) -> dict[str, str]:
    """What Python knows to be installed: canonical name -> version."""
    found: dict[str, str] = {}
    for path in site.glob("*.dist-info"):
        name, _, version = path.name.removesuffix(".dist-info").partition("-")
        found[canonicalize_name(name)] = version
    return found


def listed(record: Path) -> list[str]:
    """A package's files but byte code, relative to site-packages."""
    return [file for file, _ in _files(record)]


def _files(record: Path) -> Iterator[tuple[str, str]]:
    """Each file but byte code relative to site-packages, and its SHA-256 as it is written there ("" for none)."""
    with record.open(newline="") as lines:
        for row in csv.reader(lines):
            if row and not row[0].endswith(".pyc"):
                kind, _, digest = (row[1] if len(row) > 1 else "").partition("=")
                yield row[0], digest if kind == "sha256" else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return base64.urlsafe_b64encode(hashlib.file_digest(file, "sha256").digest()).rstrip(b"=").decode()
