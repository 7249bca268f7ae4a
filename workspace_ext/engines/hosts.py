"""Dask on hosts over SSH: the scheduler in this process, the workers from the environment on each host.

    ENV/bin/python -m workspace_ext.engines.hosts --state FILE --address ssh://ana@10.0.0.2,ana@10.0.0.3 --told FILE

Its standard input is one line of JSON: where the trusted hosts are (`known_hosts`), the private `keys` by host, and the
`certificate` with its `key` that alone lets somebody talk to this scheduler and its workers. It lies beside the state,
for this account alone, for the notebooks that use the cluster.

The environment is built on each host by `builder`. A host that cannot have it runs nothing and says why; it is tried
again, as is one whose connection was lost. Workers end with their connection.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import platform
import shlex
import signal
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from distributed.security import Security

from workspace_ext.engines import dask, membership, ssh
from workspace_ext.engines.existing import Unusable
from workspace_ext.engines.process import Settings, State, StateFile, explain, parser, settings

BOOT = (
    "import json, sys; told = json.loads(sys.stdin.buffer.readline()); space = {'__name__': 'atrium_host'}; "
    "exec(compile(told['program'], 'atrium_host', 'exec'), space); space['main'](told)"
)
SIGN_SECONDS = 5.0
FIRST_RETRY, LAST_RETRY = 1.0, 60.0
# Workers that were there for so long did not end because of how they were started.
STEADY_SECONDS = 20.0
# To end what runs on a host, and then the scheduler: both in less than whoever stops this waits.
END_SECONDS = 10.0
CLOSE_SECONDS = 8.0
# A worker that is not there by then does not reach the scheduler.
LATE_SECONDS = 15.0
# Of a line that a host may say.
LONGEST = 1 << 16


class HostsOnly(membership.OwnWorkersOnly):
    """A scheduler that takes workers of one environment, which lies elsewhere on each host, but has the same name."""

    environment = ""

    def fits(self, found: str) -> bool:
        """Whether it is that environment."""
        return Path(found).name == self.environment


class Workers:
    """Those of one host, for as long as they are wanted."""

    def __init__(self, host: ssh.Host, secrets: dict[str, Any], told: dict[str, Any]) -> None:
        self.host = host
        self.state = "connecting"
        self.message = self.name = ""
        self.since = 0.0
        self.joined = False
        # From then on the agent alone has it: what runs in this process is for notebooks to say, too.
        self._key = secrets["keys"].pop(host.url)
        self._known_hosts, self._told = secrets["known_hosts"], told

    def owns(self, name: str) -> bool:
        """Whether that is a worker of this connection; of several each has a number."""
        return name.startswith(self.name)

    async def run(self) -> None:
        """Have workers there until cancelled. What goes wrong is of this host alone.

        Raises:
            ClusterError: There is no OpenSSH here.
        """
        key, self._key = self._key, ""
        try:
            async with ssh.agent(key) as identity:
                del key
                await self._serve(identity)
        except OSError as error:
            self.state, self.message = "refused", str(error)

    async def _serve(self, identity: tuple[str, ...]) -> None:
        # Of nothing that lies in the folder where one is signed in.
        line = self.host.line(self._known_hosts, f"exec python3 -I -c {shlex.quote(BOOT)}", *identity)
        wait = FIRST_RETRY
        while True:
            seconds = 0.0
            try:
                seconds = await self._follow(line)
            except (OSError, ValueError) as error:
                self.state, self.message = "refused", explain(error)
            wait = FIRST_RETRY if seconds > STEADY_SECONDS else min(LAST_RETRY, wait * 2)
            await asyncio.sleep(wait)

    async def _follow(self, line: list[str]) -> float:
        """One connection, until it ends. Returns for how many seconds workers were there."""
        # Another one than those of an earlier connection, which the scheduler may not have missed yet.
        self.name = f"{self.host.name}-{uuid.uuid4().hex[:4]}"
        wanted = threading.Event()
        stdin, signs = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *line, stdin=stdin, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=LONGEST,
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(signs)
            raise
        finally:
            os.close(stdin)
        assert process.stdout
        assert process.stderr
        first = json.dumps({**self._told, "name": self.name}).encode()
        threading.Thread(target=_sign, args=(signs, first, wanted), daemon=True).start()
        wrong = asyncio.ensure_future(process.stderr.read())
        try:
            last = await self._hear(process.stdout)
            served = time.monotonic() - self.since if last and self.since else 0.0
            if last != "refused":
                said = (await wrong).decode(errors="replace")
                self.state, self.message = "refused", self.host.meaning(await process.wait(), said)
            return served
        finally:
            # It hears that it is not wanted any more, and ends what it has started.
            wanted.set()
            try:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(process.wait(), END_SECONDS)
            finally:
                if process.returncode is None:
                    process.kill()
                wrong.cancel()

    async def _hear(self, stream: asyncio.StreamReader) -> str:
        """Take what the host says; until then what an earlier connection ended with holds. Returns the last state.

        Whatever else is printed where somebody signs in is none of it.
        """
        last = ""
        while said := await stream.readline():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                found = json.loads(said)
                last, self.message = found["state"], found["message"]
                self.state = last
                if last == "building":
                    self.since, self.joined = 0.0, False
                elif last == "serving":
                    self.since = time.monotonic()
        return last


def _sign(descriptor: int, first: bytes, wanted: threading.Event) -> None:
    """Say what there is to do, and then that it still is. From a thread: this process may be busy for minutes."""
    with contextlib.suppress(OSError), open(descriptor, "wb") as pipe:
        while True:
            pipe.write(first + b"\n")
            pipe.flush()
            first = b""
            if wanted.wait(SIGN_SECONDS):
                break


class OnHosts:
    """One cluster."""

    def __init__(self, scheduler: Any, workers: list[Workers], settings: Settings, file: StateFile) -> None:
        self._scheduler, self._workers, self._settings, self._file = scheduler, workers, settings, file
        self._running = False

    async def watch(self, stop: asyncio.Event) -> str:
        """Report until it shall end. Returns why.

        Raises:
            Unusable: None of the hosts can have the environment.
        """
        serving = [asyncio.ensure_future(one.run()) for one in self._workers]
        try:
            self._file.update(dashboard=await dask.show(self._scheduler))
            idleness = dask.Idleness(self._scheduler)
            while not stop.is_set():
                for one in serving:
                    if one.done():
                        one.result()
                self._tell(idleness)
                if self._settings.lease.expired():
                    return "Nobody used it"
                if self._scheduler.status.name != "running":
                    raise RuntimeError(f"The scheduler is {self._scheduler.status.name}")
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(stop.wait(), 1.0)
            return "Stopped"
        finally:
            for one in serving:
                one.cancel()
            await asyncio.wait(serving)

    def _tell(self, idleness: dask.Idleness) -> None:
        there = [str(one.name) for one in self._scheduler.workers.values()]
        count = len(there)
        for one in self._workers:
            one.joined = one.joined or any(map(one.owns, there))
        self._running = self._running or count > 0
        if not self._running and all(one.state == "refused" for one in self._workers):
            raise Unusable(f"none of the hosts serves: {self.message()}")
        self._file.update(
            state="running" if self._running else "starting",
            address=f"tls://127.0.0.1:{self._scheduler.port}", workers=count,
            maximum=max(count, len(self._workers)), idle_since=idleness.look(),
            message=self.message() or dask.stuck(self._scheduler),
        )  # fmt: skip

    def message(self) -> str:
        """What is not as it should be, for a person."""
        building = sum(one.state == "building" for one in self._workers)
        said = [f"building the environment on {building} of {len(self._workers)}"] if building else []
        connecting = [one.host.name for one in self._workers if one.state == "connecting"]
        said += [f"connecting to {' and '.join(connecting)}"] if connecting else []
        coming = [one for one in self._workers if one.state == "serving" and not one.joined]
        said += [f"starting workers on {len(coming)} of {len(self._workers)}"] if coming else []
        said += [f"{one.host.name}: {one.message}" for one in self._workers if one.state == "refused"]
        # Theirs were started, but did not come.
        if late := [
            one.host.name
            for one in self._workers
            if one.since and not one.joined and (one.state == "refused" or time.monotonic() - one.since > LATE_SECONDS)
        ]:
            said.append(f"workers of {' and '.join(late)} have to reach port {self._scheduler.port} of this machine")
        return "; ".join(said)


def told_of(given: argparse.Namespace, secrets: dict[str, Any], port: int) -> dict[str, Any]:
    """What hosts are told."""
    texts = {
        name: Path(str(importlib.import_module(f"workspace_ext.engines.{module}").__file__)).read_text()
        for name, module in (("program", "host"), ("builder", "builder"), ("member", "membership"))
    }
    return {
        **json.loads(given.told.read_text()), **texts, "port": port, "machine": platform.machine(),
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "certificate": secrets["certificate"], "key": secrets["key"],
    }  # fmt: skip


async def run(settings: Settings, file: StateFile, given: argparse.Namespace, secrets: dict[str, Any]) -> int:
    """Be the cluster until it shall end. Returns the exit status."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    shown = {name: secrets[name] for name in ("certificate", "key")}
    kept = settings.state.with_name("security.json")
    try:
        dask.prepare_pages()
        security = Security(
            tls_ca_file=shown["certificate"], tls_scheduler_cert=shown["certificate"], tls_scheduler_key=shown["key"],
            require_encryption=True,
        )  # fmt: skip
        scheduler = HostsOnly(
            protocol="tls", port=0, security=security, dashboard=False, dashboard_address="127.0.0.1:0"
        )
        await scheduler
        try:
            told = told_of(given, secrets, scheduler.port)
            scheduler.environment = told["environment"]
            with os.fdopen(os.open(kept, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as opened:
                json.dump(shown, opened)
            workers = [Workers(one, secrets, told) for one in ssh.hosts_of(given.address)]
            reason = await OnHosts(scheduler, workers, settings, file).watch(stop)
        finally:
            kept.unlink(missing_ok=True)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(scheduler.close(), CLOSE_SECONDS)
    except Exception as error:
        file.close("failed", str(error) if isinstance(error, Unusable) else explain(error))
        return 1
    file.close("stopped", reason)
    return 0


def main() -> int:
    """Start, report and end one."""
    secrets = json.loads(sys.stdin.readline())
    line = parser("hosts")
    line.add_argument("--address", required=True, help="of the hosts")
    line.add_argument("--told", type=Path, required=True, help="JSON of the environment that they are told of")
    given = line.parse_args()
    chosen = settings(given)
    file = StateFile(chosen.state, State(0, len(ssh.hosts_of(given.address))))
    return asyncio.run(run(chosen, file, given, secrets))


if __name__ == "__main__":
    sys.exit(main())
