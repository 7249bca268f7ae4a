"""Making the edits of a merge in a shared text."""

from __future__ import annotations

from collections.abc import Sequence

from pycrdt import Text

from ...kit.notebooks.text_merge import Hunk


def apply(shared: Text, text: str, edits: Sequence[Hunk]) -> None:
    """Make the edits in a shared text that reads ``text``, leaving everything else (and the cursors there) alone."""
    if not edits:
        return
    places = []
    at = size = 0
    for edit in edits:
        # pycrdt counts the bytes of UTF-8.
        size += len(text[at : edit.start].encode())
        removed = len(text[edit.start : edit.end].encode())
        places.append((size, size + removed, edit.text))
        size += removed
        at = edit.end
    with shared.doc.transaction():
        for start, end, new in reversed(places):
            if new:
                shared.insert(end, new)
            if end > start:
                del shared[start:end]
