"""A text with some of the hunks of its difference."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

_HEAD = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@[^\n]*\n", re.M)


@dataclass(frozen=True)
class Hunk:
    """``part``: its name, by what it says; ``start``, ``length``: the lines of the old text, from 0; ``new``: what
    takes their place."""

    part: str
    start: int
    length: int
    new: bytes


def hunks(diff: bytes) -> list[Hunk]:
    """The hunks of a unified diff of one file, as git writes it."""
    heads = list(_HEAD.finditer(diff))
    used: Counter[str] = Counter()
    found = []
    for head, ending in zip(heads, [*(one.start() for one in heads[1:]), len(diff)], strict=True):
        body = diff[head.end() : ending]
        name = hashlib.sha256(body).hexdigest()[:16]
        used[name] += 1
        length = int(head[2]) if head[2] is not None else 1
        # Of no lines, git names the line before.
        start = int(head[1]) - (1 if length else 0)
        found.append(Hunk(name if used[name] == 1 else f"{name}~{used[name]}", start, length, _new(body)))
    return found


def applied(old: bytes, chosen: Collection[str], all: list[Hunk]) -> bytes:
    """``old`` with the chosen hunks."""
    lines = old.split(b"\n")
    kept = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    for hunk in reversed(all):
        if hunk.part in chosen:
            kept[hunk.start : hunk.start + hunk.length] = [hunk.new]
    return b"".join(kept)


def _new(body: bytes) -> bytes:
    lines: list[bytes] = []
    last_is_new = False
    for line in body.split(b"\n")[:-1]:
        if line.startswith(b"\\"):
            # "\ No newline at end of file", of the line before.
            if last_is_new:
                lines[-1] = lines[-1][:-1]
        elif last_is_new := not line.startswith(b"-"):
            lines.append(line[1:] + b"\n")
    return b"".join(lines)
