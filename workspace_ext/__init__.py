"""What notebooks import: tables, SQL over them, widgets, and the cluster the notebook is attached to.

    import workspace_ext as ws

    store = ws.widgets.dropdown("store", ws.sql("SELECT DISTINCT store FROM forecasts"))
    ws.sql("SELECT * FROM forecasts WHERE store = $store")
    client, spark = ws.cluster.dask(), ws.cluster.spark()
    ws.tables.write(frame, "forecasts", mode="append")

Importing it needs the standard library only. Outside Atrium it works too: tables are folders below `./tables`,
clusters are local, widgets return papermill's parameters or their defaults.
"""

from workspace_ext import cluster, display, tables, widgets
from workspace_ext.errors import (
    ClusterError,
    SchemaMismatch,
    SQLError,
    TableError,
    TableNotFound,
    WidgetError,
    WorkspaceError,
)
from workspace_ext.query import sql

__all__ = [
    "ClusterError",
    "SQLError",
    "SchemaMismatch",
    "TableError",
    "TableNotFound",
    "WidgetError",
    "WorkspaceError",
    "cluster",
    "sql",
    "tables",
    "widgets",
]

display.register()
