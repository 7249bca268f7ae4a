"""Three versions of a file into one: notebooks by cell, texts by line or word, anything else as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ...kit.notebooks.text_merge import Hunk, applied, merge_text
from .conflicts import Choices, Conflict
from .notebook_merge import merge_notebooks, parse

LARGEST_NOTEBOOK = 200 * 2**20
LARGEST_TEXT = 2 * 2**20
REGULAR = "100644"


@dataclass(frozen=True)
class Version:
    """A file as one side has it: ``mode`` as git writes it (``100755``, ``120000``), ``content`` None for what has none
    here: a submodule, of which ``commit`` is named, or a folder."""

    mode: str
    content: bytes | None
    commit: str = ""


@dataclass(frozen=True)
class MergedFile:
    """``version`` is None where the file is gone; with ``conflicts`` it holds both sides where that is possible."""

    version: Version | None
    conflicts: list[Conflict] = field(default_factory=list)


def merge_file(
    path: str, base: Version | None, mine: Version | None, theirs: Version | None, choices: Choices
) -> MergedFile:
    """What becomes of one file. Takes some 100 ms for a notebook with 50 MB of outputs: for worker processes."""
    if mine == theirs or theirs == base:
        return MergedFile(mine)
    if mine == base:
        return MergedFile(theirs)
    if mine is not None and theirs is not None and _regular(mine) and _regular(theirs):
        mode = theirs.mode if base is not None and mine.mode == base.mode else mine.mode
        old = base.content if base is not None and _regular(base) else None
        assert mine.content is not None
        assert theirs.content is not None
        if path.endswith(".ipynb") and len(mine.content) + len(theirs.content) <= LARGEST_NOTEBOOK:
            notebooks = parse(old), parse(mine.content), parse(theirs.content)
            if all(notebook is not None for notebook in notebooks):
                content, conflicts = merge_notebooks([notebook or {} for notebook in notebooks], choices)
                return MergedFile(Version(mode, content), conflicts)
        texts = [_text(content) for content in (old or b"", mine.content, theirs.content)]
        # Two halves of broken notebooks make no whole one.
        if not path.endswith(".ipynb") and all(text is not None for text in texts):
            merged, conflicts = _merge_texts([text or "" for text in texts], choices)
            return MergedFile(Version(mode, merged.encode()), conflicts)
    return _whole(base, mine, theirs, choices)


def _merge_texts(versions: list[str], choices: Choices) -> tuple[str, list[Conflict]]:
    base, mine, theirs = versions
    # Commits by lines, as git does: code means something else when its neighbour changes.
    merged = merge_text(base, mine, theirs, words=choices.step == "changes")
    edits = list(merged.edits)
    left = []
    for number, clash in enumerate(merged.clashes, 1):
        here = mine[clash.ours_start : clash.ours_end]
        conflict = choices.conflict("text", str(number), [base[clash.start : clash.end], here, clash.theirs])
        choice = choices.of(conflict)
        if choice is None:
            left.append(conflict)
        take = choice.take if choice is not None else "both"
        if take == "theirs":
            edits.append(Hunk(clash.ours_start, clash.ours_end, clash.theirs))
        elif take == "both":
            apart = "" if here.endswith("\n") or not here else "\n"
            edits.append(Hunk(clash.ours_end, clash.ours_end, apart + clash.theirs))
        elif take == "edited":
            assert choice is not None
            edits.append(Hunk(clash.ours_start, clash.ours_end, choice.text))
    return applied(mine, sorted(edits, key=lambda edit: (edit.start, edit.end))), left


def _whole(base: Version | None, mine: Version | None, theirs: Version | None, choices: Choices) -> MergedFile:
    conflict = choices.conflict("file", "", [_told(version) for version in (base, mine, theirs)])
    choice = choices.of(conflict)
    take = choice.take if choice is not None else "both"
    kept = theirs if take == "theirs" or (take == "both" and mine is None) else mine
    return MergedFile(kept, [] if choice is not None else [conflict])


def _regular(version: Version) -> bool:
    return version.mode.startswith("100")


def _text(content: bytes) -> str | None:
    if len(content) > LARGEST_TEXT or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _told(version: Version | None) -> str | None:
    """A file for people, and different for different files."""
    if version is None:
        return None
    if version.content is None:
        return f"a submodule at {version.commit[:7]}" if version.commit else "a folder"
    if version.mode == "120000":
        return f"a link to {version.content.decode(errors='backslashreplace')}"
    text = _text(version.content)
    if text is not None and len(text) <= 20_000:
        return text
    return f"{len(version.content)} bytes, {hashlib.sha256(version.content).hexdigest()[:12]}"
