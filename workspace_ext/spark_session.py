"""A Spark Connect session in which every table of the workspace is a view."""

from __future__ import annotations

import atexit
import importlib
import json
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from workspace_ext import progress, tables
from workspace_ext.addresses import listens, require_listener, silent
from workspace_ext.errors import ClusterError
from workspace_ext.tables import location

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Features of a Delta table that plain Parquet files do not show.
HIDDEN_FEATURES = {"deletionVectors", "columnMapping"}

# Spark Connect's.
DEFAULT_PORT = 15002

# About fifteen seconds for a server that has gone; Spark's own fifteen retries take ten minutes.
RETRIES = 6

_sessions: dict[str, Any] = {}

# The Python that runs each session's tasks, by session id.
_environments: dict[str, str] = {}

# The folder and version that each view shows, by session id and table.
_shown: dict[tuple[str, str], tuple[str, int]] = {}


def connect(address: str) -> SparkSession:
    """The session of the server at `address`, made once, with views of all tables as they are now.

    Raises:
        ClusterError: The server does not answer, or runs another version of Spark.
        ImportError: The environment lacks pyspark or what it needs.
    """
    session = _sessions.get(address)
    if session is not None and not _is_alive(address, session):
        _forget(address)
        session = None
    if session is None:
        session = opened = _sessions[address] = _open(address)
        progress.follow(address, lambda: progress.SparkWork(opened))
    _take_along(session)
    for name in location.names():
        _show_or_warn(session, name)
    tables.after_write(_refresh)
    return session


def show(session: Any, name: str) -> None:
    """Make, or bring up to date, the view of one table."""
    table = location.open_delta(name)
    version = (str(table.table_uri), int(table.version()))
    key = (session.session_id, name)
    if _shown.get(key) == version:
        return
    _frame(session, table).createOrReplaceTempView(name)
    _shown[key] = version


def _frame(session: Any, table: Any) -> Any:
    types = importlib.import_module("pyspark.sql.types")
    # Delta writes its schemas the way Spark does.
    schema = types.StructType.fromJson(json.loads(table.schema().to_json()))
    files = table.file_uris()
    if not files:
        return session.createDataFrame([], schema)
    if HIDDEN_FEATURES & set(table.protocol().reader_features or ()):
        return session.createDataFrame(table.to_pyarrow_table())
    return session.read.schema(schema).option("basePath", table.table_uri).parquet(*files)


def _refresh(name: str) -> None:
    for address, session in _sessions.items():
        if _is_alive(address, session):
            _show_or_warn(session, name)


def _show_or_warn(session: Any, name: str) -> None:
    # One table that Spark cannot read must not keep a notebook from all others.
    try:
        show(session, name)
    except Exception as error:
        warnings.warn(f"Spark does not show the table {name!r}: {location.first_line(error)}.", stacklevel=4)


def _open(address: str) -> Any:
    from pyspark.sql import SparkSession

    require_listener(address, "Spark", DEFAULT_PORT)
    # The pandas API advises on settings that a person has not chosen and on costs that she knows.
    warnings.filterwarnings("ignore", module=r"pyspark\.pandas\..*")
    try:
        session: Any = SparkSession.builder.remote(address).create()
        retries = importlib.import_module("pyspark.sql.connect.client.retries")
        session.client.set_retry_policies([retries.DefaultPolicy(max_retries=RETRIES, max_backoff=5000)])
        version = str(session.version)
    except ImportError:
        raise
    except Exception as error:
        raise silent(address, "Spark") from error
    if _minor(version) != _minor(installed := importlib.import_module("pyspark").__version__):
        session.stop()
        raise ClusterError(
            f"The cluster at {address} runs Spark {version}, and this kernel has pyspark {installed}.",
            f"Restart the cluster from its chip: it then runs Spark {_minor(installed)}.",
        )
    # What Spark itself looks for in another thread, where no session is active yet.
    os.environ["SPARK_REMOTE"] = address
    # Registered after Spark's own goodbye, hence called before it: that one waits for a server that has gone.
    atexit.register(_forget_all)
    return session


def _take_along(session: Any) -> None:
    """The session's tasks run in this kernel's environment, whichever the server was started from; in the one that it
    has gone on in, where packages were added meanwhile."""
    if _environments.get(session.session_id) != sys.executable:
        session.conf.set("spark.sql.execution.pyspark.python", sys.executable)
        _environments[session.session_id] = sys.executable


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _is_alive(address: str, session: Any) -> bool:
    try:
        return listens(address, DEFAULT_PORT) and bool(session.conf.get("spark.app.name"))
    except Exception:
        return False


def _forget(address: str) -> None:
    """Make way for another session, which is to be the one that the pandas API uses."""
    session = _sessions.pop(address)
    session.release_session_on_close = listens(address, DEFAULT_PORT)
    session.stop()
    if os.environ.get("SPARK_REMOTE") == address:
        del os.environ["SPARK_REMOTE"]


def _forget_all() -> None:
    for address in list(_sessions):
        _forget(address)
