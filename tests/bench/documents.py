"""Shared documents under load: `.venv/bin/python tests/bench/documents.py`, on a machine with nothing else to do.

Our server and jupyter-collaboration's run one after the other on this machine. Both get the same notebooks and the same
typists: raw WebSocket clients in processes of their own. Every figure is the median of its rounds.

propagation   N people type 5 keys/s each in one notebook, each in a cell of their own; how long until a probe, which
              types nothing, has each key; and how much the server (with its children) computes per key and client
durability    kill -9 while ten people type, start again: keys older than 100 ms that a new browser does not see
opening       from the request for a session until the whole document is there, the room not being open yet
memory        what the server's process grows by when a file with 20 MB of outputs is opened; and by opening and
              closing notebooks 300 times
journal       what the server keeps of a document, against the document
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench import measures
from tests.bench.servers import PEER, PEER_VERSION, Bench, ours, peer
from tests.bench.table import Row, Table, median

TYPISTS = (10, 20, 40, 80)
GOALS_P50 = {20: 20.0}
GOALS_P99 = {20: 60.0, 40: 150.0}
# Without one for ten: what the server does each time that it wakes up is then shared by few keys and clients.
GOALS_CPU = dict.fromkeys((20, 40, 80), 40.0)
TIMES_BETTER = 10
"""Than the peer's p99 with forty typists."""


class Benchmark:
    """Both servers, and the table that they fill."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.quick: bool = arguments.quick
        self.rounds = arguments.rounds or (1 if self.quick else 3)
        self.seed: int = arguments.seed
        self.with_peer: bool = not arguments.no_peer
        self.typists: tuple[int, ...] = tuple(arguments.typists) if arguments.typists else TYPISTS
        self.table = Table("Shared documents", ("Atrium", f"{PEER} {PEER_VERSION}"))

    def both(self, measure: Callable[[Bench], dict[str, float]], rounds: int | None = None) -> list[dict[str, float]]:
        """The medians of what ``measure`` tells of ours and, if wanted, of the peer; each round on a fresh server."""
        found = []
        for server in (ours, peer) if self.with_peer else (ours,):
            told = []
            for _ in range(rounds or self.rounds):
                with _folder() as folder, server(folder) as bench:
                    told.append(measure(bench))
            found.append({name: median([one[name] for one in told]) for name in told[0]})
        return found

    def row(self, name: str, unit: str, found: list[dict[str, float]], key: str, **more: object) -> Row:
        row = Row(name, unit, found[0][key], found[1][key] if len(found) > 1 else None, **more)  # type: ignore[arg-type]
        self.table.add(row)
        return row

    def propagation(self) -> None:
        seconds = 5.0 if self.quick else 20.0
        for typists in self.typists:
            found = self.both(lambda bench, n=typists: measures.propagation(bench, n, seconds, self.seed))  # type: ignore[misc]
            late = found[0]["late"]
            note = f"the load was {late:.0f} ms late (p99): too much for this machine" if late > 10 else ""
            self.row(f"{typists} typists, p50", "ms", found, "p50", goal=GOALS_P50.get(typists), note=note)
            row = self.row(f"{typists} typists, p99", "ms", found, "p99", goal=GOALS_P99.get(typists))
            if typists == 40 and row.peer is not None and row.ours:
                times = {"times": TIMES_BETTER * row.ours / row.peer}
                self.row("40 typists, p99 against the peer's", f"x 1/{TIMES_BETTER}", [times], "times", goal=1.0)
            self.row(f"{typists} typists, CPU per key and client", "us", found, "cpu", goal=GOALS_CPU.get(typists))

    def durability(self) -> None:
        kills = 3 if self.quick else 50
        chance = random.Random(self.seed)
        moments = [chance.uniform(2.0, 6.0) for _ in range(kills)]
        found = self.both(lambda bench: measures.durability(bench, moments, self.seed), 1)
        note = f"of {found[0]['typed']:.0f} and {found[1]['typed'] if len(found) > 1 else 0:.0f} typed"
        self.row(f"{kills} kills, keys lost", "keys", found, "lost", goal=0.0, note=note)
        self.row(f"{kills} kills, keys too many", "keys", found, "doubled", goal=0.0)

    def opening(self) -> None:
        found = self.both(measures.opening)
        self.row("1000 cells, cold", "s", found, "cells", goal=0.5)
        self.row("1000 cells, second client", "s", found, "again")
        self.row("20 MB of small outputs, cold", "s", found, "outputs", goal=0.6)
        self.row("20 MB of large outputs, cold", "s", found, "large", goal=0.6)

    def memory(self) -> None:
        rounds = 100 if self.quick else 300
        found = self.both(measures.growth)
        self.row("memory for 20 MB of outputs", "x file", found, "small", goal=3.0)
        self.row("memory for 20 MB of large outputs", "x file", found, "large", goal=3.0)
        found = self.both(lambda bench: measures.reopening(bench, rounds), 1)
        note = f"from {found[0]['before']:.0f} to {found[0]['after']:.0f} MB"
        self.row(f"memory after {rounds} openings", "% more", found, "more", goal=10.0, note=note)

    def journal(self) -> None:
        keys = 5_000 if self.quick else 20_000
        found = self.both(lambda bench: measures.journal(bench, keys, self.seed), 1)
        note = f"{found[0]['stored'] / 1e6:.1f} MB stored"
        self.row(f"journal after {keys} keys", "x document", found, "journal", goal=2.0, note=note)


ROWS = ("propagation", "durability", "opening", "memory", "journal")


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="atrium-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="one short round of each; tells little about the tail")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=ROWS, metavar="ROWS", help=", ".join(ROWS))
    parser.add_argument("--no-peer", action="store_true", help="measure ours alone")
    parser.add_argument("--rounds", type=int, help="3; with --quick 1")
    parser.add_argument("--typists", type=int, nargs="+", help="10 20 40 80")
    parser.add_argument("--seed", type=int, default=1)
    benchmark = Benchmark(parser.parse_args())
    for name in parser.parse_args().only:
        print(f"{name} ...", flush=True)
        getattr(benchmark, name)()
    print(f"\n{benchmark.table}")
    return 1 if benchmark.table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
