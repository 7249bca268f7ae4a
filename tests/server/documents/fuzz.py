"""`make fuzz`: people, editors, git and kill -9 at random, against an oracle that accounts for every key.

`python -m tests.server.documents.fuzz [--seconds 120] [--steps N] [--seed N] [--run]` ends with status 1 at the first
violation, with the seed and the last steps. A seed repeats the choices; the moments are the machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fakes.keystrokes import found, read_notebook
from tests.fakes.restarts import start_mortal
from tests.fakes.typists import Typist, converge
from tests.server.documents.fuzz_steps import Steps, Violation, differ, sources_by_id

CHECK_EVERY = 200
STEPS = {
    "type": 60, "delete": 6, "insert_cell": 4, "delete_cell": 2, "move_cell": 4, "split_cell": 3, "merge_cells": 3,
    "disconnect": 3, "reconnect": 8, "close_tab": 1, "mark": 1, "save": 1, "look": 2, "edit_file": 4, "commit": 1,
    "checkout": 0.7, "rename": 0.7, "kill": 0.4,
}  # fmt: skip


class Fuzz(Steps):
    """One run on one server."""

    async def play(self, seconds: float, steps: int) -> None:
        """Until time or steps are used up.

        Raises
        ------
        Violation
        """
        for typist in self.typists:
            await typist.connect()
        self._commit()
        deadline = time.monotonic() + seconds
        names, weights = list(STEPS), list(STEPS.values())
        if self.run:
            names, weights = [*names, "run"], [*weights, 1.0]
        while self.steps < steps and time.monotonic() < deadline:
            (name,) = self.chance.choices(names, weights)
            typist = self.chance.choice(self.typists)
            self.steps += 1
            done = getattr(self, f"_{name}")(typist)
            if asyncio.iscoroutine(done):
                done = await done
            if done is not False:
                self.counts[name] += 1
            if self.steps % CHECK_EVERY == 0:
                await self.check()
            if self.chance.random() < 0.7:
                await asyncio.sleep(self.chance.uniform(0, 0.03))
        await self.check()
        for typist in self.typists:
            await typist.disconnect()

    async def check(self) -> None:
        """Everybody comes back and rests; then all must be equal, and nothing missing.

        Raises
        ------
        Violation
        """
        while self._background:
            await asyncio.gather(*self._background)
        for typist in self.typists:
            if not typist.connected:
                await self._reconnect(typist)
        fresh = await Typist(self.mortal.url, self._token(0), self.path, name="fresh").connect()
        try:
            await converge([*self.typists, fresh], 20)
        except AssertionError as error:
            self._fail(str(error))
        there: Counter[str] = Counter()

        def lost() -> bool:
            nonlocal there
            there = found(fresh.sources())
            return bool(self.oracle.lost(there))

        await self._soon(lambda: not lost())
        if missing := sorted(self.oracle.lost(there)):
            self._fail(f"{len(missing)} keys are lost: " + "; ".join(map(self._tell, missing[:8])), missing)
        await self._soon(lambda: len(set(fresh.cell_ids())) == len(fresh.cell_ids()))
        if twice := [id for id, count in Counter(fresh.cell_ids()).items() if count > 1]:
            self._fail(f"cells with the same id: {twice}")
        if not await self._soon(lambda: list(read_notebook(self.file).items()) == list(sources_by_id(fresh).items())):
            self._fail(f"the file is not the document: {differ(read_notebook(self.file), sources_by_id(fresh))}")
        if ghosts := [file.name for file in self.folder.glob("*.ipynb") if file != self.file]:
            self._fail(f"files that nobody made: {ghosts}")
        await converge([*self.typists, fresh], 20)
        self.oracle.settle(found(fresh.sources()), fresh.cell_ids())
        await fresh.disconnect()
        self._note(f"checked: {sources_by_id(fresh)}", None)


def fuzz(folder: Path, seed: int, seconds: float, steps: int, *, run: bool = False) -> Fuzz:
    """One run in a new home below ``folder``; see :class:`Fuzz`."""
    with start_mortal(folder / "home") as mortal:
        game = Fuzz(mortal, seed, run=run)
        try:
            asyncio.run(game.play(seconds, steps))
        except Violation:
            print((folder / "server.log").read_text()[-4000:], file=sys.stderr)
            raise
        return game


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100_000)
    parser.add_argument("--run", action="store_true", help="run cells as well (builds an environment first)")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="atrium-fuzz-", ignore_cleanup_errors=True) as folder:
        try:
            game = fuzz(Path(folder), arguments.seed, arguments.seconds, arguments.steps, run=arguments.run)
        except Violation as violation:
            print(violation)
            return 1
    done = ", ".join(f"{name} {count}" for name, count in sorted(game.counts.items()))
    print(f"seed {arguments.seed}: {game.steps} steps, {game.oracle.typed} keys, no violation ({done})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
