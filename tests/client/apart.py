"""What two notebooks of different environments do on one scheduler, and what they get: each its own, under one name."""

from __future__ import annotations

PROGRAM = """
import dask.array as da, dask.bag as db, dask.dataframe as dd, pandas as pd
from dask import delayed
from distributed import Client, LocalCluster
from workspace_ext.engines.bound import BoundClient

def add(x, y=1):
    return x + y

def where(_):
    from distributed import get_worker
    return next(name for name in get_worker().state.total_resources)

class Counter:
    number = 0
    def count(self):
        self.number += 1
        return self.number

def all_kinds(client):
    first = client.submit(add, 1)
    named = client.submit(add, first, key="named")
    assert [first.result(), named.result(), client.submit(add, 1).key == first.key] == [2, 3, True]
    several = client.map(add, range(3))
    assert client.gather(client.map(add, several, several)) == [2, 4, 6]
    assert client.gather(client.map(add, range(2), key=["named-0", "named-1"])) == [1, 2]
    assert client.gather(client.map(add, client.scatter([1, 2]))) == [2, 3]
    assert client.submit(Counter, actor=True).result().count().result() == 1
    graph = {"x": (add, 1), ("y", 0): (add, "x"), 7: (divmod, "x", 0)}
    assert client.get(graph, [("y", 0), "x"]) == [3, 2]
    twice = delayed(add)(delayed(add)(1))
    assert client.compute([twice, twice.persist()], sync=True) == [3, 3]
    assert [delayed(add)(first).compute(), delayed(first).compute()] == [3, 2]
    assert db.range(4, npartitions=2).map(add).sum().compute() == 10
    ones = da.ones((40, 40), chunks=(10, 40)).persist()
    assert ones.rechunk((40, 10)).sum().compute() == 1600
    try:
        ones.rechunk((40, 10), method="p2p").sum().compute()
    except ValueError as error:
        assert "method='tasks'" in str(error)
    else:
        raise SystemExit("half of it would wait for ever")
    assert ones.persist().sum().persist().compute() == 1600
    frame = dd.from_pandas(pd.DataFrame({"a": range(10), "b": [0, 1] * 5}), npartitions=2)
    kept = frame.persist()
    assert len(frame.shuffle("b").compute()) == len(kept.shuffle("b").compute()) == 10
    assert frame.merge(kept, on="b").a_x.sum().compute() == 225
    assert frame.groupby("b").a.sum().compute().tolist() == [20, 25]
    return client.submit(where, 0)

if __name__ == "__main__":
    with LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        clients = []
        for name in ("atrium-one", "atrium-two"):
            cluster.new_spec["options"]["resources"] = {name: 1e6}
            cluster.scale(len(clients) + 1)
            clients.append(BoundClient(cluster.scheduler_address, resource=name))
            clients[-1].wait_for_workers(len(clients))
        kept = []
        for client in clients:
            with client.as_current():
                kept.append(all_kinds(client))
        # The first ones' are still there, and a stranger's too.
        with Client(cluster.scheduler_address) as other:
            assert other.submit(add, 1).result() == 2
        print([one.result() for one in kept])
        for client in clients:
            client.close()
"""

PRINTED = "['atrium-one', 'atrium-two']"
