"""A Spark Connect session in which every table of the workspace is a view."""

from __future__ import annotations

import atexit
import importlib
import json
import os
import warnings
from typing import TYPE_CHECKING, Any

from workspace_ext import progress, spark_environment, tables
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

# The folder and version that each view shows, by session id and table.
_shown: dict[tuple[str, str], tuple[str, int]] = {}


def connect(address: str, elsewhere: bool = False) -> SparkSession:
    """The session of the server at `address`, made once, with views of all tables as they are now.

    Args:
        elsewhere: Whether its tasks may run on other machines, which are to have this kernel's environment as well.

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
    spark_environment.take_along(session, elsewhere)
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


def open_session(address: str) -> tuple[Any, str]:
    """A session of the server at `address`, and its version of Spark. What goes wrong is Spark's own to say."""
    from pyspark.sql import SparkSession

    session: Any = SparkSession.builder.remote(address).create()
    retries = importlib.import_module("pyspark.sql.connect.client.retries")
    session.client.set_retry_policies([retries.DefaultPolicy(max_retries=RETRIES, max_backoff=5000)])
    return session, str(session.version)


def close_session(address: str, session: Any) -> None:
    """Leave it, at once where the server has gone."""
    session.release_session_on_close = listens(address, DEFAULT_PORT)
    session.stop()


def other_version(version: str) -> str:
    """Why this pyspark cannot talk to a server of that version, "" where it can."""
    installed = str(importlib.import_module("pyspark").__version__)
    if version.split(".")[:2] == installed.split(".")[:2]:
        return ""
    return f"runs Spark {version}, and this environment has pyspark {installed}"


def _open(address: str) -> Any:
    require_listener(address, "Spark", DEFAULT_PORT)
    # The pandas API advises on settings that a person has not chosen and on costs that she knows.
    warnings.filterwarnings("ignore", module=r"pyspark\.pandas\..*")
    try:
        session, version = open_session(address)
    except ImportError:
        raise
    except Exception as error:
        raise silent(address, "Spark") from error
    if wrong := other_version(version):
        close_session(address, session)
        raise ClusterError(
            f"The cluster at {address} {wrong}.",
            "Restart it from the cluster chip, so that it runs this version, or attach another one.",
        )
    # What Spark itself looks for in another thread, where no session is active yet.
    os.environ["SPARK_REMOTE"] = address
    # Registered after Spark's own goodbye, hence called before it: that one waits for a server that has gone.
    atexit.register(_forget_all)
    return session


def _is_alive(address: str, session: Any) -> bool:
    try:
        return listens(address, DEFAULT_PORT) and bool(session.conf.get("spark.app.name"))
    except Exception:
        return False


def _forget(address: str) -> None:
    """Make way for another session, which is to be the one that the pandas API uses."""
    session = _sessions.pop(address)
    close_session(address, session)
    if os.environ.get("SPARK_REMOTE") == address:
        del os.environ["SPARK_REMOTE"]


def _forget_all() -> None:
    for address in list(_sessions):
        _forget(address)
