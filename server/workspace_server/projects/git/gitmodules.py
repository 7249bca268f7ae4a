"""The submodules that a commit's ``.gitmodules`` names, which anybody may have written: looked at before it is used."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from workspace_ext.contract.operations import WireError

from ...kit.errors import Conflict
from .command import Git
from .trees import SUBMODULE, entry_of

MOST = 200
LARGEST = 200_000
_NAMED = ".gitmodules"


@dataclass(frozen=True)
class Link:
    """A folder of a commit that is a submodule; ``problem``: why it can never be fetched."""

    path: str
    commit: str
    url: str
    problem: WireError | None = None

    @property
    def raw(self) -> bytes:
        return os.fsencode(self.path)


def links(git: Git, commit: str) -> list[Link]:
    """The submodules of a commit that have an address.

    Raises
    ------
    Conflict
        Its ``.gitmodules`` cannot be read.
    """
    named = _named(git, commit)
    good = [path for path in named if not _fault(path)]
    there: dict[str, str] = {}
    if good:
        for line in git.run("ls-tree", "-z", "--full-tree", commit, "--", *good).split(b"\0"):
            head, _, raw = line.partition(b"\t")
            if head.startswith(SUBMODULE.encode()):
                there[os.fsdecode(raw)] = head.split(b" ")[2].decode()
    found = []
    for path, url in named.items():
        if fault := _fault(path):
            said = WireError(
                "submodule_path", f"The path {path[:100]!r} of a submodule {fault}.", "Mend .gitmodules on the remote."
            )
            found.append(Link(path, "", url, said))
        elif path in there:
            found.append(Link(path, there[path], resolved(git.url, url)))
    return found[:MOST]


def resolved(base: str, url: str) -> str:
    """A relative address (``./``, ``../``) as it is meant: relative to the project's own. Others stay as they are."""
    if not url.startswith(("./", "../")):
        return url
    match = re.fullmatch(r"([a-z]+://[^/]*|[^/:]+:)(.*)", base.rstrip("/"))
    if match is None:
        return url
    root, parts = match[1], [part for part in match[2].split("/") if part]
    for part in url.split("/"):
        if part == "..":
            if not parts:
                return url
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return root + ("" if root.endswith(":") and not match[2].startswith("/") else "/") + "/".join(parts)


def _named(git: Git, commit: str) -> dict[str, str]:
    """Path -> address, as ``.gitmodules`` has them."""
    mode, blob = entry_of(git, commit, _NAMED.encode())
    if not mode.startswith("100") or int(git.text("cat-file", "-s", blob)) > LARGEST:
        return {}
    status, out = git.attempt("config", "--blob", blob, "--no-includes", "--null", "--list", ok=(0, 1, 128))
    if status:
        raise Conflict(
            "gitmodules", "The file .gitmodules of this branch cannot be read as git's.", "Mend it, then commit it."
        )
    told: dict[str, dict[str, str]] = {}
    for entry in out.decode(errors="surrogateescape").split("\0"):
        key, _, value = entry.partition("\n")
        section, _, rest = key.partition(".")
        name, _, word = rest.rpartition(".")
        if section == "submodule" and name and word in ("path", "url"):
            told.setdefault(name, {})[word] = value
    return {one["path"]: one["url"] for one in told.values() if one.get("path") and one.get("url")}


def _fault(path: str) -> str:
    parts = path.split("/")
    if path.startswith("-"):
        return "begins with a dash"
    if re.search(r"[\x00-\x1f\x7f\\]", path) or len(os.fsencode(path)) > 1000:
        return "has characters that no folder should have"
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        return "does not stay inside of the project"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "is not text"
    return ""
