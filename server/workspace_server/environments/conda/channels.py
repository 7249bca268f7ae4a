"""Whether packages of conda can be had, and from where: the machine's channels by their names; any other an owner of
the project has to agree to."""

from __future__ import annotations

import importlib.util
import os
import re
from urllib.parse import urlsplit

from ..requirements import Index, refuse

SETTING = "ATRIUM_CONDA_CHANNELS"
DEFAULT = "conda-forge"
HOST = "https://conda.anaconda.org"
# conda's own word for what Anaconda packages itself.
NAMED = {"defaults": "https://repo.anaconda.com/pkgs/main", "main": "https://repo.anaconda.com/pkgs/main"}
NO_MORE = "nodefaults"


def available() -> bool:
    """Whether this machine can install packages of conda at all."""
    return importlib.util.find_spec("rattler") is not None


def machine() -> dict[str, str]:
    """Name -> address of the channels that this machine is set up with, the first goes first: words like ``bioconda``,
    or ``conda-forge=https://mirror.example.org/conda-forge`` for a mirror."""
    found = {}
    for word in (os.environ.get(SETTING) or DEFAULT).replace(",", " ").split():
        name, _, url = word.partition("=")
        found[name] = (url or address(name)).rstrip("/")
    return found


def address(name: str) -> str:
    """The address of a channel that is no machine's own."""
    return name if "://" in name else NAMED.get(name, f"{HOST}/{name}")


def wanted(names: list[tuple[str, str]]) -> tuple[list[str], list[Index]]:
    """The addresses of the channels that a file names, each with where it does, or of the machine's if it names none;
    and those among them that somebody has to agree to.

    Raises
    ------
    Unbuildable
        A name is none, or an address that nobody could agree to.
    """
    own = machine()
    found: list[str] = []
    foreign: list[Index] = []
    for name, place in names:
        if name == NO_MORE:
            continue
        url = own.get(name) or _checked(name, place)
        if url not in own.values():
            foreign.append(Index(name, url, place, "channel"))
        found.append(url)
    return list(dict.fromkeys(found)) or list(own.values()), foreign


def _checked(name: str, place: str) -> str:
    url = address(name).rstrip("/")
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    if parts.username or parts.password:
        raise refuse(
            "index_option", place, name, "A password does not belong into a repository.",
            f"Have the channel set up for this machine instead ({SETTING}).",
        )  # fmt: skip
    if not re.fullmatch(r"[\w./:-]+", name) or not parts.hostname or not (parts.scheme == "https" or local):
        raise refuse(
            "index_option", place, name, "Only a channel by its name or at https://… can be trusted.",
            f"Remove it; without one, packages come from {', '.join(machine())}.",
        )  # fmt: skip
    return url
