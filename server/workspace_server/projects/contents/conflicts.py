"""What two sides both changed, and what a person has chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from workspace_ext.contract.merges import MergeChoice, MergeConflict, Side

Kind = Literal["cell", "text", "file"]


@dataclass(frozen=True)
class Conflict:
    """Something that both sides changed, each in its way.

    Attributes
    ----------
    path
        The file, as the wire writes it.
    kind
        ``cell`` of a notebook, ``text`` (some lines of a text), or the ``file`` as a whole.
    place
        The cell's id; of a text the number of the stretch, from 1; of a file nothing.
    base, mine, theirs
        The three versions; None where there is none. Of a file that is no text, what it is in words.
    """

    path: str
    kind: Kind
    place: str
    base: str | None
    mine: str | None
    theirs: str | None
    cell_type: str
    step: str

    @property
    def of(self) -> str:
        """What a choice is about: it does not fit another text any more."""
        held = json.dumps([self.step, self.path, self.kind, self.place, self.base, self.mine, self.theirs])
        return hashlib.sha256(held.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def wire(self) -> MergeConflict:
        return MergeConflict(
            self.of, self.path, self.kind, self.place, self.base, self.mine, self.theirs, self.cell_type
        )


class Choices:
    """What was chosen, seen from one file.

    Parameters
    ----------
    otherwise
        What is taken where nothing was chosen; None: that is left a conflict.
    """

    def __init__(
        self, made: Iterable[MergeChoice], path: str = "", step: str = "commits", otherwise: Side | None = None
    ) -> None:
        self._made = {choice.of: choice for choice in made}
        self._otherwise = otherwise
        self._path, self.step = path, step

    def within(self, path: str, step: str) -> Choices:
        """The same for a file, in a step of the merge (``commits`` or ``changes`` that are not committed)."""
        return Choices(self._made.values(), path, step, self._otherwise)

    def conflict(self, kind: Kind, place: str, versions: Sequence[str | None], cell_type: str = "") -> Conflict:
        """A conflict in this file; ``versions``: base, mine, theirs."""
        base, mine, theirs = versions
        return Conflict(self._path, kind, place, base, mine, theirs, cell_type, self.step)

    def of(self, conflict: Conflict) -> MergeChoice | None:
        """What was chosen for a conflict."""
        choice = self._made.get(conflict.of)
        if choice is None and self._otherwise is not None:
            return MergeChoice(conflict.of, self._otherwise)
        return choice
