"""A package index on this machine: wheels and source archives made for a test, with a password if need be."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.fakes.web import serving

# How long PyPI lets its answers be kept. A mirror that leaves it out has everything fetched, and built, again.
_KEPT = """
[[index]]
url = "https://pypi.org/simple"
default = true
cache-control = { api = "max-age=600", files = "max-age=365000000, immutable" }
"""


def wheel(name: str, version: str, source: str) -> tuple[str, bytes]:
    """The file name and content of a wheel with the one module ``name``."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_record(text)},{len(text)}\n" for path, text in files.items())
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return f"{name}-{version}-py3-none-any.whl", content.getvalue()


def source_archive(name: str, version: str, build: str) -> tuple[str, bytes]:
    """The file name and content of a source archive that is its own build backend, needs nothing, and runs ``build``
    (with ``files``, a mapping of what to put into the wheel) before it makes one."""
    backend = (
        f"NAME, VERSION, files = {name!r}, {version!r}, {{}}\n{build}\n"
        "def build_wheel(directory, config_settings=None, metadata_directory=None):\n"
        "    import zipfile\n"
        "    info = f'{NAME}-{VERSION}.dist-info'\n"
        "    files[f'{info}/METADATA'] = f'Metadata-Version: 2.1\\nName: {NAME}\\nVersion: {VERSION}\\n'\n"
        "    files[f'{info}/WHEEL'] = 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'\n"
        "    record = ''.join(f'{path},,\\n' for path in files) + f'{info}/RECORD,,\\n'\n"
        "    file = f'{NAME}-{VERSION}-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(f'{directory}/{file}', 'w') as archive:\n"
        "        for path, text in {**files, f'{info}/RECORD': record}.items():\n"
        "            archive.writestr(path, text)\n"
        "    return file\n"
    )
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": backend,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for path, text in files.items():
            about = tarfile.TarInfo(f"{name}-{version}/{path}")
            about.size = len(text)
            archive.addfile(about, io.BytesIO(text.encode()))
    return f"{name}-{version}.tar.gz", content.getvalue()


@contextmanager
def index(files: dict[str, bytes], password: str = "", trickle: bool = False) -> Iterator[str]:
    """The address of an index (``http://127.0.0.1:…/simple``) that serves ``files`` by their names.

    Parameters
    ----------
    password
        Ana's; without it nothing is served. It is not part of the address.
    trickle
        Whether each answer takes for ever, a byte at a time.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = "Basic " + base64.b64encode(f"ana:{password}".encode()).decode()
            if password and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            *_, kind, name = self.path.strip("/").split("/")
            if kind == "files":
                self._answer(files.get(name))
                return
            links = "".join(
                f'<a href="/files/{file}#sha256={hashlib.sha256(content).hexdigest()}">{file}</a>\n'
                for file, content in files.items()
                if file.split("-")[0].replace("_", "-") == name
            )
            self._answer(links.encode() or None)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, content: bytes | None) -> None:
            if trickle:
                content = b" " * 10_000
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            if self.command == "HEAD" or content is None:
                return
            if not trickle:
                self.wfile.write(content)
            for at in range(len(content)) if trickle else ():
                try:
                    self.wfile.write(content[at : at + 1])
                except OSError:
                    return
                time.sleep(0.2)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(Handler) as base:
        yield f"{base}/simple"


def _record(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def keep_answers(folder: Path) -> dict[str, str]:
    """Environment variables with which uv keeps what the index answers, as PyPI allows it; none for an account that has
    set uv up itself. They are for settings in ``folder``."""
    own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "uv" / "uv.toml"
    if own.exists():
        return {}
    settings = folder / "uv" / "uv.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(_KEPT)
    return {"XDG_CONFIG_HOME": str(folder)}
