"""How projects begin that are not cloned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["empty", "template", "example", "folder"]


@dataclass(frozen=True)
class NewProject:
    """A project with a first commit of one's own.

    ``template``: the address of a repository, or the name of a project here; what it has now is taken, its history is
    not. ``folder``: a folder below ``work``; it is copied, and stays. ``remote``: an empty repository to push to;
    without one, the workspace keeps the project's remote itself.
    """

    name: str
    source: Source = "empty"
    template: str = ""
    folder: str = ""
    remote: str = ""


@dataclass(frozen=True)
class ConnectRemote:
    """``url``: an empty repository, for a project whose remote the workspace kept itself until then."""

    url: str
