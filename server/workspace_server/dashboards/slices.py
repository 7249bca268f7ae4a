"""Which cells run again when widgets change: a dependency graph of cells in notebook order, and slices of it.

A slice holds the cells that show something which depends on a changed widget, and everything needed to run them in an
empty namespace, in the order of the notebook. (Running only what comes after the widget in a namespace that is left
over is wrong: after ``df = df[df.region == region]`` the rows of the other regions are gone.)

Where the analysis is not sure it takes more cells, never fewer. Cells that write are never in a slice.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import syntax
from .effects import ALL_WIDGETS, Effects, effects, groups, parse


@dataclass(frozen=True)
class Cell:
    """A code cell: its id, its text, whether it shows something, and the widgets it made when it was run."""

    id: str
    source: str
    shows: bool = False
    widgets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slice:
    """What runs when some widgets change.

    Attributes
    ----------
    run
        Ids of the cells to run in an empty namespace, in this order.
    show
        Those of them whose outputs are wanted.
    digest
        Of the text of all that runs; equal slices answer alike.
    text
        The same text, for finding which tables it may read.
    """

    run: tuple[str, ...]
    show: tuple[str, ...]
    digest: str
    text: str


class Slices:
    """The cells of one notebook and what depends on what.

    Parameters
    ----------
    cells
        All code cells, in order.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = list(cells)
        trees = [parse(cell.source) for cell in cells]
        origins = syntax.origins([tree for tree in trees if tree is not None])
        self._effects = [effects(tree, origins) for tree in trees]
        self._origins = origins
        self._widgets = {name: i for i, cell in enumerate(cells) for name in cell.widgets}
        self._needs: list[dict[int, set[str]]] = []
        self._writes: list[str] = []
        self._link()

    @property
    def widgets(self) -> set[str]:
        """Names of the widgets that the cells have made."""
        return set(self._widgets)

    def writing(self) -> dict[str, str]:
        """Cells that write, and what: they are never run for a viewer."""
        return {self._cells[i].id: what for i, what in enumerate(self._writes) if what}

    def follows(self, id: str) -> set[str]:
        """The widgets that what a cell shows depends on, whether or not it can be run again."""
        index = self._index(id)
        return {name for name, i in self._widgets.items() if index in self._dirty({i})}

    def fixed(self, id: str) -> str:
        """Why a cell that follows widgets stays as the last run left it; empty if it can be run again."""
        index = self._index(id)
        number = {i: f"cell {i + 1}" for i in range(len(self._cells))}
        if self._writes[index]:
            return f"Its cell writes ({self._writes[index]}), and cells that write are never run for a viewer."
        needed = self._closure([index])
        for i in sorted(needed):
            if self._writes[i]:
                names = sorted({name for j in needed for name in self._needs[j].get(i, ()) if name.isidentifier()})
                what = " and ".join(names[:3]) or "what it does"
                return (
                    f"It needs {what} of code {number[i]}, which also writes ({self._writes[i]}); cells that write are "
                    "never run for a viewer. Write in a cell of its own, or show what was written with ws.sql."
                )
        return ""

    def of(self, changed: Collection[str], visible: Collection[str] | None = None) -> Slice:
        """The slice for changed widgets; of ``visible`` cells only where given."""
        dirty = self._dirty({self._widgets[name] for name in changed})
        show = [
            i
            for i in sorted(dirty)
            if self._cells[i].shows
            and (visible is None or self._cells[i].id in visible)
            and not self.fixed(self._cells[i].id)
        ]
        run = sorted(self._closure(show))
        text = "\n\n".join(f"# {self._cells[i].id}\n{self._cells[i].source}" for i in run)
        shown = [self._cells[i].id for i in show]
        digest = hashlib.sha256("\0".join([text, *shown]).encode()).hexdigest()
        return Slice(tuple(self._cells[i].id for i in run), tuple(shown), digest, text)

    # The graph

    def _link(self) -> None:
        """Walk the notebook once, remembering for each name the cells that its present state comes from."""
        known = _Known(self._origins)
        state: dict[str, set[int]] = {}
        everything: set[int] = set()
        files: dict[str, set[int]] = {}
        for i, one in enumerate(self._effects):
            known.learn(one)
            used = known.spread(one.uses)
            # What functions bring along is needed even where the cell has made the functions itself.
            reads = one.reads | (used - one.uses)
            by_calls = set().union(*(known.later_changes[name] for name in used))
            changes = one.changes | by_calls | (reads & known.used_up)
            if ALL_WIDGETS in reads:
                reads |= {f"${name}" for name in self._widgets}
            called = next((known.writers[name] for name in sorted(used) if name in known.writers), "")
            self._writes.append(one.writes or called)
            needs: dict[int, set[str]] = {j: {"everything before"} for j in everything}
            if one.opaque:
                needs = {j: {"everything before"} for j in range(i)}
            for name in reads | one.may_make | by_calls:
                for j in state.get(name, ()):
                    needs.setdefault(j, set()).add(name)
            for text in one.texts:
                for j in files.get(text, ()):
                    needs.setdefault(j, set()).add("a file")
            self._needs.append(needs)
            for name in one.makes:
                state[name] = {i}
            for name in one.may_make:
                state.setdefault(name, set()).add(i)
            for name in changes:
                for alias in known.same.get(name, {name}):
                    state.setdefault(alias, set()).add(i)
            for name in self._cells[i].widgets:
                state[f"${name}"] = {i}
            for text in one.files if self._writes[i] else ():
                files.setdefault(text, set()).add(i)
            if one.opaque:
                everything.add(i)

    def _closure(self, starts: Iterable[int]) -> set[int]:
        found: set[int] = set()
        pending = list(starts)
        while pending:
            i = pending.pop()
            if i not in found:
                found.add(i)
                pending += self._needs[i]
        return found

    def _dirty(self, roots: set[int]) -> set[int]:
        dirty = set(roots)
        for i, needs in enumerate(self._needs):
            if any(j in dirty for j in needs):
                dirty.add(i)
        return dirty

    def _index(self, id: str) -> int:
        return next(i for i, cell in enumerate(self._cells) if cell.id == id)


def words(text: str) -> set[str]:
    """Every word of a text, as names of tables are looked for in it."""
    return set(re.findall(r"\w+", text))


class _Known:
    """What holds once some cells have run, in the notebook's order: the ones below have done nothing yet, neither in
    the run that made the snapshot nor in a slice.

    Attributes
    ----------
    same
        For each name all names that may share its object.
    later_changes, writers
        What using a name may change, and write, apart from what its :meth:`spread` adds.
    """

    def __init__(self, origins: Mapping[str, str]) -> None:
        # All names that come from one package share its state.
        self.same = groups({name, f"package {package}"} for name, package in origins.items())
        self.later_changes: defaultdict[str, set[str]] = defaultdict(set)
        self.writers: dict[str, str] = {}
        self._later: defaultdict[str, set[str]] = defaultdict(set)
        self._iterators: set[str] = set()
        self._generators: set[str] = set()
        self._results: defaultdict[str, set[str]] = defaultdict(set)

    def learn(self, one: Effects) -> None:
        """The next cell runs."""
        self.same = groups(one.aliases, self.same)
        for into, new in (
            (self._later, one.later),
            (self.later_changes, one.later_changes),
            (self._results, one.results),
        ):
            for name, names in new.items():
                into[name] |= names
        self.writers |= one.writers
        self._iterators |= one.iterators
        self._generators |= one.generators

    @property
    def used_up(self) -> set[str]:
        """Names that reading changes."""
        return self._iterators.union(*(self._results[function] for function in self._generators))

    def spread(self, names: set[str]) -> set[str]:
        """``names`` and all that using them reads: the globals of functions, and of functions that those call."""
        found: set[str] = set()
        pending = set(names)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending |= self._later[name] - found
        return found


__all__ = ["Cell", "Effects", "Slice", "Slices", "words"]
