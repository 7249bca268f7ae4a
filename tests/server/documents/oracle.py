"""What must be in a shared document after people, editors, git and a murderer have had their way with it.

Every key types a character of its own, so each is accounted for: it must be there unless somebody deleted it, or its
cell. Where it cannot be known from outside whether somebody did (they did it at the same moment, or on a tab that died
with its changes), the key may be there or not.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.fakes.keystrokes import found
from tests.fakes.typists import Typist

SAFE_AFTER = 0.1
"""Seconds after which a key must survive anything that happens to the server or to its typist."""
RECENT = 3.0
LOOKED_AT = 2.5
"""Seconds after which the server has surely looked at a file again."""


@dataclass
class Key:
    """``by`` is None for what was written into the file."""

    at: float
    by: Typist | None
    cell_id: str
    how: str


@dataclass(frozen=True)
class Gone:
    """A cell that somebody has deleted."""

    cell_id: str
    client: int
    clock: int

    def unknown_to(self, typist: Typist) -> bool:
        return typist.state.get(self.client, 0) < self.clock


class Oracle:
    """Told of everything that is done; ``must`` and ``may`` are the keys that are accounted for."""

    def __init__(self) -> None:
        self.must: dict[str, Key] = {}
        self.may: dict[str, Key] = {}
        self.typed = 0
        self._known: set[str] = set()
        self._cells: set[str] = set()
        self._gone: list[Gone] = []
        self._unsafe: dict[Typist, set[str]] = {}
        self._fragile: set[str] = set()

    # People

    def type(self, typist: Typist, cell_id: str, key: str, how: str) -> None:
        """``typist`` has just typed ``key``."""
        self.typed += 1
        self._known.add(key)
        self.must[key] = Key(time.monotonic(), typist, cell_id, how)
        if not typist.connected:
            self._unsafe.setdefault(typist, set()).add(key)
        if any(gone.cell_id == cell_id and gone.unknown_to(typist) for gone in self._gone):
            self.forgive([key])
        # A cell that the server gave another id, of two with the same: somebody may have deleted it by the one before.
        if cell_id in self._fragile or cell_id not in self._cells:
            self.forgive([key])

    def made(self, *cell_ids: str) -> None:
        """Somebody has made these cells, under these ids."""
        self._cells.update(cell_ids)

    def delete(self, characters: str) -> None:
        """Somebody deletes a piece of text."""
        self.forgive(found([characters]))

    def remove(self, typist: Typist, everybody: Iterable[Typist], cell_id: str, kept: bool) -> None:
        """``typist`` is about to delete a cell; ``kept``: its text goes on in another one, as they see it."""
        source = found([typist.source(cell_id)])
        if not kept:
            self.forgive(source)
        for other in everybody:
            if other is not typist and cell_id in other.cell_ids():
                self.forgive(found([other.source(cell_id)]) - source)
        recent = time.monotonic() - RECENT
        self.forgive(
            key
            for key, known in self.must.items()
            if known.cell_id == cell_id and known.at > recent and key not in source
        )

    def removed(self, typist: Typist, *cell_ids: str) -> None:
        """They have done it: who does not know yet types into nothing."""
        client = int(typist.doc.client_id)
        self._gone += [Gone(cell_id, client, typist.state.get(client, 0)) for cell_id in cell_ids]

    # Connections

    def cut(self, typist: Typist) -> None:
        """The connection of ``typist`` has ended, or the server has, just now."""
        since = time.monotonic() - SAFE_AFTER
        late = {key for key, known in self.must.items() if known.by is typist and known.at >= since}
        self._unsafe.setdefault(typist, set()).update(late)

    def safe(self, typist: Typist) -> None:
        """The server has said that it has all of ``typist``."""
        for key in self._unsafe.pop(typist, ()):
            if key in self.must:
                # For everybody else it is as if they typed it now.
                self.must[key].at = time.monotonic()

    def forget(self, typist: Typist) -> None:
        """The tab is closed, with all that only it had."""
        self.cut(typist)
        self.forgive(self._unsafe.pop(typist, set()))

    # The file

    def write(self, before: str, after: str, how: str, cells_gone: set[str], cell_id: str = "") -> None:
        """Somebody who had read ``before`` has just written ``after``.

        Parameters
        ----------
        cells_gone
            Ids of cells that they deleted: what is typed into them until everybody has heard of it may go with them.
        cell_id
            The cell into which they have written. Somebody offline may have deleted it, or made it a part of another
            one, before this.
        """
        old, new = found([before]), found([after])
        self.forgive(old - new)
        now = time.monotonic()
        # What was written over before the room can have looked.
        self.forgive(
            key for key, known in self.must.items() if not known.by and known.at > now - LOOKED_AT and key not in new
        )
        for key in new - old:
            # What is brought back was deleted before: a merge may hold with either.
            if key not in self._known:
                self.must[key] = Key(now, None, cell_id, how)
                self._known.add(key)
                if any(gone.cell_id == cell_id for gone in self._gone):
                    self.forgive([key])
        if cells_gone:
            self._fragile |= cells_gone
            self.forgive(
                key
                for key, known in self.must.items()
                if known.by
                and known.cell_id in cells_gone
                # What the server has not heard of yet, too: what was typed offline, or is lost with a tab.
                and (known.at > now - SAFE_AFTER or key in self._unsafe.get(known.by, ()))
            )

    # The verdict

    def forgive(self, keys: Iterable[str]) -> None:
        """These may be gone."""
        for key in list(keys):
            if key in self.must:
                self.may[key] = self.must.pop(key)

    def lost(self, there: Iterable[str]) -> dict[str, Key]:
        """What must be there and is not."""
        present = set(there)
        return {key: known for key, known in self.must.items() if key not in present}

    def settle(self, there: Iterable[str], cell_ids: Iterable[str]) -> None:
        """Everybody agrees: from now on all that is there must stay, in these cells."""
        self._cells = set(cell_ids)
        present = set(there)
        self.must.update({key: known for key, known in self.may.items() if key in present})
        self.may.clear()
        self._gone.clear()
        self._fragile.clear()
        self._unsafe.clear()
