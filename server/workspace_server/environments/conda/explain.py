"""From the words of conda's library to a person's: what, where it is asked for, what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ..errors import Full, Offline, Unbuildable, full
from ..explain import FULL
from ..requirements import redact_password
from ..uv import redact

UNREACHABLE = re.compile(
    r"error sending request|tcp connect|dns error|timed out|connection (refused|reset)", re.IGNORECASE
)
REFUSED = re.compile(r"HTTP status client error \((401|403|404)[^)]*\) for url \(([^)]*)\)")
Lines = Sequence[tuple[str, str]]
"""What is asked for, and where."""
Failure = Unbuildable | Offline | Full


def explain(told: Mapping[str, Any], specs: Lines, bounds: Lines = ()) -> Failure:
    """The one error that a failure amounts to, of which the program has told."""
    said = str(told["message"])
    error = _explain(str(told["error"]), said, int(told["which"]), specs, bounds)
    error.detail = redact(said)
    return error


def _explain(kind: str, said: str, which: int, specs: Lines, bounds: Lines) -> Failure:
    if FULL.search(said):
        return full()
    if kind == "spec":
        text, origin = specs[which]
        return Unbuildable(
            "bad_syntax", f"{origin} cannot be read: {_plain(text)!r}.", f"Write it like numpy=1.26. conda says: {said}"
        )
    if "hash mismatch" in said:
        return Unbuildable(
            "hash_mismatch",
            "A downloaded package of conda is not the one that was locked (its hash differs).",
            "Retry. If it stays, the channel serves another file than before: tell whoever runs it.",
        )
    if refused := REFUSED.search(said):
        why = {"401": "wants to know who asks", "403": "lets nobody of here in", "404": "has no such channel"}
        return Unbuildable(
            "no_channel", f"{urlsplit(refused[2]).hostname} {why[refused[1]]}: {redact_password(refused[2])}",
            "Check the channels. Whoever runs this workspace can keep passwords in rattler's file (RATTLER_AUTH_FILE).",
        )  # fmt: skip
    if kind == "network" or UNREACHABLE.search(said):
        return Offline(
            "channel_unreachable",
            "A channel of conda does not answer, so that the environment cannot be built.",
            "Check this machine's network, then retry. Environments that exist already still work.",
        )
    if kind == "solver":
        return _unsolved(said, specs, bounds)
    return Unbuildable("not_built", f"A package of conda was not installed: {said.splitlines()[0]}.", "Retry.")


def _unsolved(said: str, specs: Lines, bounds: Lines) -> Unbuildable:
    about = [one for one in (*specs, *bounds) if re.search(rf"(?<![\w-]){re.escape(name_of(one[0]))}(?![\w-])", said)]
    none = re.search(r"No candidates were found for ([\w.-]+)", said)
    if none and len(asked := [one for one in about if name_of(one[0]) == none[1]]) == 1:
        text, origin = asked[0]
        return Unbuildable(
            "no_such_version", f"The channels have no package for {_plain(text)} ({origin}).",
            "Check its name and version, and the channels above it.",
        )  # fmt: skip
    sides = " and ".join(f"{_plain(text)} ({origin})" for text, origin in about) or "the packages of conda"
    return Unbuildable(
        "conflict", f"conda cannot have {sides} as they are asked for.",
        "Loosen one of them; the resolver's words say what excludes it.",
    )  # fmt: skip


def name_of(spec: str) -> str:
    """The package that a spec ("numpy=1.26") is about."""
    match = re.match(r"[\w.-]+", _plain(spec).rpartition("::")[2])
    return match[0].lower() if match else ""


def _plain(spec: str) -> str:
    """As it is written: a channel by its name, not by its address."""
    channel, _, rest = spec.rpartition("::")
    return f"{channel.rpartition('/')[2]}::{rest}" if channel else rest
