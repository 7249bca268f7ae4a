"""How far a build is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workspace_ext.contract.environments import BuildPhase, Package

Report = Callable[[BuildPhase, str, int, int], None]
"""``report(phase, message, done, total)``; ``total`` 0: unknown. Called from the building thread."""


def silent(_phase: BuildPhase, _message: str, _done: int, _total: int) -> None:
    """A report to nobody."""


class Progress:
    """Counts what has arrived in the folder, and names what is being fetched."""

    def __init__(self, site: Path, packages: list[Package], report: Report) -> None:
        self._site = site
        self._total = len(packages)
        self._report = report
        self._fetching: list[str] = []
        self._arrived: list[str] = []
        self._said = ("", 0)

    def line(self, line: str) -> None:
        if line.startswith("Downloading "):
            self._fetching.append(line.removeprefix("Downloading "))
        elif line.startswith(("Downloaded ", "Building ", "Built ")):
            verb, name = line.split()[:2]
            name = name.partition("==")[0]
            self._fetching = [one for one in self._fetching if one.split()[0] != name]
            if verb == "Building":
                self._fetching.append(f"{name} (building)")

    def tick(self) -> None:
        there = {one.name.partition("-")[0] for one in self._site.glob("*.dist-info")}
        self._arrived += sorted(there.difference(self._arrived))
        done = min(len(self._arrived), self._total)
        if done:
            phase: BuildPhase = "installing"
            message = f"installing {self._arrived[-1]} ({done} of {self._total})"
        else:
            phase = "downloading"
            message = f"downloading {self._fetching[0]}" if self._fetching else f"preparing {self._total} packages"
        if (message, done) != self._said:
            self._said = (message, done)
            self._report(phase, message, done, self._total)
