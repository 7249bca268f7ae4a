"""What of a worktree's changes is chosen, and the tree that a commit of it has. Reads files, and never writes one: what
is left out stays in them, also where people have them open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fastjsonschema import JsonSchemaValueException

from ...kit.errors import Conflict, Invalid
from ..contents.file_merge import Version
from ..contents.hunks import applied, hunks
from .command import Git
from .diff import against_head, has_parts, notebook_change
from .status import Edit, changes, head_blob
from .stripping import stripped_file
from .trees import own_index, store, version_on_disk

# Read from what git is given: too many, and too odd, for arguments.
PATHS = ("--pathspec-from-file=-", "--pathspec-file-nul")


@dataclass(frozen=True)
class Chosen:
    """``whole``: files with everything that changed in them; ``partial``: of others the names of parts."""

    whole: list[Edit]
    partial: dict[Edit, list[str]]

    @property
    def edits(self) -> list[Edit]:
        return [*self.whole, *self.partial]


def choose(git: Git, paths: Sequence[str], partial: Mapping[str, Sequence[str]], none: bool = False) -> Chosen:
    """The changed files that are named; nothing that is not in the status can be.

    Parameters
    ----------
    none
        Whether nothing at all may be chosen.
    """
    there = {edit.path: edit for edit in changes(git)}
    if missing := [path for path in (*paths, *partial) if path not in there]:
        raise Conflict(
            "not_changed", f"{', '.join(missing[:3])} is not among the changed files any more.", "Look again."
        )
    some = {path: list(parts) for path, parts in partial.items() if parts and path not in paths}
    if not paths and not some and not none:
        raise Invalid("no_files", "No file is chosen.", "Tick at least one.", "paths")
    return Chosen([there[path] for path in dict.fromkeys(paths)], {there[path]: parts for path, parts in some.items()})


def staged(git: Git, head: str, chosen: Chosen) -> str:
    """The tree of ``head`` with what is chosen, made in an index of its own."""
    with own_index(git, head) as index:
        if chosen.whole:
            given = b"\0".join(edit.raw for edit in chosen.whole)
            git.run("add", "--all", "--force", "--sparse", *PATHS, env=index, given=given)
        lines = []
        for edit, version in _made(git, chosen):
            mode, blob = store(git, version)
            lines.append(f"{mode} {blob}\t".encode() + edit.raw + b"\0")
        if lines:
            git.run("update-index", "--add", "-z", "--index-info", env=index, given=b"".join(lines))
        return git.text("write-tree", env=index)


def _made(git: Git, chosen: Chosen) -> Iterator[tuple[Edit, Version]]:
    """The files of which the commit has something else than the worktree."""
    for edit, parts in chosen.partial.items():
        version = with_parts(git, edit, parts)
        yield edit, _without_outputs(git, edit, version) if git.strip_outputs else version
    if git.strip_outputs:
        assert git.tree is not None
        for edit in chosen.whole:
            there = version_on_disk(git.tree, edit.raw) if edit.raw.endswith(b".ipynb") else None
            if there is not None and there.mode.startswith("100"):
                yield edit, _without_outputs(git, edit, there)


def _without_outputs(git: Git, edit: Edit, version: Version) -> Version:
    if not edit.raw.endswith(b".ipynb"):
        return version
    return replace(version, content=stripped_file(version.content or b"", head_blob(git, edit.raw)))


def with_parts(git: Git, edit: Edit, parts: Iterable[str], without: bool = False) -> Version:
    """A changed file as the last commit has it, with some of its changes; ``without``: with all the others.

    Raises
    ------
    Conflict
        It does not have these changes any more.
    """
    assert git.tree is not None
    there = version_on_disk(git.tree, edit.raw)
    chosen = set(parts)
    if there is not None and there.content is not None and has_parts(git, edit):
        old = head_blob(git, edit.raw)
        notebook = notebook_change(git, edit.raw, old, there.content)
        found = hunks(git.run(*diff)) if notebook is None and (diff := against_head(edit)) else []
        known = set(notebook.parts if notebook is not None else [hunk.part for hunk in found])
        if chosen <= known:
            taken = known - chosen if without else chosen
            if taken == known:
                return there
            try:
                content = notebook.compose(taken) if notebook is not None else applied(old, taken, found)
            except JsonSchemaValueException as error:
                raise Conflict(
                    "invalid_notebook", f"{edit.path} is no valid notebook ({error.message}), so it has to stay whole.",
                    "Tick all of its changes, or mend it.",
                ) from None  # fmt: skip
            return Version(there.mode, content)
    raise Conflict(
        "parts_changed", f"{edit.path} has changed since its changes were chosen.", "Look at it, and choose again.",
        "partial",
    )  # fmt: skip
