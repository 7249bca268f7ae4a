"""Whether packages of conda can be had, and from where: the machine's channels by their names; any other an owner of
the project has to agree to."""

from __future__ import annotations

import importlib.util
import os
import re

from ...kit.errors import Unavailable
from ..requirements import Index, check_address, refuse

SETTING = "ATRIUM_CONDA_CHANNELS"
DEFAULT = "conda-forge"
HOST = "https://conda.anaconda.org"
# conda's own word for what Anaconda packages itself.
NAMED = {"defaults": "https://repo.anaconda.com/pkgs/main", "main": "https://repo.anaconda.com/pkgs/main"}
NO_MORE = "nodefaults"
SUBDIRS = ("noarch", "linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64")


def available() -> bool:
    """Whether this machine can install packages of conda at all."""
    return importlib.util.find_spec("rattler") is not None


def machine() -> dict[str, str]:
    """Name -> address of the channels that this machine is set up with, the first goes first: words like ``bioconda``,
    or ``conda-forge=https://mirror.example.org/conda-forge`` for a mirror.

    Raises
    ------
    Unavailable
        One of them has a password in it, which every lock would have then.
    """
    found = {}
    for word in (os.environ.get(SETTING) or DEFAULT).replace(",", " ").split():
        name, _, url = word.partition("=")
        found[name] = (url or address(name)).rstrip("/")
        if re.search(r"//[^/]*@|/t/", found[name]):
            raise Unavailable(
                "channel_password", f"{SETTING} has a password in the address of {name}.",
                "Whoever runs this workspace can keep it in a file of rattler's instead (RATTLER_AUTH_FILE).",
            )  # fmt: skip
    return found


def address(name: str) -> str:
    """The address of a channel that is no machine's own."""
    return name if "://" in name else NAMED.get(name, f"{HOST}/{name}")


def wanted(named: list[tuple[str, str]], asked: list[tuple[str, str]]) -> tuple[list[str], list[Index]]:
    """Addresses of the channels ``named`` by a file, then of the machine's unless it wants no more, then of those
    ``asked`` for by packages, each with where it is; and those among them that somebody has to agree to.

    Raises
    ------
    Unbuildable
        A name is none, or an address that nobody could agree to.
    """
    own = machine()
    more = {NO_MORE}.isdisjoint(names := [name for name, _ in named]) or names == [NO_MORE]
    found = [(of(name, place), name, place) for name, place in named if name != NO_MORE]
    found += [(url, name, "") for name, url in own.items() if more]
    found += [(of(name, place), name, place) for name, place in asked]
    foreign = {url: Index(name, url, place, "channel") for url, name, place in reversed(found) if place}
    urls = list(dict.fromkeys(url for url, _, _ in found))
    return urls, [foreign[url] for url in urls if url in foreign and url not in own.values()]


def of(name: str, place: str) -> str:
    """The address of a channel that a file names at ``place``."""
    own = machine()
    if name in own:
        return own[name]
    url = address(name).rstrip("/")
    if not re.fullmatch(r"[\w./:@+-]+", name) or name.rpartition("/")[2] in SUBDIRS:
        raise refuse("bad_syntax", place, name, "It is no channel.", "Write it like conda-forge, or https://….")
    check_address(url, name, place, f"Without it, packages come from {', '.join(own)}", SETTING)
    return url
