"""A server of Git LFS beside a git remote: the batch API, and the contents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any


@dataclass
class LfsServer:
    """``base`` is known once it is served. ``batches`` and ``downloads`` are the headers of what was asked. While
    ``open`` is not set, contents are waited for."""

    base: str = ""
    contents: dict[str, bytes] = field(default_factory=dict)
    batches: list[Mapping[str, str]] = field(default_factory=list)
    downloads: list[Mapping[str, str]] = field(default_factory=list)
    status: int = 200
    open: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.open.set()

    def add(self, content: bytes) -> str:
        """Keep a content; its pointer."""
        oid = hashlib.sha256(content).hexdigest()
        self.contents[oid] = content
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any] | None:
        if path.endswith("/info/lfs/objects/batch"):
            self.batches.append(headers)
            return self.status, {"objects": [self._told(one) for one in json.loads(body)["objects"]]}
        if path.startswith("/contents/"):
            self.downloads.append(headers)
            self.open.wait(60)
            return 200, self.contents[path.removeprefix("/contents/")]
        return None

    def _told(self, one: dict[str, Any]) -> dict[str, Any]:
        oid = one["oid"]
        if oid not in self.contents:
            return {**one, "error": {"code": 404, "message": "Object does not exist"}}
        return {**one, "actions": {"download": {"href": f"{self.base}/contents/{oid}", "header": {"X-Lent": "yes"}}}}
