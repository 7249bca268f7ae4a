"""What the tests of the promise share: work that goes on whatever happens, and what of that happens, at random.

What happens, in which order, `ATRIUM_CLUSTER_SEED` says, and how much of it, `ATRIUM_CLUSTER_STEPS`; `make fuzz
ROOM=clusters` does more of it than fits into every run of the tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tests.fakes.servers import Server
from tests.server.clusters import helpers
from tests.server.clusters.helpers import NOTEBOOK, ask, wait_for
from workspace_server.environments.runtime import materialise
from workspace_server.kit.home import Home

STEPS = int(os.environ.get("ATRIUM_CLUSTER_STEPS", "4"))
GOOD = ("six==1.16.0", "six==1.17.0")
BAD = "no-such-package-xyz123"
PATIENCE = 90.0
LOADS = Path(__file__).with_name("loads.py")

L = TypeVar("L")
T = TypeVar("T")


class Load:
    """Tasks that run all along, submitted from one environment or, on somebody's scheduler, from none."""

    def __init__(self, server: Server, number: int, address: str, python: Path, told: dict[str, Any] | None) -> None:
        self.address = address
        self.prefix = python.parent.parent
        self._said = server.home.parent / f"load-{number}.txt"
        self._wrong = self._said.with_suffix(".err")
        attached = {"ATRIUM_CLUSTER": json.dumps(told)} if told else {}
        with self._said.open("wb") as out, self._wrong.open("wb") as errors:
            self.process = subprocess.Popen(
                [python, LOADS, address],
                env={**variables(server), **attached}, stdout=out, stderr=errors, start_new_session=True,
            )  # fmt: skip

    @classmethod
    def of(cls, server: Server, told: dict[str, Any], number: int) -> Load:
        """What a notebook's kernel that is told so submits."""
        python = server.home / "environments" / told["environment"] / "bin" / "python"
        return cls(server, number, told["address"], python, told)

    def batches(self) -> list[set[str]]:
        return [set(json.loads(line)) for line in self._said.read_text().splitlines(keepends=True) if line[-1] == "\n"]

    def is_served(self, where: Path | None = None) -> None:
        """More tasks are answered than were so far, of them some below a folder."""
        before = len(self.batches())

        def answered() -> bool:
            said = self.batches()[before:]
            return len(said) > 1 and (where is None or any(str(where) in one for batch in said for one in batch))

        until(answered, lambda: f"no task is answered: {self._wrong.read_text()[-2000:]}")

    def ran(self) -> set[str]:
        """The environments that its tasks ran in."""
        return set().union(*self.batches())


class Elsewhere:
    """A cluster on hosts of their own that a notebook uses, under load, while its requirements change."""

    def __init__(self, server: Server, address: str, stack: contextlib.ExitStack) -> None:
        self.server, self.stack = server, stack
        self.good = 1
        self.loads: list[tuple[Load, str]] = []
        wanted = {"notebook": NOTEBOOK, "kind": "dask", "address": address}
        self.id: str = server.api("POST", "/clusters", wanted)["cluster"]["id"]
        wait_for(server, self.id, "running")

    @property
    def load(self) -> Load:
        return self.loads[-1][0]

    def begin(self) -> None:
        """Work in the environment of now, beside what there is."""
        status, told = ask(self.server, NOTEBOOK)
        assert status == 200, told
        load = Load.of(self.server, told, len(self.loads) + 1)
        self.loads.append((load, f"{load.prefix.name} {GOOD[self.good].partition('==')[2]}"))
        self.stack.callback(end, load.process)
        load.is_served()

    def kept(self) -> None:
        """No task ran in another environment than that of whoever asked for it."""
        for load, wanted in self.loads:
            assert {Path(one).name for one in load.ran()} == {wanted}

    def cluster(self) -> dict[str, Any]:
        found: dict[str, Any] = self.server.api("GET", f"/clusters/{self.id}")
        return found

    def declare(self, line: str) -> None:
        (self.server.home / "work" / NOTEBOOK).with_name("requirements.txt").write_text(line + "\n")

    def change(self) -> None:
        self.good = 1 - self.good
        self.declare(GOOD[self.good])
        assert ask(self.server, NOTEBOOK)[1]["code"] == "other_environment"
        self.load.is_served()

    def restart(self) -> None:
        self.server.api("POST", f"/clusters/{self.id}/restart", {"notebook": NOTEBOOK})

    def requirements_fail(self) -> None:
        """What ran serves on, and says why it is no other."""
        self.declare(BAD)
        self.restart()
        until(lambda: self.cluster()["error"], self.cluster)
        now = self.cluster()
        assert (now["state"], now["error"]["code"]) == ("running", "unknown_package"), now
        self.load.is_served()
        self.declare(GOOD[self.good])
        assert ask(self.server, NOTEBOOK)[0] == 200


class HandMade:
    """A worker that somebody starts."""

    def __init__(self, server: Server, python: Path, address: str, *options: str) -> None:
        self._log = server.home.parent / "worker.log"
        line = [python, "-m", "distributed.cli.dask_worker", address, "--no-dashboard", "--no-nanny", *options]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                line, cwd=server.home.parent, env=variables(server), stdout=log, stderr=log, start_new_session=True
            )

    def said(self) -> str:
        return self._log.read_text()

    def end(self) -> None:
        end(self.process)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def variables(server: Server) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(materialise(Home(server.home)))}


def until(true: Callable[[], T], otherwise: Callable[[], object]) -> T:
    return helpers.until(true, otherwise, PATIENCE)


def begin() -> random.Random:
    """The chance of this run, which it tells."""
    seed = int(os.environ.get("ATRIUM_CLUSTER_SEED") or random.SystemRandom().randrange(10**6))
    print(f"ATRIUM_CLUSTER_SEED={seed} ATRIUM_CLUSTER_STEPS={STEPS}")
    return random.Random(seed)


def drawn(
    chance: random.Random, crossing: Sequence[Callable[[L], None]], others: Sequence[Callable[[L], None]], count: int
) -> list[Callable[[L], None]]:
    """So many steps, however few with those in them that could bring another environment in."""
    steps = [*crossing, *(chance.choice([*crossing, *others]) for _ in range(count - len(crossing)))]
    return chance.sample(steps, len(steps))


def step(one: Callable[[L], None], life: L) -> None:
    print(f"{time.monotonic():.0f} {one.__name__}", flush=True)
    one(life)
