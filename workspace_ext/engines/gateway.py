"""A cluster that Dask Gateway makes, for one environment alone.

    ENV/bin/python -m workspace_ext.engines.gateway --state FILE --address https://gateway.example.org --told FILE
    ENV/bin/python -m workspace_ext.engines.gateway --probe https://gateway.example.org

It signs in with the user name and the password that are the two lines of its standard input. The gateway's workers
begin in its own environment; the nanny of each is sent `nanny.EnvironmentPlugin` before it has a worker, has the
environment on its host and then is one of it, under the name by which the gateway counts, adds and ends workers. The
gateway's proxy speaks TLS and asks by name which cluster is meant, so that nobody needs a package of its own for that;
what a client shows there is written beside the state, for this account alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from distributed import Client

from workspace_ext.engines import lease
from workspace_ext.engines.existing import CONNECT_SECONDS, Existing, Hosts, Text, Unusable, plugin_told
from workspace_ext.engines.gateway_api import Gateway, GatewayError
from workspace_ext.engines.process import Settings, Size, State, StateFile, explain, parser, settings
from workspace_ext.engines.requirements import SHARED
from workspace_ext.engines.security import ClusterSecurity

START_SECONDS = 600.0


class OnGateway(Existing):
    """The environment's workers on a cluster of its own."""

    def __init__(self, gateway: Gateway, name: str, client: Client, settings: Settings, file: StateFile, told: Any):
        super().__init__(client, settings, file, told)
        self._gateway, self._name = gateway, name
        self._size = Size(settings.state)
        self._bounds = (settings.minimum, settings.maximum)
        self._adapted: tuple[int, int] | None = None

    async def end(self) -> None:
        """Give the cluster back."""
        await asyncio.to_thread(self._gateway.stop, self._name)

    def _tell(self, hosts: Hosts) -> None:
        self._bounds = self._size.wanted() or self._bounds
        # Nobody comes before there is something to tell them.
        told = self._registering is not None and self._registering.done()
        if told and self._adapted != self._bounds:
            self._adapted = self._bounds
            self._adapting = asyncio.ensure_future(asyncio.to_thread(self._gateway.adapt, self._name, *self._bounds))
        super()._tell(hosts)
        minimum, maximum = self._bounds
        self._file.update(minimum=minimum, maximum=maximum)

    def _hosts(self, workers: dict[str, Any], events: list[dict[str, Any]]) -> Hosts:
        found = Hosts.of(self._resource, workers, [])
        last = {event["nanny"]: event for event in events}
        # A nanny that has become one of the environment has another address, and nothing more to say.
        found.building = max(0, sum(one["state"] == "building" for one in last.values()) - len(found.serving))
        found.refused = [f"{one['host']}: {one['message']}" for one in last.values() if one["state"] == "refused"]
        if not found.serving and not found.building and (found.refused or found.hopeless()):
            raise Unusable(f"no worker of the gateway can have the environment: {found.message()}")
        return found

    def _for_scheduler(self) -> tuple[str, Text]:
        told = {"resource": self._resource, "grace": self._told["grace"]}
        return lease.LeasePlugin.name, Text(lease, "LeasePlugin", told)

    def _begun(self, hosts: Hosts) -> bool:
        return bool(hosts.serving) or self._bounds[0] == 0


async def start(gateway: Gateway, kept: Path | None = None) -> tuple[str, Client, dict[str, str]]:
    """A new cluster without workers, a client of it, and what a client needs.

    Raises:
        Unusable: The gateway has none for us.
    """
    name = await asyncio.to_thread(gateway.create)
    if kept is not None:
        kept.write_text(json.dumps({"cluster": name}))
    try:
        async with asyncio.timeout(START_SECONDS):
            while (found := await asyncio.to_thread(gateway.cluster, name))["status"] in ("PENDING", "SUBMITTED"):
                await asyncio.sleep(0.2)
        if found["status"] != "RUNNING":
            raise Unusable(f"the Dask Gateway at {gateway.address} could not start a cluster; its operator sees why")
        host, port = gateway.proxy()
        shown = {"cluster": name, "certificate": found["tls_cert"], "key": found["tls_key"]}
        client = await Client(
            f"tls://{host}:{port}", security=ClusterSecurity(**shown), asynchronous=True, timeout=CONNECT_SECONDS,
            name="atrium", set_as_default=False,
        )  # fmt: skip
    except BaseException as error:
        await asyncio.to_thread(gateway.stop, name)
        if isinstance(error, OSError | TimeoutError):
            raise Unusable(f"a cluster of the Dask Gateway at {gateway.address} does not answer") from error
        raise
    return name, client, shown


async def run(settings: Settings, file: StateFile, gateway: Gateway, told: dict[str, Any]) -> int:
    """Be a cluster of the gateway until it shall end. Returns the exit status."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    security = settings.state.with_name("security.json")
    descriptor = os.open(security, os.O_CREAT | os.O_RDWR, 0o600)
    with os.fdopen(descriptor) as before:
        earlier = json.loads(before.read() or "{}").get("cluster")
    try:
        if earlier is not None:  # Of one that was killed.
            await asyncio.to_thread(gateway.stop, earlier)
        file.update(message="the gateway starts its scheduler")
        name, client, shown = await start(gateway, security)
        security.write_text(json.dumps(shown))
        cluster = OnGateway(gateway, name, client, settings, file, told)
        try:
            reason = await cluster.watch(stop)
        finally:
            # First: it would look for a scheduler that has gone.
            await client.close()
            await cluster.end()
            security.unlink()
    except Exception as error:
        file.close("failed", str(error) if isinstance(error, Unusable | GatewayError) else explain(error))
        return 1
    file.close("stopped", reason)
    return 0


async def probe(gateway: Gateway) -> dict[str, str]:
    """Versions of the packages of the gateway's schedulers, and of their Python; of a cluster that is ended again."""
    name, client, _ = await start(gateway)
    try:
        found = await client.scheduler.versions()
        packages = {**found["packages"], "python": found["host"]["python"]}
        return {one: packages[one] for one in (*SHARED, "python") if packages.get(one)}
    finally:
        await client.close()
        await asyncio.to_thread(gateway.stop, name)


def main() -> int:
    """Make, report and end one; or look."""
    user, password = sys.stdin.readline().rstrip("\n"), sys.stdin.readline().rstrip("\n")
    if sys.argv[1:2] == ["--probe"]:
        try:
            print(json.dumps(asyncio.run(probe(Gateway(sys.argv[2], user, password)))))
        except (Unusable, GatewayError) as error:
            print(json.dumps({"error": str(error)}))
        return 0
    line = parser("gateway")
    line.add_argument("--address", required=True, help="of the gateway")
    line.add_argument("--told", type=Path, required=True, help="JSON of what the nannies are told")
    given = line.parse_args()
    chosen = settings(given)
    told = {**plugin_told(given), "alone": True}
    file = StateFile(chosen.state, State(chosen.minimum, chosen.maximum))
    return asyncio.run(run(chosen, file, Gateway(given.address, user, password), told))


if __name__ == "__main__":
    sys.exit(main())
