"""A channel of conda on this machine: packages made for a test, and this machine's own Python as one."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import re
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pyarrow

from tests.fakes.web import serving

PREFIX = "/opt/placeholder_of_conda_where_it_was_built_and_long_enough_for_any_folder"
"""Where a package was built; whoever installs it writes where it lies instead."""
SUBDIR = "linux-aarch64" if "aarch64" in sysconfig.get_platform() else "linux-64"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
LEFT_OUT = re.compile(r"(test|tests|idlelib|lib2to3|turtledemo|ensurepip|site-packages|__pycache__|config-.*)(/|$)")


@dataclass(frozen=True)
class Made:
    """A package: the file's name, its content, and what the channel says of it."""

    file: str
    content: bytes
    about: dict[str, object]


def package(
    name: str,
    version: str,
    files: Mapping[str, str | bytes],
    depends: tuple[str, ...] = (),
    noarch: str = "",
    executable: tuple[str, ...] = (),
    links: Mapping[str, str] | None = None,
) -> Made:
    """One with these files and links, below its prefix; of ``noarch`` Python those of modules are below
    ``site-packages``. Texts with :data:`PREFIX` get the real one."""
    links = links or {}
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    subdir = "noarch" if noarch else SUBDIR
    index: dict[str, object] = {
        "name": name, "version": version, "build": "h0_0", "build_number": 0, "depends": list(depends),
        "subdir": subdir, **({"noarch": noarch} if noarch else {}),
    }  # fmt: skip
    paths = [
        {
            "_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
            **({"file_mode": "text", "prefix_placeholder": PREFIX} if PREFIX.encode() in content else {}),
        }
        for path, content in contents.items()
    ]  # fmt: skip
    empty = hashlib.sha256(b"").hexdigest()
    paths += [{"_path": path, "path_type": "softlink", "sha256": empty, "size_in_bytes": 0} for path in links]
    about = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths_version": 1, "paths": paths}).encode(),
        "info/files": "".join(f"{path}\n" for path in (*files, *links)).encode(),
        **({"info/link.json": b'{"noarch": {"type": "python"}, "package_metadata_version": 1}'} if noarch else {}),
    }
    stem = f"{name}-{version}-h0_0"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        archive.writestr(f"pkg-{stem}.tar.zst", _compressed(contents, executable, links))
        archive.writestr(f"info-{stem}.tar.zst", _compressed(about, (), {}))
    content = packed.getvalue()
    told = {"sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest()}
    return Made(f"{stem}.conda", content, {**index, **told, "size": len(content)})


def _compressed(files: Mapping[str, bytes], executable: tuple[str, ...], links: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o755 if path in executable else 0o644
            archive.addfile(member, io.BytesIO(content))
        for path, target in links.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    compressed: bytes = pyarrow.compress(packed.getvalue(), codec="zstd", asbytes=True)
    return compressed


@cache
def python() -> Made:
    """This machine's Python, without what nobody imports here."""
    library = Path(sysconfig.get_path("stdlib"))
    found = {
        f"lib/python{PYTHON}/{below}": path.read_bytes()
        for path in sorted(library.rglob("*"))
        for below in [path.relative_to(library).as_posix()]
        if path.is_file() and not LEFT_OUT.match(below) and "/__pycache__/" not in below and "/test" not in below
    }
    run = Path(sys.base_prefix, "bin", f"python{PYTHON}").resolve().read_bytes()
    programs = {f"bin/python{PYTHON}": run, "bin/python": run}
    version = ".".join(map(str, sys.version_info[:3]))
    # conda-forge's has such a link.
    links = {"lib/python3.1": f"python{PYTHON}"}
    return package("python", version, {**programs, **found}, executable=tuple(programs), links=links)


def module(
    name: str,
    version: str,
    source: str,
    depends: tuple[str, ...] = (),
    distribution: str = "",
    requires: str = "",
) -> Made:
    """A Python package with the one module ``name``, which PyPI may know by the name of another ``distribution``, and
    which says that it ``requires`` something there."""
    known = distribution or name
    info = f"site-packages/{known}-{version}.dist-info"
    files = {
        f"site-packages/{name}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {known}\nVersion: {version}\n"
        + (f"Requires-Dist: {requires}\n" if requires else ""),
        # As conda's packages often do, it names a file that was left out.
        f"{info}/RECORD": f"{name}.py,,\n{name}_tests.py,,\n",
        f"{info}/INSTALLER": "conda\n",
    }
    return package(name, version, files, ("python", *depends), noarch="python")


# A program with data, which is found by a variable that its script sets.
GREET = package(
    "libgreet", "1.0",
    {
        "bin/greet": f"#!/bin/sh\ncat {PREFIX}/share/greet/words\n",
        "share/greet/words": "good morning\n",
        "etc/conda/activate.d/greet.sh": (
            'export GREET_DATA="$CONDA_PREFIX/share/greet" GREET_LINES="a\nb"\nunset GREETLESS\n'
        ),
        "etc/conda/activate.d/later.sh": "set -u\nexport GREET_LAST=1\nexit 3\n",
        "etc/conda/env_vars.d/greet.json": '{"GREET_SET": "2"}',
    },
    executable=("bin/greet",),
)  # fmt: skip
GREETING = module(
    "greeting", "1.2", "import os\nWORDS = open(os.environ['GREET_DATA'] + '/words').read().strip()\n", ("libgreet <2",)
)


def copy(distribution: str) -> Made:
    """What is installed here by that name, as conda would package it."""
    import importlib.metadata

    found = importlib.metadata.distribution(distribution)
    files = {
        f"site-packages/{path.as_posix()}": Path(str(path.locate())).read_bytes()
        for path in found.files or ()
        if path.parts[0] != ".." and path.suffix != ".pyc" and Path(str(path.locate())).is_file()
    }
    return package(distribution, found.version, files, ("python",), noarch="python")


@contextmanager
def channel(folder: Path, *made: Made, password: str = "") -> Iterator[str]:
    """The address of a channel (``http://127.0.0.1:…``) that serves these packages, to Ana alone with a password."""
    write(folder, *made)
    handler = partial(_Quiet, directory=str(folder), password=password)
    with serving(handler) as base:
        yield base


def write(folder: Path, *made: Made) -> None:
    """Have a channel's folder hold these packages."""
    for subdir in (SUBDIR, "noarch"):
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        here = [one for one in made if one.about["subdir"] == subdir]
        for one in here:
            (folder / subdir / one.file).write_bytes(one.content)
        told = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {one.file: one.about for one in here}}
        (folder / subdir / "repodata.json").write_text(json.dumps(told))


class _Quiet(SimpleHTTPRequestHandler):
    def __init__(self, *given: Any, password: str, **named: Any) -> None:
        self._wanted = "Basic " + base64.b64encode(f"ana:{password}".encode()).decode() if password else None
        super().__init__(*given, **named)

    def send_head(self) -> Any:
        if self._wanted is not None and self.headers.get("Authorization") != self._wanted:
            return self.send_error(401)
        return super().send_head()

    def log_message(self, *_said: object) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with contextlib.suppress(ConnectionError):  # who was killed hangs up
            super().copyfile(source, outputfile)
