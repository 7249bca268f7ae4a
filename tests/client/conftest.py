"""A workspace's tables in a temporary folder, as kernels are told of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workspace_ext import widgets

TOLD = (
    "BRANCH",
    "COMMIT",
    "CLUSTER",
    "NOTEBOOK",
    "PROJECT",
    "RUN",
    "TABLES_BRANCH",
    "TABLES_READONLY",
    "URL",
    "WIDGETS",
)


@pytest.fixture
def tables_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in TOLD:
        monkeypatch.delenv(f"ATRIUM_{name}", raising=False)
    folder = tmp_path / "tables" / "main"
    monkeypatch.setenv("ATRIUM_TABLES", str(folder))
    return folder


@pytest.fixture
def branch_folder(tables_folder: Path) -> Path:
    """Where the branch `forecast-weekly` keeps its copies, once a test has told its kernel so."""
    return tables_folder.parent / "branches" / "demo" / "forecast-weekly"


@pytest.fixture
def sales() -> pd.DataFrame:
    stores = ["Amsterdam", "New York", "San Francisco"]
    days = [day for day in pd.date_range("2026-01-01", periods=4) for _ in stores]
    return pd.DataFrame({"store": stores * 4, "date": days, "units": range(12)})


@pytest.fixture(autouse=True)
def _new_kernel() -> None:
    widgets._dropdowns.clear()
    widgets._picked.clear()
    widgets.override(None)
