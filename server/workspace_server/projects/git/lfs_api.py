"""The batch API of Git LFS (https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md), as far as fetching goes.

The server is the one that belongs to the project's remote, whatever `.lfsconfig` says, and the credential goes to it
alone: where the contents themselves are, only what that server says is sent.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request

from ...kit.errors import Failed, Invalid, Unavailable
from ..hosts.http import opener
from ..origins import origin_of
from .command import Git
from .errors import host_of
from .pointers import Pointer

TIMEOUT = 60
AT_ONCE = 100
_JSON = "application/vnd.git-lfs+json"
Download = Callable[[Path, Callable[[int], None]], None]


class Batch:
    """Of the remote of ``git``, as whoever signs in there."""

    def __init__(self, git: Git) -> None:
        if urlsplit(git.url).scheme not in ("https", "http"):
            raise Invalid(
                "lfs_needs_https", "Large files are fetched over https only, and this project's address is another.",
                "Run `git lfs pull` in a terminal, or clone the https:// address.",
            )  # fmt: skip
        self._git = git
        self._origin, self._host = origin_of(git.url), host_of(git.url)
        self._url = git.url.rstrip("/").removesuffix(".git") + ".git/info/lfs/objects/batch"

    def downloads(self, wanted: Sequence[Pointer]) -> Iterator[tuple[Pointer, Download]]:
        """A function for each, which fetches it into a file."""
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            told = self._asked([{"oid": one.oid, "size": one.size} for one in some])
            for one in some:
                yield one, self._download(one, told.get(one.oid) or {})

    def _asked(self, objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        body = {"operation": "download", "transfers": ["basic"], "objects": objects, "hash_algo": "sha256"}
        headers = {"Accept": _JSON, "Content-Type": _JSON, **self._authorization()}
        with self._open(Request(self._url, json.dumps(body).encode(), headers, method="POST")) as reply:
            try:
                return {one["oid"]: one for one in json.loads(reply.read(8 * 2**20))["objects"]}
            except (ValueError, KeyError, TypeError):
                raise Unavailable(
                    "no_lfs", f"{self._host} does not answer as a server of Git LFS.", "Does the repository use it?"
                ) from None

    def _download(self, one: Pointer, told: Mapping[str, Any]) -> Download:
        action = (told.get("actions") or {}).get("download")
        if not action:
            said = (told.get("error") or {}).get("message") or "it has no such object"
            raise Failed(
                "lfs_missing", f"{self._host} does not have a large file ({one.oid[:12]}): {said}.",
                "Whoever committed it has to push it: git lfs push --all origin.",
            )  # fmt: skip
        href, headers = str(action["href"]), {str(k): str(v) for k, v in (action.get("header") or {}).items()}
        if origin_of(href) != self._origin and urlsplit(href).scheme != "https":
            raise Failed("lfs_address", f"{self._host} sends to an address that is not https.", "Tell its operator.")
        if origin_of(href) == self._origin and "authorization" not in {name.lower() for name in headers}:
            headers |= self._authorization()

        def download(to: Path, progress: Callable[[int], None]) -> None:
            hashed, size = hashlib.sha256(), 0
            with self._open(Request(href, headers=headers)) as reply, to.open("wb") as file:
                while size <= one.size and (chunk := reply.read(2**20)):
                    file.write(chunk)
                    hashed.update(chunk)
                    size += len(chunk)
                    progress(size)
            if hashed.hexdigest() != one.oid:
                raise Failed(
                    "lfs_damaged", f"What {self._host} gave is not the large file {one.oid[:12]}.", "Try again later."
                )

        return download

    def _open(self, request: Request) -> Any:
        try:
            return opener(self._git.inside).open(request, timeout=TIMEOUT)
        except HTTPError as error:
            with error:
                if error.code in (401, 403):
                    raise self._git.sign_in.refusal(f"HTTP {error.code}", self._host, self._git.url) from None
                raise Unavailable(
                    "lfs_failed", f"The large files of {self._host} are not to be had (HTTP {error.code}).",
                    "Does the repository have Git LFS switched on? Try again later.",
                ) from None  # fmt: skip
        except (URLError, TimeoutError, OSError):
            raise Unavailable(
                "unreachable", f"{self._host} does not answer.", "Check the network, then try again."
            ) from None

    def _authorization(self) -> dict[str, str]:
        sign_in = self._git.sign_in
        if sign_in.kind != "token":
            return {}
        pair = ":".join(sign_in.pair())
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
