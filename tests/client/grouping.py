"""What a notebook does with the groups of frames: the same on either engine."""

from __future__ import annotations

# Before it: how the engine makes a `frame` of `sales`, and `local`, which collects one.
BEGIN = """
import os
import pandas as pd, workspace_ext as ws

sales = pd.DataFrame({"store": ["b", "a", "b", None, "a"], "day": [1, 1, 2, 1, 2],
                      "units": [10.0, 1.0, 20.0, 7.0, 3.0]})
here = os.getpid()
"""

GROUPS = """
def total(group):
    assert list(group.index) == list(range(len(group)))
    return pd.DataFrame({"units": [group["units"].sum()], "days": [len(group)], "away": [os.getpid() != here]})

def broken(group):
    return total(group) if group["store"].iloc[0] != "b" else 1 / 0

def told(found):
    assert list(found.columns) == ["store", "units", "days", "away"] and found.pop("away").all(), found
    return found.assign(store=found["store"].fillna("-")).sort_values("store").to_dict("list")

def failure(frame, function, **more):
    try:
        return local(ws.cluster.apply(frame, "store", function, **more))
    except Exception as error:
        return next(line for line in str(error).splitlines() if "store=" in line or "rows" in line)

print("pandas", told(ws.cluster.apply(sales, "store", total)))
found = ws.cluster.apply(sales.dropna(), ["store", "day"], lambda group: group.set_index("day")[["units"]])
print("two", found.to_dict("list"))
print("its own", told(local(ws.cluster.apply(frame, "store", total))))
like = total(sales).assign(store=["b"])[["store", "units", "days", "away"]]
print("like", told(local(ws.cluster.apply(frame, "store", total, like=like))))
print("broken", failure(frame, broken, like=like))
print("no frame", failure(frame, lambda group: 5, like=like))
nothing = frame[frame["units"] < 0]
print("empty", failure(nothing, total), len(local(ws.cluster.apply(nothing, "store", total, like=like))))
"""

TOTALS = "{'store': ['-', 'a', 'b'], 'units': [7.0, 4.0, 30.0], 'days': [1, 2, 2]}"
TWO = "{'store': ['a', 'a', 'b', 'b'], 'day': [1, 2, 1, 2], 'units': [1.0, 3.0, 10.0, 20.0]}"


def check(printed: str) -> None:
    """That the program said what it should."""
    said = dict(line.split(" ", 1) for line in printed.replace("its own", "own").replace("no frame", "no").splitlines())
    assert said["pandas"] == said["own"] == said["like"] == TOTALS
    assert said["two"] == TWO
    assert said["broken"].endswith("store=b: ZeroDivisionError: division by zero")
    assert said["no"].endswith("the function returned a int, not a pandas.DataFrame.")
    empty = "The frame has no rows, so that nobody knows which columns the function returns."
    assert said["empty"].startswith(empty)
    assert said["empty"].endswith(" 0")
