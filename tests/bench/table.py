"""What a benchmark prints: one row per figure, beside the peer's and the goal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Row:
    """A figure. ``goal`` None: told, not judged. Lower is better; ``None`` is a figure that was not measured."""

    name: str
    unit: str
    ours: float | None
    peer: float | None = None
    goal: float | None = None
    note: str = ""

    @property
    def missed(self) -> bool:
        return self.goal is not None and (self.ours is None or self.ours > self.goal)

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "MISSED" if self.missed else "ok"


@dataclass
class Table:
    """Rows in the order in which they were measured; each is told at once, all of them at the end."""

    title: str
    names: tuple[str, str]
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        print(
            f"  {row.name}: {shown(row.ours)} {row.unit}, {self.names[1]} {shown(row.peer)} {row.verdict}", flush=True
        )

    @property
    def missed(self) -> list[Row]:
        return [row for row in self.rows if row.missed]

    def __str__(self) -> str:
        head = ("", *self.names, "goal", "unit", "", "")
        lines = [
            (row.name, shown(row.ours), shown(row.peer), shown(row.goal), row.unit, row.verdict, row.note)
            for row in self.rows
        ]
        widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
        return "\n".join(
            [
                self.title,
                *(
                    "  ".join(
                        text.rjust(width) if column in (1, 2, 3) else text.ljust(width)
                        for column, (text, width) in enumerate(zip(line, widths, strict=True))
                    ).rstrip()
                    for line in [head, *lines]
                ),
            ]
        )


def shown(value: float | None) -> str:
    """Three significant digits; an infinite value never arrived."""
    if value is None:
        return "-"
    if value == float("inf"):
        return "never"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * percent // 100).__int__() - 1))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
