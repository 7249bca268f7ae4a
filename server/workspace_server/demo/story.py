"""The notebooks of the example, as code: what the repository holds, and what it becomes in the course of the story."""

from __future__ import annotations

from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

TITLE = """# Sales forecast

Daily sales, and what Prophet expects to come."""

IMPORTS = """from datetime import date

import matplotlib.pyplot as plt
import pandas as pd
from prophet import Prophet"""

READ_TOY = """df = pd.read_csv("data/sales.csv", parse_dates=["date"])
df.tail()"""

FORECAST_STORE = """DAYS = 90


def forecast_store(sales: pd.DataFrame) -> pd.DataFrame:
    \"\"\"Forecast the next days of one store from its columns date and sales.\"\"\"
    model = Prophet(interval_width=0.8)
    model.fit(pd.DataFrame({"ds": pd.to_datetime(sales["date"]), "y": sales["sales"]}))
    ahead = model.predict(model.make_future_dataframe(DAYS, include_history=False))
    return pd.DataFrame(
        {
            "forecast_date": date.today(),
            "store": sales["store"].iloc[0] if "store" in sales else "All",
            "date": ahead["ds"].dt.date,
            "forecast": ahead["yhat"].round(2),
            "low": ahead["yhat_lower"].round(2),
            "high": ahead["yhat_upper"].round(2),
        }
    )"""

PLOT = """def plot(forecast: pd.DataFrame, title: str) -> None:
    \"\"\"Draw a forecast with its 80% interval.\"\"\"
    figure, axes = plt.subplots(figsize=(9, 4))
    axes.fill_between(forecast["date"], forecast["low"], forecast["high"], alpha=0.25, linewidth=0)
    axes.plot(forecast["date"], forecast["forecast"])
    axes.set(title=title, ylabel="Sales a day", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    figure.autofmt_xdate()
    plt.show()"""

RUN_TOY = """forecast = forecast_store(df)
plot(forecast, title="The next days")"""

IMPORT_WS = "import workspace_ext as ws"

READ_TABLE = 'df = ws.tables.read("sales")\nprint(len(df), "rows")'

READ_SPARK = """import pyspark.pandas as ps

spark = ws.cluster.spark()
df = ps.read_table("sales")
df.groupby("store")["sales"].mean()"""

ON_DASK = """client = ws.cluster.dask()
groups = [group for _, group in df.groupby("store")]
forecasts = pd.concat(client.gather(client.map(forecast_store, groups)), ignore_index=True)
print(len(forecasts), "rows,", forecasts["store"].nunique(), "stores")"""

ON_SPARK = """def on_spark(sales: pd.DataFrame) -> pd.DataFrame:
    return forecast_store(sales).astype({"forecast_date": str, "date": str})


schema = "forecast_date string, store string, date string, forecast double, low double, high double"
spark_forecasts = df.to_spark().groupby("store").applyInPandas(on_spark, schema).toPandas()
print(len(spark_forecasts), "rows,", spark_forecasts["store"].nunique(), "stores")"""

WRITE = 'ws.tables.write(forecasts, "forecasts", mode="append")'

FORECAST_DATE = """forecast_date = ws.widgets.dropdown(
    "forecast_date", ws.sql("SELECT DISTINCT forecast_date FROM forecasts ORDER BY 1 DESC"), label="Forecast made on"
)"""

STORE = 'store = ws.widgets.dropdown("store", ws.sql("SELECT DISTINCT store FROM forecasts ORDER BY 1"), label="Store")'

SELECTED = """selected = ws.sql(
    "SELECT date, forecast, low, high FROM forecasts "
    "WHERE store = $store AND forecast_date = CAST($forecast_date AS DATE) ORDER BY date"
)
selected"""

PLOT_SELECTED = 'plot(selected, title=f"{store}, forecast of {forecast_date}")'


def notebook(*cells: tuple[str, str]) -> nbformat.NotebookNode:
    """A notebook of ``(id, source)`` cells; a source that begins with ``#`` and a blank is Markdown."""
    made = []
    for id, source in cells:
        cell = new_markdown_cell(source) if source.startswith("# ") else new_code_cell(source)
        cell["id"] = id
        made.append(cell)
    metadata: dict[str, Any] = {
        "kernelspec": {"display_name": "Project environment", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    book: nbformat.NotebookNode = new_notebook(cells=made, metadata=metadata)
    return book


def toy(read: str = READ_TOY, days: int = 90) -> nbformat.NotebookNode:
    """``forecast.ipynb`` as one finds it: one series from a file."""
    return notebook(
        ("title", TITLE),
        ("imports", IMPORTS),
        ("read", read),
        ("forecast-store", _forecast_store(days)),
        ("plot", PLOT),
        ("run", RUN_TOY),
    )


def weekly(days: int = 90) -> nbformat.NotebookNode:
    """``forecast.ipynb`` as it is merged: all stores on a Dask cluster, a table with history, two widgets."""
    return notebook(
        ("title", TITLE),
        ("imports", f"{IMPORTS}\n\n{IMPORT_WS}"),
        ("read", READ_TABLE),
        ("forecast-store", _forecast_store(days)),
        ("plot", PLOT),
        ("on-cluster", ON_DASK),
        ("write", WRITE),
        ("forecast-date", FORECAST_DATE),
        ("store", STORE),
        ("selected", SELECTED),
        ("plot-selected", PLOT_SELECTED),
    )


def on_spark(days: int = 90) -> nbformat.NotebookNode:
    """The same forecast with the pandas API on Spark, as the colleague tries it."""
    return notebook(
        ("title", TITLE),
        ("imports", f"{IMPORTS}\n\n{IMPORT_WS}"),
        ("read", READ_SPARK),
        ("forecast-store", _forecast_store(days)),
        ("on-cluster", ON_SPARK),
    )


def _forecast_store(days: int) -> str:
    return FORECAST_STORE.replace("DAYS = 90", f"DAYS = {days}", 1)
