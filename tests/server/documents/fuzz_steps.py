"""What people, editors, git and a murderer do to a shared notebook in the fuzz, one step at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

from tests.fakes.keystrokes import found, unique_keys, write_notebook
from tests.fakes.remotes import git
from tests.fakes.restarts import Mortal
from tests.fakes.typists import Typist
from tests.server.documents.oracle import LOOKED_AT, Oracle

CELLS = 8
LONG = 160
"""Characters of a cell from which on people delete more than they type."""
SHOWN = int(os.environ.get("ATRIUM_SHOWN", "60"))
"""Steps that are printed with a violation, beside those that concern what is lost."""
WATCHED = bool(os.environ.get("ATRIUM_WATCHED"))
"""Whether the history tells when a key disappears; costs time."""
TYPISTS = 4


class Violation(AssertionError):
    """What must not happen has happened."""


class Steps:
    """A server, the people on it, and each thing that may happen. A step that is not possible now returns False."""

    def __init__(self, mortal: Mortal, seed: int, *, run: bool = False) -> None:
        self.mortal, self.seed, self.run = mortal, seed, run
        self.chance = random.Random(seed)
        self.oracle = Oracle()
        self.steps = 0
        self.counts: Counter[str] = Counter()
        self.history: deque[str] = deque(maxlen=20_000)
        self.folder = mortal.home / "work/projects/shop/main/fuzz"
        self.file = write_notebook(self.folder / "fuzzed.ipynb", {f"c{n}": "" for n in range(4)})
        self.oracle.made(*(f"c{n}" for n in range(4)))
        self.names = 0
        self.commits: list[str] = []
        self._keys = unique_keys()
        self._began = time.monotonic()
        self._background: set[asyncio.Task[None]] = set()
        self._editing = asyncio.Lock()
        self._replaced = 0.0
        git(self.folder, "init", "--quiet", "--initial-branch=main")
        self.typists = [Typist(mortal.url, self._token(n), self.path, name=f"t{n}") for n in range(TYPISTS)]
        for typist in self.typists:
            typist.notices = _Notices(self, typist)
            if WATCHED:
                self._watch(typist)

    @property
    def path(self) -> str:
        return self.file.relative_to(self.mortal.home / "work").as_posix()

    def _token(self, number: int) -> str:
        return self.mortal.server.tokens["ana" if number % 2 else "bo"]

    async def _soon(self, condition: Callable[[], bool], seconds: float = 10) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError, KeyError):
                if condition():
                    return True
            await asyncio.sleep(0.1)
        return False

    # People

    def _type(self, typist: Typist) -> bool:
        cells = typist.cell_ids()
        if not cells:
            return False
        cell_id = self.chance.choice(cells)
        source = typist.source(cell_id)
        if len(source) > LONG:
            return self._delete(typist)
        gaps = [0, *(at + 1 for at, character in enumerate(source) if character in " \n")]
        position = self.chance.choice(gaps)
        for _ in range(self.chance.choice([1, 1, 2, 4])):
            key = next(self._keys)
            typist.type(cell_id, position, key + self.chance.choice("    \n"))
            position += 2
            self.oracle.type(typist, cell_id, key, f"step {self.steps}")
            self._note(f"types {key} into {cell_id[:6]}", typist)
        return True

    def _delete(self, typist: Typist) -> bool:
        cells = [id for id in typist.cell_ids() if typist.source(id)]
        if not cells:
            return False
        cell_id = self.chance.choice(cells)
        source = typist.source(cell_id)
        start = self.chance.randrange(len(source))
        stop = min(len(source), start + self.chance.choice([1, 2, 10, 60]))
        self.oracle.delete(source[start:stop])
        typist.delete(cell_id, start, stop)
        self._note(f"deletes {source[start:stop]!r} from {cell_id[:6]}", typist)
        return True

    def _insert_cell(self, typist: Typist) -> bool:
        if len(typist.cells) >= CELLS:
            return self._delete_cell(typist)
        key = next(self._keys)
        id = typist.insert_cell(
            self.chance.randint(0, len(typist.cells)), f"{key} ", self.chance.choice(["code", "markdown"])
        )
        self.oracle.made(id)
        self.oracle.type(typist, id, key, f"step {self.steps}")
        self._note(f"inserts {id[:6]} with {key}", typist)
        return True

    def _delete_cell(self, typist: Typist) -> bool:
        cells = typist.cell_ids()
        if len(cells) < 3:
            return False
        cell_id = self.chance.choice(cells)
        self.oracle.remove(typist, self.typists, cell_id, kept=False)
        self._note(f"deletes {cell_id[:6]} {typist.source(cell_id)!r}", typist)
        typist.delete_cell(cell_id)
        self.oracle.removed(typist, cell_id)
        return True

    def _move_cell(self, typist: Typist) -> bool:
        cells = typist.cell_ids()
        if len(cells) < 2:
            return False
        cell_id, index = self.chance.choice(cells), self.chance.randrange(len(cells))
        self._note(f"moves {cell_id[:6]} to {index}, {typist.source(cell_id)!r}", typist)
        typist.move_cell(cell_id, index)
        return True

    def _split_cell(self, typist: Typist) -> bool:
        cells = [id for id in typist.cell_ids() if len(typist.source(id)) > 1]
        if not cells or len(typist.cells) >= CELLS:
            return False
        cell_id = self.chance.choice(cells)
        position = self.chance.randrange(len(typist.source(cell_id)))
        self._note(f"splits {cell_id[:6]} {typist.source(cell_id)!r} at {position}", typist)
        new = typist.split_cell(cell_id, position)
        self.oracle.made(new)
        self._note(f"... into {new[:6]}", typist)
        return True

    def _merge_cells(self, typist: Typist) -> bool:
        cells = typist.cell_ids()
        if len(cells) < 3:
            return False
        index = self.chance.randrange(len(cells) - 1)
        both = cells[index : index + 2]
        if both[0] == both[1]:
            return False
        for cell_id in both:
            self.oracle.remove(typist, self.typists, cell_id, kept=True)
        texts = [typist.source(cell_id) for cell_id in both]
        new = typist.merge_cells(both[0])
        self.oracle.made(str(new))
        self.oracle.removed(typist, *both)
        self._note(f"merges {both[0][:6]} and {both[1][:6]} into {str(new)[:6]}, {texts}", typist)
        return True

    async def _run(self, typist: Typist) -> bool:
        cells = [str(cell["id"]) for cell in typist.cells if cell["cell_type"] == "code"]
        if not cells or not typist.connected:
            return False
        cell_id = self.chance.choice(cells)
        self._note(f"runs {cell_id[:6]}", typist)
        self._later(self._run_quietly(typist, cell_id))
        return True

    async def _run_quietly(self, typist: Typist, cell_id: str) -> None:
        typist.path = self.path
        with contextlib.suppress(OSError):
            await typist.run(cell_id)

    # Connections

    async def _disconnect(self, typist: Typist) -> bool:
        if not typist.connected:
            return False
        abruptly = self.chance.random() < 0.5
        self.oracle.cut(typist)
        await typist.disconnect(abruptly=abruptly)
        self._note("goes offline", typist)
        return True

    async def _reconnect(self, typist: Typist) -> bool:
        if typist.connected:
            return False
        # Whether the connection broke by itself is not told to the oracle: what was typed since is as good as offline.
        typist.path = self.path
        try:
            await typist.reconnect(30)
            await typist.mark()
        except ConnectionError as error:
            self._note(f"could not come back: {error}", typist)
            if typist.closed and typist.closed[0] == 1003:
                self._fail(f"{typist.name} was sent away for good: {typist.closed}")
            return False
        self.oracle.safe(typist)
        self._note("is back", typist)
        return True

    async def _close_tab(self, typist: Typist) -> bool:
        self.oracle.forget(typist)
        await typist.disconnect(abruptly=self.chance.random() < 0.5)
        typist.forget()
        typist.path = self.path
        await self._soon_connected(typist)
        self._note("closed the tab and opened another", typist)
        return True

    async def _soon_connected(self, typist: Typist) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                await typist.connect()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    self._fail(f"{typist.name} cannot open {self.path}: {error}")
                await asyncio.sleep(0.2)

    async def _mark(self, typist: Typist) -> bool:
        if not typist.connected:
            return False
        with contextlib.suppress(ConnectionError):
            await typist.mark()
        return True

    async def _save(self, typist: Typist) -> bool:
        if not typist.connected:
            return False
        with contextlib.suppress(ConnectionError):
            told = await typist.save()
            self._note(f"saves: {told['status']} {told.get('message', '')}", typist)
        return True

    def _look(self, typist: Typist) -> None:
        typist.look({"user": {"name": typist.name}, "at": self.steps})

    # The server

    async def _kill(self, _: Typist) -> None:
        for one in self.typists:
            self.oracle.cut(one)
        self.mortal.kill()
        # What is typed before a tab hears of it is as lost with the tab as what is typed offline.
        await asyncio.gather(*(one.socket.closed for one in self.typists))
        self._note("the server is killed", None)
        starting = asyncio.create_task(asyncio.to_thread(self.mortal.start))
        while not starting.done():
            for _number in range(self.chance.randint(0, 2)):
                self._type(self.chance.choice(self.typists))
            await asyncio.sleep(self.chance.uniform(0.02, 0.3))
        await starting
        self._note("the server is back", None)
        for typist in self.typists:
            if self.chance.random() < 0.3:
                await self._close_tab(typist)
            elif self.chance.random() < 0.8:
                await self._reconnect(typist)

    # The file

    async def _edit_file(self, _: Typist) -> bool:
        if self._editing.locked():
            return False
        await self._editing.acquire()
        self._later(self._edit())
        return True

    async def _edit(self) -> None:
        """Read, think, write; in place or by renaming."""
        try:
            before = self.file.read_text()
            content = json.loads(before)
            what, gone, cell = self._change(content)
            await asyncio.sleep(self.chance.choice([0, 0, self.chance.uniform(0, 0.2), self.chance.uniform(0, 2.5)]))
            after = json.dumps(content, indent=1, ensure_ascii=self.chance.random() < 0.5) + "\n"
            if self.chance.random() < 0.5:
                self.file.write_text(after)
                how = "in place"
            else:
                other = self.folder / "new"
                other.write_text(after)
                other.replace(self.file)
                how = "renamed"
            self._written(_text(before), _text(after), f"{what}, {how}", gone, cell, _ids(after))
        finally:
            self._editing.release()

    def _change(self, content: dict[str, Any]) -> tuple[str, set[str], str]:
        """What to do to the notebook, the ids of the cells that are gone by it, and of the one that has a new key."""
        cells = content["cells"]
        cell = self.chance.choice(cells)
        source = "".join(cell["source"])
        way = self.chance.choice(["add", "add", "add", "cut", "new cell", "delete cell", "reorder"])
        if way == "new cell":
            key = next(self._keys)
            new = {"cell_type": "code", "id": f"disk{self.steps}-{len(cells)}", "metadata": {}, "outputs": []}
            cells.insert(self.chance.randint(0, len(cells)), {**new, "execution_count": None, "source": key})
            return f"new cell {new['id']} with {key}", set(), new["id"]
        if way == "delete cell" and len(cells) > 2:
            cells.remove(cell)
            return f"deletes cell {cell['id'][:6]}", {cell["id"]}, ""
        if way == "reorder":
            cells.insert(self.chance.randrange(len(cells)), cells.pop(cells.index(cell)))
            return f"reorders {cell['id'][:6]}", set(), ""
        at = self.chance.choice([0, *(place + 1 for place, character in enumerate(source) if character in " \n")])
        if way == "cut" and source:
            cell["source"] = source[:at] + source[at + 4 :]
            return f"cuts {source[at : at + 4]!r} from {cell['id'][:6]}", set(), ""
        key = next(self._keys)
        cell["source"] = f"{source[:at]}{key} {source[at:]}"
        return f"adds {key} to {cell['id'][:6]}", set(), cell["id"]

    def _written(
        self, before: str, after: str, how: str, gone: set[str], cell: str = "", ids: Iterable[str] = ()
    ) -> None:
        self._note(f"on disk: {how}; new {''.join(found([after]) - found([before]))}", None)
        self.oracle.write(before, after, how, gone, cell)
        self.oracle.made(*ids)
        self._replaced = time.monotonic()

    def _commit(self, _: Typist | None = None) -> None:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", f"step {self.steps}")
        self.commits.append(git(self.folder, "rev-parse", "HEAD"))
        self._note("git commit", None)

    def _checkout(self, _: Typist) -> bool:
        """An earlier version from git; the server is held meanwhile, so that it is known what git replaces."""
        # Of two that write the file in one moment the room sees the second only, as if it had replaced the last save.
        if time.monotonic() < self._replaced + LOOKED_AT:
            return False
        commit = self.chance.choice(self.commits[-5:])
        name = self.file.name
        if self._editing.locked() or name not in git(self.folder, "ls-tree", "--name-only", commit).split("\n"):
            return False
        os.kill(self.mortal.pid, signal.SIGSTOP)
        try:
            before = self.file.read_text()
            git(self.folder, "checkout", "--quiet", commit, "--", name)
            after = self.file.read_text()
        finally:
            os.kill(self.mortal.pid, signal.SIGCONT)
        gone = set(_ids(before)) - set(_ids(after))
        self._written(_text(before), _text(after), f"git checkout {commit[:7]}", gone, ids=_ids(after))
        return True

    async def _rename(self, _: Typist) -> bool:
        # A file that is replaced and moved in one moment cannot be told from another one.
        if self._editing.locked() or time.monotonic() < self._replaced + LOOKED_AT:
            return False
        await self._editing.acquire()
        self.names += 1
        new = self.folder / f"fuzzed{self.names}.ipynb"
        if self.chance.random() < 0.5:
            self.file.rename(new)
            how = "mv"
        else:
            target = new.relative_to(self.mortal.home / "work").as_posix()
            status, reply = self.mortal.server.request("PATCH", f"api/contents/{self.path}", {"path": target})
            if status != 200:
                self._fail(f"renaming was refused: {status} {reply}")
            how = "through Jupyter"
        self.file = new
        self._note(f"renamed to {new.name} {how}", None)
        self._later(self._seen())
        return True

    async def _seen(self) -> None:
        await asyncio.sleep(LOOKED_AT)
        self._editing.release()

    # Telling

    def _watch(self, typist: Typist) -> None:
        """Have the history tell when a key that must be there disappears before somebody's eyes."""
        before: set[str] = set()

        def look() -> None:
            nonlocal before
            now = set(found(typist.sources()))
            if gone := {key for key in before - now if key in self.oracle.must}:
                places = sources_by_id(typist)
                self._note(f"sees {''.join(sorted(gone))} disappear; left {places}", typist)
            before = now

        typist.observe(look)

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _note(self, what: str, typist: Typist | None) -> None:
        at = time.monotonic() - self._began
        who = f"{typist.name}{'' if typist.connected else ' (offline)'} " if typist else ""
        self.history.append(f"{at:8.3f} #{self.steps} {who}{what}")

    def _tell(self, key: str) -> str:
        known = self.oracle.must[key]
        return f"{key} of {known.by.name if known.by else 'the file'} in {known.cell_id[:6]} ({known.how})"

    def _fail(self, what: str, keys: list[str] | None = None) -> None:
        last = list(self.history)
        story = [line for line in last[:-SHOWN] if any(key in line for key in (keys or [])[:8])]
        verdict = f"seed {self.seed}, step {self.steps}: {what}"
        raise Violation("\n".join([verdict, "", *story, "...", *last[-SHOWN:], "", verdict]))


class _Notices(list[dict[str, Any]]):
    """What a typist is told goes into the history, too."""

    def __init__(self, game: Steps, typist: Typist) -> None:
        super().__init__()
        self._game, self._typist = game, typist

    def append(self, told: dict[str, Any]) -> None:
        super().append(told)
        self._game._note(f"is told {told.get('kind')}: {told.get('message')}", self._typist)


def sources_by_id(typist: Typist) -> dict[str, str]:
    return dict(zip(typist.cell_ids(), typist.sources(), strict=True))


def _ids(text: str) -> list[str]:
    return [cell["id"] for cell in json.loads(text)["cells"]]


def _text(text: str) -> str:
    """Of all cells of a notebook's file."""
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def differ(one: dict[str, str], other: dict[str, str]) -> str:
    if list(one) != list(other):
        return f"cells {list(one)} and {list(other)}"
    return "; ".join(f"{id}: {one[id]!r} and {other[id]!r}" for id in one if one[id] != other[id])
