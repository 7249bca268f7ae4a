"""Dask workers with a GPU each, by dask-cuda: its cluster, and which GPUs it may have.

dask-cuda gives each worker a device of its own, which is the first that CUDA shows it, and that of a worker which has
gone to the next one. What a task asks for to run on such a worker alone, Dask's resource `GPU`, is added here.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from workspace_ext.engines.process import Settings
from workspace_ext.errors import ClusterError

RESOURCE = "GPU"

# Who only looks who holds a device locks it for a moment, too.
PATIENCE = 2.0

_held: list[IO[str]] = []


def cluster(settings: Settings) -> tuple[Any, dict[str, Any]]:
    """The class of the cluster, and what it takes beyond what every cluster does.

    Raises:
        ClusterError: dask-cuda is missing, the driver does not answer, or too few of the GPUs are free.
    """
    try:
        from dask_cuda import LocalCUDACluster
        from distributed.system import MEMORY_LIMIT

        from workspace_ext.engines import membership
    except ImportError as error:
        raise ClusterError(f"This environment has no dask-cuda: {error}. Restart the cluster to add it.") from None
    # The driver counts in this order, CUDA by itself in another one.
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    devices = hold(settings.gpus, settings.devices, settings.held, settings.state.parent.name)
    for device in devices:
        if why := _silent(device):
            raise ClusterError(why)
    return LocalCUDACluster, {
        "CUDA_VISIBLE_DEVICES": devices,
        # It does not begin with none.
        "n_workers": max(1, settings.minimum),
        "resources": {RESOURCE: 1},
        "startup_information": {membership.ENVIRONMENT: membership.environment, membership.LACKS: lacks},
        "memory_limit": settings.memory or int(MEMORY_LIMIT / settings.gpus),
    }


def lacks(_worker: Any) -> str:
    """What a worker says: why it cannot use its GPU. Its tasks would run without; dask-cuda itself only logs it."""
    from cuda.core import Device

    try:
        Device()
    except Exception as error:
        return f"GPU {os.environ['CUDA_VISIBLE_DEVICES'].partition(',')[0]} cannot be used: {error}"
    return ""


def lost(running: Any) -> str:
    """Which device of a cluster its workers cannot use, or does not answer any more, and why; "" while all do."""
    return running.scheduler.lacking or next(filter(None, map(_silent, map(str, running.cuda_visible_devices))), "")


def _silent(device: str) -> str:
    import pynvml

    try:
        pynvml.nvmlInit()
        if device.isdecimal():
            pynvml.nvmlDeviceGetHandleByIndex(int(device))
        else:
            pynvml.nvmlDeviceGetHandleByUUID(device.encode())
    except pynvml.NVMLError as error:
        return f"GPU {device} does not answer: {error}"
    return ""


def hold(wanted: int, devices: Sequence[str], folder: Path | None, holder: str) -> list[str]:
    """Take so many of the devices, for as long as this process lives; nobody else who asks the same folder gets them.

    Raises:
        ClusterError: Fewer are free.
    """
    if folder is None:
        return list(devices[:wanted])
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + PATIENCE
    taken: list[str] = []
    while True:
        for device in devices:
            if len(taken) < wanted and device not in taken and _take(folder / device, holder):
                taken.append(device)
        if len(taken) == wanted:
            return sorted(taken, key=devices.index)
        if time.monotonic() > deadline:
            raise ClusterError(f"Too few GPUs are free: {wanted} wanted, {len(taken)} of {len(devices)} free")
        time.sleep(0.1)


def _take(path: Path, holder: str) -> bool:
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    file.truncate(0)
    file.write(holder)
    file.flush()
    _held.append(file)
    return True


def holders(devices: Sequence[str], folder: Path) -> dict[str, str]:
    """Who holds each of the devices that are not free."""
    found = {}
    for device in devices:
        try:
            with (folder / device).open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    found[device] = file.read()
        except FileNotFoundError:
            continue
    return found
