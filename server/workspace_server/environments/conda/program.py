"""What is done with conda's packages, in a process of its own that can be killed; its arguments are two files, of the
request and of the answer.

The library is rattler's. On standard error goes a line of JSON whenever something is known of how far it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import rattler
from rattler import Channel, Client, Gateway, LockFile, MatchSpec, RepoDataRecord, Subdir, VirtualPackage
from rattler.exceptions import (
    GatewayError,
    InstallerError,
    InvalidMatchSpecError,
    LinkError,
    SolverError,
    TransactionError,
)
from rattler.install import InstallerReporter
from rattler.lock import LockChannel, LockPlatform
from rattler.package_cache import PackageCache, ValidationMode

ENVIRONMENT = "default"


class Refused(Exception):
    """``error`` says which part failed: ``spec`` (with its number), ``solver``, ``network``, ``install``."""

    def __init__(self, error: str, message: str, which: int = -1) -> None:
        super().__init__(message)
        self.told = {"error": error, "message": message, "which": which}


class Reporter(InstallerReporter):
    """Tells what is being fetched, then how much of it is in its place."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._total = self._done = 0

    def on_transaction_start(self, total_operations: int) -> None:
        self._total = total_operations

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        self._names[operation] = package_name
        return operation

    def on_download_start(self, cache_entry: int) -> int:
        tell("downloading", f"downloading {self._names.get(cache_entry, 'packages')}", self._done, self._total)
        return cache_entry

    def on_link_start(self, operation: int, package_name: str) -> int:
        self._done += 1
        tell("installing", f"installing {package_name} ({self._done} of {self._total})", self._done, self._total)
        return operation


def tell(phase: str, message: str, done: int, total: int) -> None:
    print(json.dumps([phase, message, done, total]), file=sys.stderr, flush=True)


async def solve(request: dict[str, Any], scratch: Path, work: Path) -> dict[str, Any]:
    """Choose packages, and install them into ``scratch``; the lock."""
    specs = [_spec(number, text) for number, text in enumerate(request["specs"])]
    tell("resolving", "resolving packages of conda", 0, 0)
    try:
        records = await rattler.solve(
            [Channel(url) for url in request["channels"]],
            specs,
            gateway=Gateway(cache_dir=Path(request["cache"]) / "repodata", client=Client.default_client()),
            virtual_packages=VirtualPackage.detect(),
            constraints=[bound for text in request["bounds"] for bound in _readable(text)],
            # None but those that were agreed to, whatever a channel says of others.
            channel_relations="disabled",
        )
    except SolverError as error:
        raise Refused("solver", str(error)) from None
    except GatewayError as error:
        raise Refused("network", str(error)) from None
    # By name, so that the same packages make the same lock.
    records.sort(key=lambda one: one.name.normalized)
    platform = LockPlatform(str(Subdir.current()))
    lock = LockFile([platform])
    lock.set_channels(ENVIRONMENT, [LockChannel(url) for url in request["channels"]])
    for record in records:
        lock.add_conda_package(ENVIRONMENT, platform, record)
    path = work / "pixi.lock"
    lock.to_path(path)
    await _install(records, scratch, scratch, Path(request["cache"]))
    return {"lock": path.read_text()}


async def link(request: dict[str, Any], folder: Path, work: Path) -> dict[str, Any]:
    """Install what a lock says into ``folder``, which will lie at ``final``."""
    path = work / "pixi.lock"
    path.write_text(request["lock"])
    environment = LockFile.from_path(path).environment(ENVIRONMENT)
    records = environment.conda_repodata_records().get(str(Subdir.current())) if environment is not None else None
    if not records:
        raise Refused("install", f"the lock has no packages for {Subdir.current()}")
    await _install(records, folder, Path(request["final"]), Path(request["cache"]))
    return {}


async def _install(records: list[RepoDataRecord], folder: Path, final: Path, cache: Path) -> None:
    try:
        # Scripts of packages that would run at installing do not.
        await rattler.install(
            records, folder, installed_packages=[], execute_link_scripts=False, client=Client.default_client(),
            # Somebody may have ended in the midst of one.
            package_cache=PackageCache.new_layered([cache / "pkgs"], validation_mode=ValidationMode.fast()),
            reporter=Reporter(),  # type: ignore[abstract]  # what is not of interest does nothing
            alternative_target_prefix=final,
        )  # fmt: skip
    except (InstallerError, LinkError, TransactionError, OSError) as error:
        raise Refused("install", str(error)) from None


def _spec(number: int, text: str) -> MatchSpec:
    try:
        return MatchSpec(text)
    except InvalidMatchSpecError as error:
        raise Refused("spec", str(error), number) from None


def _readable(text: str) -> list[MatchSpec]:
    """A requirement of pip's as conda reads it; none where it has no such thing."""
    try:
        return [MatchSpec(text)]
    except InvalidMatchSpecError:
        return []


def main(given: str, answer: str) -> None:
    """Do what the request asks for; the answer tells of it, or of why not."""
    request = json.loads(Path(given).read_text())
    do = solve if request["do"] == "solve" else link
    try:
        told = asyncio.run(do(request, Path(request["folder"]), Path(given).parent))
    except Refused as error:
        told = error.told
    Path(answer).write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
    # At once: threads of the library may be busy with Python's own, which would be gone beneath them.
    os._exit(0)
