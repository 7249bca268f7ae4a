"""Real git remotes: bare repositories on this disk, and one that is served, slowly, over HTTP."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.fakes.web import serving

ENV = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "Cleo",
    "GIT_AUTHOR_EMAIL": "cleo@example.org", "GIT_COMMITTER_NAME": "Cleo", "GIT_COMMITTER_EMAIL": "cleo@example.org",
}  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    """Plain git, as somebody else somewhere would run it."""
    done = subprocess.run(["git", *arguments], cwd=folder, env=ENV, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def notebook(*sources: str, outputs: str = "") -> str:
    """A notebook with one code cell per source, ids `a`, `b`, ..."""
    cells = [
        {
            "cell_type": "code", "id": chr(ord("a") + number), "metadata": {}, "source": source,
            "execution_count": None,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": outputs}] if outputs else [],
        }
        for number, source in enumerate(sources)
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


class Remote:
    """A bare repository, and a clone of somebody else's to push to it from."""

    def __init__(self, folder: Path, files: dict[str, str] | None = None) -> None:
        self.path = folder / "forecast.git"
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir(parents=True)
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.path))
        git(self.elsewhere, "init", "--quiet", "--initial-branch=main")
        git(self.elsewhere, "remote", "add", "origin", str(self.path))
        if files is None:
            files = {
                "README.md": "# Forecast\n",
                "forecast.ipynb": notebook("import pandas", "df = 1", "df + 1"),
                "data/sales.csv": "date,y\n2026-01-01,1\n",
                ".gitignore": "*.log\n",
            }
        if files:
            self.push(files)

    @property
    def url(self) -> str:
        return self.path.as_uri()

    def push(self, files: dict[str, str | None], branch: str = "main", message: str = "Work") -> str:
        """Commit files (None: removed) elsewhere and push them; the commit."""
        if git(self.elsewhere, "branch", "--show-current") != branch:
            git(self.elsewhere, "checkout", "--quiet", "-B", branch)
        if self.head(branch):
            git(self.elsewhere, "pull", "--quiet", "--ff-only", "origin", branch)
        for name, text in files.items():
            path = self.elsewhere / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
        git(self.elsewhere, "add", "--all")
        git(self.elsewhere, "commit", "--quiet", "-m", message)
        git(self.elsewhere, "push", "--quiet", "origin", branch)
        return git(self.elsewhere, "rev-parse", "HEAD")

    def head(self, branch: str = "main") -> str:
        try:
            return git(self.path, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        except subprocess.CalledProcessError:
            return ""


def allow(home: Path, *urls: str) -> None:
    """Let the home clone these addresses."""
    (home / "settings").mkdir(parents=True, exist_ok=True)
    (home / "settings" / "allowed-remotes.json").write_text(json.dumps(urls))


@dataclass
class Guard:
    """Who may use repositories that are served over HTTP, and who did. Without ``tokens`` everybody may.

    ``tokens``: user name -> token, changed at run time to revoke or renew one; ``forbidden``: these get 403.
    ``let_in`` counts requests by user name, ``refused`` those with a wrong token, ``seen`` has every Authorization
    header. ``moved``: everything is answered with a redirection to this base URL. ``left``: requests that are still
    let in before every token is refused.
    """

    tokens: dict[str, str] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    let_in: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)
    moved: str = ""
    left: int | None = None

    def status(self, authorization: str) -> int:
        """What a request with this header is answered: 200, 401 or 403."""
        if authorization:
            self.seen.append(authorization)
        if not self.tokens:
            return 200
        if not authorization.startswith("Basic "):
            return 401
        user, _, token = base64.b64decode(authorization[6:]).decode().partition(":")
        if self.left is not None:
            self.left -= 1
        if self.tokens.get(user) != token or (self.left is not None and self.left < 0):
            self.refused[user] += 1
            return 401
        self.let_in[user] += 1
        return 403 if user in self.forbidden else 200


# Method, path with query, headers, body -> status and JSON (or bytes); None: not one of its paths.
Answer = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Any] | None]


@contextmanager
def slow_http(folder: Path, seconds: float = 0, guard: Guard | None = None, api: Answer | None = None) -> Iterator[str]:
    """The repositories below ``folder`` over HTTP by git's own backend; each answer with a pack dribbles for
    ``seconds``. ``guard`` says who is let in; ``api`` answers the paths of a git host's API. Yields the base URL."""
    guarded = guard or Guard()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.serve()

        def do_POST(self) -> None:
            self.serve()

        def do_PUT(self) -> None:
            self.serve()

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def serve(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.body()
            answer = api(self.command, self.path, dict(self.headers.items()), body) if api is not None else None
            if answer is not None:
                content = answer[1] if isinstance(answer[1], bytes) else json.dumps(answer[1]).encode()
                self.send_response(answer[0])
                self.send_header("Content-Type", "application/json")
                if answer[0] == 302:
                    self.send_header("Location", answer[1])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                return
            status = guarded.status(self.headers.get("Authorization", ""))
            if status != 200 or guarded.moved:
                self.send_response(302 if guarded.moved else status)
                if guarded.moved:
                    self.send_header("Location", guarded.moved + self.path)
                elif status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            cgi: dict[str, Any] = {
                **ENV, "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
                "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "CONTENT_LENGTH": str(len(body)),
            }  # fmt: skip
            if guarded.tokens:
                cgi["REMOTE_USER"] = "somebody"  # git's backend takes pushes from those who are signed in
            if self.headers.get("Content-Encoding"):
                cgi["HTTP_CONTENT_ENCODING"] = self.headers["Content-Encoding"]
            done = subprocess.run(["git", "http-backend"], input=body, env=cgi, capture_output=True)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            size = max(1, len(content) // 100) if b"PACK" in content else len(content) or 1
            try:
                for start in range(0, len(content), size):
                    self.wfile.write(content[start : start + size])
                    self.wfile.flush()
                    if size < len(content):
                        time.sleep(seconds / 100)
            except (BrokenPipeError, ConnectionResetError):
                pass

        def log_message(self, *_: Any) -> None:
            return

    with serving(Handler) as base:
        yield base
