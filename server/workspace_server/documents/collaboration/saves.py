"""What a file held at its last saves, because whoever writes it next may have read it some saves ago.

A notebook that is executed by a script is read, and written minutes later; compared with a newer save, what people
typed meanwhile would look as if the script had taken it out. Saves are remembered for six hours, ever sparser.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from ...kit.notebooks.bases import Base
from .journal import Journal, StoredSave

LADDER = ((15.0, 0.0), (120.0, 10.0), (1800.0, 120.0), (21600.0, 900.0))
"""Up to which age (seconds) one save is kept of each span of so many seconds; 0: all."""
CUT_OFF = 2
"""Saves that the file may hold after this process was killed: the last one, or the one before it."""
LEAST = 200_000
"""Bytes that the saves of a small document may take."""


@dataclass
class Save:
    """``base`` is None for the file that the document was opened with until that is read; ``size`` is that of the
    base's encoding in bytes."""

    seq: int
    hash: str
    at: float
    size: int
    base: Base | None
    encoded: bytes | None = None

    def read(self) -> Base | None:
        """What it held; decoded on demand, because few are ever asked for."""
        if self.base is None and self.encoded:
            return Base.decode(self.encoded)
        return self.base


class Saves:
    """Of one document, the newest first."""

    def __init__(self, journal: Journal, document: str) -> None:
        self._journal = journal
        self._document = document
        self._saves: list[Save] = []
        self._next = 1

    def resume(self, stored: Iterable[StoredSave]) -> None:
        """Go on with what the journal has."""
        self._saves = [Save(one.seq, one.hash, one.at, len(one.content), None, one.content) for one in stored]
        self._next = max((one.seq for one in self._saves), default=0) + 1

    def add(self, hash: str, base: Base | None, document_size: int) -> None:
        """The file holds this now, or is about to.

        Parameters
        ----------
        hash
            SHA-256 of its bytes.
        document_size
            Bytes of the document in the journal, half of which its saves may take.
        """
        encoded = base.encode() if base is not None else b""
        save = Save(self._next, hash, time.time(), len(encoded), base)
        self._next += 1
        self._saves.insert(0, save)
        dropped = _thinned(self._saves, save.at, max(LEAST, document_size // 2))
        self._saves = [one for one in self._saves if one.seq not in dropped]
        stored = StoredSave(save.seq, hash, save.at, encoded)
        self._journal.keep_save(self._document, stored, sorted(dropped))

    def know_first(self, base: Base) -> None:
        """The file that the document was opened with has been read."""
        first = self._saves[-1]
        first.base = base
        encoded = base.encode()
        first.size = len(encoded)
        self._journal.keep_save(self._document, StoredSave(first.seq, first.hash, first.at, encoded), [])

    def take_back(self) -> None:
        """The newest was not written after all."""
        save = self._saves.pop(0)
        self._journal.drop_saves(self._document, [save.seq])

    def give_way(self, document_size: int) -> None:
        """The newest was in the file's place for a moment, where somebody may have read it; the one before is there."""
        if len(self._saves) > 1:
            before = self._saves[1]
            self.add(before.hash, before.read(), document_size)

    def cut_off(self, hash: str) -> Save | None:
        """The save that a killed process may have left as the file, if that is it."""
        return next((one for one in self._saves[:CUT_OFF] if one.hash == hash), None)

    def bases(self) -> list[Base]:
        """What each held, the newest first. Some milliseconds for each that is read from the journal: for threads."""
        return [base for one in list(self._saves) if (base := one.read()) is not None]


def _thinned(saves: list[Save], now: float, most: int) -> set[int]:
    """The seqs of those to forget: of a span, the newest ones; the newest of all stays, and so does the oldest kept."""
    dropped: set[int] = set()
    seen: set[tuple[float, int]] = set()
    # From the oldest: it is the one of its span that a slow writer has read.
    for save in reversed(saves[1:]):
        age = now - save.at
        step = next((span for limit, span in LADDER if age < limit), None)
        if step is None:
            dropped.add(save.seq)
        elif step:
            span = (step, int(save.at // step))
            if span in seen:
                dropped.add(save.seq)
            seen.add(span)
    kept = [one for one in saves if one.seq not in dropped]
    while len(kept) > CUT_OFF and sum(one.size for one in kept) > most:
        # Every second one of the older half, and then again: most of those who write have read the file just before.
        older = kept[max(CUT_OFF, len(kept) // 2) :]
        thin = older[1::2] or older
        dropped.update(one.seq for one in thin)
        kept = [one for one in kept if one.seq not in dropped]
    return dropped
