"""Made-up daily sales of three stores. Seeded: every machine gets the same numbers, and none of them is real.

A store's day is a base with a trend, a weekly and a yearly season, a lift in December, and noise.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SEED = 20261120
FIRST, LAST = date(2024, 1, 1), date(2026, 10, 31)
EARLIER_FORECASTS = (date(2026, 7, 6), date(2026, 10, 5))
HORIZON = 90


@dataclass(frozen=True)
class Store:
    """``base``: sales a day; ``trend``: share a year; ``summer``: share of the base; ``week``: factors from Monday."""

    name: str
    base: float
    trend: float
    summer: float
    week: tuple[float, ...]


STORES = (
    Store("San Francisco", 5200, 0.06, 0.05, (0.92, 0.90, 0.94, 1.00, 1.14, 1.22, 0.88)),
    Store("Amsterdam", 3100, 0.11, 0.14, (0.86, 0.92, 0.96, 1.06, 1.12, 1.30, 0.78)),
    Store("New York", 7400, 0.03, -0.04, (1.02, 1.02, 1.04, 1.06, 1.10, 0.96, 0.80)),
)


def sales() -> pa.Table:
    """``date`` (date32), ``store`` (string), ``sales`` (double, two decimals): one row a day and store."""
    noise = random.Random(SEED)
    rows = [(day, store.name, round(_expected(store, day) * noise.gauss(1, 0.05), 2)) for store, day in _days()]
    return _table(rows, ("date", "store", "sales"))


def earlier_forecasts() -> pa.Table:
    """Two forecasts as they would have been made in July and October: ``forecast_date``, ``store``, ``date``,
    ``forecast``, ``low``, ``high``. Each is a little off, as forecasts are."""
    error = random.Random(SEED + 1)
    rows = []
    for made in EARLIER_FORECASTS:
        for store in STORES:
            bias = error.gauss(1, 0.03)
            for ahead in range(1, HORIZON + 1):
                day = made + timedelta(days=ahead)
                middle = _expected(store, day) * bias
                width = middle * (0.07 + 0.0004 * ahead)
                rows.append(
                    (made, store.name, day, round(middle, 2), round(middle - width, 2), round(middle + width, 2))
                )
    return _table(rows, ("forecast_date", "store", "date", "forecast", "low", "high"))


def toy_csv(days: int = 120) -> str:
    """The small file that the repository brings: one store, ``date,sales``."""
    store = STORES[0]
    noise = random.Random(SEED + 2)
    lines = ["date,sales"]
    for back in range(days, 0, -1):
        day = LAST - timedelta(days=back - 1)
        lines.append(f"{day},{_expected(store, day) * noise.gauss(1, 0.05):.2f}")
    return "\n".join(lines) + "\n"


def _days() -> Iterator[tuple[Store, date]]:
    for store in STORES:
        for offset in range((LAST - FIRST).days + 1):
            yield store, FIRST + timedelta(days=offset)


def _expected(store: Store, day: date) -> float:
    years = (day - FIRST).days / 365.25
    season = store.summer * math.sin(2 * math.pi * (day.timetuple().tm_yday - 110) / 365.25)
    december = 0.25 * max(0.0, 1 - abs((date(day.year, 12, 18) - day).days) / 21)
    return store.base * (1 + store.trend * years) * (1 + season + december) * store.week[day.weekday()]


def _table(rows: Sequence[tuple[object, ...]], names: tuple[str, ...]) -> pa.Table:
    import pyarrow as pa  # Every server imports this module, and few of them make a table of it.

    return pa.table({name: [row[column] for row in rows] for column, name in enumerate(names)})
