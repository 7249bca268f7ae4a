"""The cluster that a notebook is attached to, as its own library's client.

Outside Atrium, a local cluster is made when it is first asked for.
"""

from __future__ import annotations

import atexit
import importlib
import json
import sys
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workspace_ext import addresses, context, groups, local_cluster, progress, spark_session
from workspace_ext.errors import ClusterError

if TYPE_CHECKING:
    import pandas
    from distributed import Client
    from pyspark.sql import SparkSession

__all__ = ["apply", "dask", "spark"]

Kind = Literal["dask", "spark"]

TITLES = {"dask": "Dask", "spark": "Spark"}

CONNECT_SECONDS = 10.0

# The workspace answers when the cluster runs, and says so itself when that takes longer than 90 seconds.
ASK_SECONDS = 120.0

# The scheduler's usual one.
DASK_PORT = 8786

_dask_clients: dict[tuple[str, str], Any] = {}


@dataclass(frozen=True)
class Attachment:
    """The cluster that a notebook is attached to; `elsewhere`: its tasks may run on other machines; `security`: what a
    client shows to a cluster that others can reach."""

    id: str
    kind: str
    address: str
    environment: str = ""
    resource: str = ""
    elsewhere: bool = False
    security: dict[str, str] = field(default_factory=dict, repr=False)


def dask() -> Client:
    """The client of the attached Dask cluster; outside Atrium, of a local one.

    Raises:
        ClusterError: No Dask cluster is attached, it does not answer, it runs another environment than this kernel,
            or the environment lacks Dask.
    """
    attachment = _attachment("dask")
    if attachment and attachment.environment not in ("", Path(sys.prefix).name):
        raise ClusterError(
            "This kernel runs in another environment than its cluster.",
            "Restart the kernel, so that it starts in the environment that the notebook declares now.",
        )
    try:
        from distributed import Client
    except ImportError as error:
        raise _missing("dask", error) from None
    address = attachment.address if attachment else local_cluster.address("dask")
    # Two clusters may be on one scheduler.
    key = (address, attachment.resource + attachment.security.get("cluster", "") if attachment else "")
    known = _dask_clients.get(key)
    if known is not None and known.status == "running":
        return known
    if address.startswith("tcp://"):
        addresses.require_listener(address, "Dask", DASK_PORT)
    try:
        if attachment and attachment.resource:
            bound = importlib.import_module("workspace_ext.engines.bound")
            # Of what counts tasks there the scheduler has nothing.
            importlib.import_module("cloudpickle").register_pickle_by_value(progress)
            with warnings.catch_warnings():
                # Where the tasks run all is as here; the scheduler itself needs no more than Dask.
                warnings.filterwarnings("ignore", message="Mismatched versions found")
                client = bound.BoundClient(
                    address, timeout=CONNECT_SECONDS, name="notebook", resource=attachment.resource,
                    security=_security(attachment),
                )  # fmt: skip
        else:
            client = Client(
                address,
                timeout=CONNECT_SECONDS,
                name="notebook",
                security=_security(attachment) if attachment else None,
            )
    except (OSError, TimeoutError) as error:
        raise addresses.silent(address, "Dask") from error
    if attachment is None:
        # Before the cluster goes, or the client would complain that it has gone.
        atexit.register(client.close)
    _dask_clients[key] = client
    progress.follow(" ".join(key), lambda: progress.DaskWork(client))
    return client


def _security(attachment: Attachment) -> Any:
    if not attachment.security:
        return None
    return importlib.import_module("workspace_ext.engines.security").ClusterSecurity(**attachment.security)


def spark() -> SparkSession:
    """The Spark Connect session of the attached Spark cluster; outside Atrium, of a local one.

    Every table of the workspace is a view in it: `pyspark.pandas.read_table("sales")` and
    `spark.table("sales")` read it as it is now.

    Raises:
        ClusterError: No Spark cluster is attached, it does not answer, it runs another version of Spark, or the
            environment lacks pyspark.
    """
    attachment = _attachment("spark")
    try:
        importlib.import_module("pyspark.sql.connect.session")
    except ImportError as error:
        raise _missing("spark", error) from None
    if attachment is None:
        return spark_session.connect(local_cluster.address("spark"))
    return spark_session.connect(attachment.address, attachment.elsewhere)


def apply(
    frame: Any,
    by: str | Sequence[str],
    function: Callable[[pandas.DataFrame], pandas.DataFrame],
    *,
    like: pandas.DataFrame | None = None,
) -> Any:
    """Call `function` with each group of `frame` on the cluster, and put together what it returns.

    Args:
        frame: Of pandas, Dask, Spark or the pandas API on Spark. The groups of a pandas frame are sent to the attached
            cluster, whichever kind it is; outside Atrium to a local Dask cluster.
        by: The column whose values make the groups, or several. A missing value is a group like any other.
        function: Gets one group with all its columns, and returns a frame. Columns of `by` that it leaves out are put
            back in front; an index with names becomes columns.
        like: A frame with the columns of the result; rows do not matter. Without it the function is called once here,
            with one group, unless a pandas frame goes to Dask.

    Returns:
        A frame of the same kind: of pandas with the groups in order, else one that is computed when it is used.

    Raises:
        ClusterError: There is no cluster, the frame lacks a column, or has no rows and `like` is not given.
        RuntimeError: The function failed; the message names the group. Spark has an exception of its own for that.
    """
    kind = groups.kind_of(frame)
    names = groups.names_of(frame, by)
    if like is not None:
        groups.names_of(like, names, "like")
    if kind == "dask":
        dask()
        return groups.of_dask_frame(frame, names, function, like)
    if kind == "spark":
        return groups.of_spark_frame(frame, names, function, like)
    if kind == "pandas-on-spark":
        return groups.of_spark_frame(frame.to_spark(), names, function, like).pandas_api()
    attachment = _told()
    if attachment is None or attachment.kind == "dask":
        return groups.with_dask_tasks(dask(), frame, names, function, like)
    sent = spark().createDataFrame(frame)
    return groups.in_order(groups.of_spark_frame(sent, names, function, like).toPandas(), names)


def _attachment(kind: Kind) -> Attachment | None:
    """The attached cluster, None outside Atrium.

    Raises:
        ClusterError: None is attached, or one of the other kind.
    """
    attachment = _told()
    if attachment is None:
        return None
    if attachment.kind != kind:
        raise ClusterError(
            f"This notebook is attached to a {TITLES.get(attachment.kind, attachment.kind)} cluster, "
            f"not to {TITLES[kind]}.",
            f"Attach a {TITLES[kind]} cluster from the cluster chip in the toolbar.",
        )
    if not attachment.address:
        raise ClusterError(f"The {TITLES[kind]} cluster is still starting.", "Run the cell again in a moment.")
    return attachment


def _told() -> Attachment | None:
    """What the workspace says that this notebook is attached to; None outside Atrium.

    Raises:
        ClusterError: It is attached to none.
    """
    where = context.current()
    if where.cluster:
        reply = json.loads(where.cluster)
    elif where.url:
        reply = _ask(where.url, where.token)
    else:
        return None
    return Attachment(
        str(reply.get("id", "")),
        str(reply["kind"]),
        str(reply.get("address") or ""),
        str(reply.get("environment") or ""),
        str(reply.get("resource") or ""),
        bool(reply.get("elsewhere")),
        dict(reply.get("security") or {}),
    )


def _ask(url: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{url}/atrium/api/kernel/cluster", headers={"Authorization": f"token {token}"})
    # The server that started this kernel is never behind a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=ASK_SECONDS) as response:
            reply: dict[str, Any] = json.load(response)
            return reply
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
        try:
            told = json.loads(text)
            raise ClusterError(str(told["message"]), str(told.get("hint") or "")) from None
        except (ValueError, KeyError, TypeError):
            raise ClusterError(f"The workspace answered {error.code} when asked for the cluster.") from error
    except OSError as error:
        raise ClusterError(
            f"The workspace at {url} does not answer: {getattr(error, 'reason', error)}.",
            "Check that the server is running, then run the cell again.",
        ) from error


def _missing(kind: Kind, error: ImportError) -> ClusterError:
    return ClusterError(
        f"This environment cannot use {TITLES[kind]}: {error}.",
        f"Attach a {TITLES[kind]} cluster from the cluster chip, which adds it, and restart the kernel.",
    )
