"""An environment's workers on a Dask scheduler that is there already, beside what else runs on it.

    ENV/bin/python -m workspace_ext.engines.existing --state FILE --address tcp://10.0.0.1:8786 --told FILE
    ENV/bin/python -m workspace_ext.engines.existing --probe tcp://10.0.0.1:8786

Every nanny of the scheduler, now and later, is sent `nanny.EnvironmentPlugin`, which has the environment on its host
and a worker from it. It ends cleanly on SIGTERM, or by itself when nobody has touched its lease; with it go the
workers. `--probe` prints which packages the scheduler has.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import platform
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-not-found]
from distributed import Client

from workspace_ext.engines import elsewhere, nanny
from workspace_ext.engines.process import Settings, State, StateFile, explain, parser, settings
from workspace_ext.engines.requirements import SHARED

CONNECT_SECONDS = 15.0
CLOSE_SECONDS = 20.0
SIGN_SECONDS = 5.0
REGISTER_AGAIN_SECONDS = 30.0


class Unusable(Exception):
    """The scheduler cannot be used; the text is for a person."""


class Text:
    """A plugin that is pickled as its source: those that it goes to have none of this package."""

    def __init__(self, module: Any, name: str, told: dict[str, Any]) -> None:
        self._source = Path(module.__file__).read_text()
        self._name, self._told = name, told

    def __reduce__(self) -> tuple[Any, ...]:
        made = "(exec(compile(source, 'atrium_nanny', 'exec'), space), space[name](**told))[1]"
        spaces = {"source": self._source, "name": self._name, "told": self._told, "space": {"__name__": "atrium_nanny"}}
        return eval, (made, spaces)


@dataclass
class Hosts:
    """What the scheduler's workers and nannies say."""

    resource: str
    serving: list[str] = field(default_factory=list)
    others: int = 0
    without_nanny: int = 0
    refused: list[str] = field(default_factory=list)
    building: int = 0
    counts: list[tuple[str, list[tuple[str, int]]]] = field(default_factory=list)

    @classmethod
    def of(cls, resource: str, workers: dict[str, Any], events: list[dict[str, Any]]) -> Hosts:
        """Who serves, who does not and why, from the scheduler's workers and what the plugins told last."""
        found = cls(resource)
        nannies = set()
        counts = []
        for address, one in workers.items():
            offered = one.get("resources") or {}
            if resource in offered:
                found.serving.append(address)
                counts.append((address, sorted((one.get("metrics") or {}).get("task_counts", {}).items())))
            elif not elsewhere.ours(offered):
                found.others += 1
                found.without_nanny += not one.get("nanny")
                nannies.add(one.get("nanny"))
        last = {event["nanny"]: event for event in events}
        for address, event in last.items():
            if address in nannies and event["state"] == "refused":
                found.refused.append(f"{event['host']}: {event['message']}")
            found.building += address in nannies and event["state"] == "building"
        found.counts = counts
        return found

    def message(self) -> str:
        """What is not as it should be, for a person."""
        said = []
        if not self.others and not self.serving:
            said.append("the scheduler has no workers yet")
        if self.building:
            said.append(f"building the environment on {self.building} of {self.others}")
        if self.without_nanny:
            some = f"{self.without_nanny} of its workers have" if self.without_nanny > 1 else "one of its workers has"
            said.append(f"{some} no nanny and cannot be used (start it with: dask worker --nanny)")
        said += sorted(set(self.refused))
        return "; ".join(said)

    def hopeless(self) -> bool:
        """Whether nobody serves, nor will."""
        return bool(self.others) and not self.serving and self.without_nanny + len(self.refused) >= self.others

    def works(self) -> bool:
        """Whether tasks are there."""
        return any(count for _, counts in self.counts for name, count in counts if name not in ("memory", "released"))


class Existing:
    """One environment on one scheduler."""

    def __init__(self, client: Client, settings: Settings, file: StateFile, told: dict[str, Any]) -> None:
        self._client, self._settings, self._file, self._told = client, settings, file, told
        self._resource: str = told["name"]
        self._gone = f"the scheduler at {client.scheduler.address} has gone"
        self._registering: asyncio.Task[None] | None = None
        self._signed = self._began = 0.0
        self._running = False
        self._idle: tuple[object, float | None] = (None, None)

    async def watch(self, stop: asyncio.Event) -> str:
        """Report until it shall end. Returns why."""
        name, plugin = self._for_scheduler()
        await self._client.scheduler.register_scheduler_plugin(
            plugin=cloudpickle.dumps(plugin), name=name, idempotent=True
        )
        # What was told an earlier one of that name is over.
        self._began = max((when for when, _ in await self._client.get_events(self._resource)), default=0.0)
        while not stop.is_set():
            if self._settings.lease.expired():
                return "Nobody used it"
            if self._client.status != "running":
                raise Unusable(self._gone)
            try:
                await self._renew()
                workers = (await self._client.scheduler.identity(n_workers=-1))["workers"]
                told = await self._client.get_events(self._resource)
            except OSError as error:
                raise Unusable(self._gone) from error
            hosts = self._hosts(workers, [event for when, event in told if when > self._began])
            self._tell(hosts)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), 1.0)
        return "Stopped"

    async def end(self) -> None:
        """Take the workers back."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._client.unregister_worker_plugin(self._resource, nanny=True), CLOSE_SECONDS)

    async def _renew(self) -> None:
        now = time.monotonic()
        if not self._signed or now - self._signed > SIGN_SECONDS:
            self._signed = now
            await self._client.set_metadata(["atrium", self._resource], now)
        if self._registering is None:
            self._registering = asyncio.ensure_future(self._register())

    async def _register(self) -> None:
        """Send the plugin to everybody. One host that does not answer holds up nobody else, and is sent it again."""
        plugin = cloudpickle.dumps(Text(nanny, "EnvironmentPlugin", self._told))
        try:
            await self._client.scheduler.register_nanny_plugin(plugin=plugin, name=self._resource, idempotent=False)
        except Exception as error:
            print(f"Not every nanny has answered: {explain(error)}", file=sys.stderr)
            await asyncio.sleep(REGISTER_AGAIN_SECONDS)
            self._registering = None

    def _tell(self, hosts: Hosts) -> None:
        self._running = self._running or self._begun(hosts)
        counts, since = self._idle
        if hosts.works() or hosts.counts != counts:
            since = None
        elif since is None:
            since = time.time()
        self._idle = (hosts.counts, since)
        self._file.update(
            state="running" if self._running else "starting",
            address=self._client.scheduler.address, resource=self._resource, workers=len(hosts.serving),
            maximum=max(1, hosts.others), message=hosts.message(), idle_since=since,
        )  # fmt: skip

    def _hosts(self, workers: dict[str, Any], events: list[dict[str, Any]]) -> Hosts:
        found = Hosts.of(self._resource, workers, events)
        if found.hopeless():
            raise Unusable(f"no worker of the scheduler can have the environment: {found.message()}")
        return found

    def _for_scheduler(self) -> tuple[str, Text]:
        """The plugin that the scheduler is sent."""
        return elsewhere.ElsewherePlugin.name, Text(elsewhere, "ElsewherePlugin", {})

    def _begun(self, hosts: Hosts) -> bool:
        """Whether it takes work."""
        return bool(hosts.serving) or not hosts.others


def plugin_told(given: argparse.Namespace) -> dict[str, Any]:
    """What the nannies are told, of the environment and of what is the same for all."""
    bound, built = (importlib.import_module(f"workspace_ext.engines.{name}") for name in ("bound", "builder"))
    return {
        **json.loads(given.told.read_text()),
        "machine": platform.machine(), "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "module": Path(str(bound.__file__)).read_text(), "builder": Path(str(built.__file__)).read_text(),
        "grace": given.grace,
    }  # fmt: skip


async def connect(address: str) -> Client:
    """A client of the scheduler.

    Raises:
        Unusable: Nobody answers.
    """
    try:
        return await Client(address, asynchronous=True, timeout=CONNECT_SECONDS, name="atrium", set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise Unusable(f"No Dask scheduler answers at {address}") from error


async def run(settings: Settings, file: StateFile, address: str, told: dict[str, Any]) -> int:
    """Be the environment's workers until they shall end. Returns the exit status."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = None
    try:
        client = await connect(address)
        existing = Existing(client, settings, file, told)
        try:
            reason = await existing.watch(stop)
        finally:
            await existing.end()
            await client.close()
    except Exception as error:
        file.close("failed", str(error) if isinstance(error, Unusable) else explain(error))
        return 1
    file.close("stopped", reason)
    return 0


async def probe(address: str) -> dict[str, str]:
    """Versions of the scheduler's packages.

    Raises:
        Unusable: Nobody answers.
    """
    client = await connect(address)
    try:
        found = await client.scheduler.versions()
        packages = dict(found["packages"])
        return {one: packages[one] for one in SHARED if packages.get(one)}
    finally:
        await client.close()


def main() -> int:
    """Start, report and end one; or look."""
    if sys.argv[1:2] == ["--probe"]:
        try:
            print(json.dumps(asyncio.run(probe(sys.argv[2]))))
        except Unusable as error:
            print(json.dumps({"error": str(error)}))
        return 0
    line = parser("existing")
    line.add_argument("--address", required=True, help="of the scheduler")
    line.add_argument("--told", type=Path, required=True, help="JSON of what the nannies are told")
    given = line.parse_args()
    chosen = settings(given)
    return asyncio.run(run(chosen, StateFile(chosen.state, State(0, 1)), given.address, plugin_told(given)))


if __name__ == "__main__":
    sys.exit(main())
