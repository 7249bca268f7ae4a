"""NVIDIA's management library on a machine that has none: as many GPUs as the file `$ATRIUM_FAKE_GPUS` has lines, each
with its UUID; without the file the driver has gone. What dask-cuda, distributed and the engine ask for, no more.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

NVML_DEVICE_MIG_DISABLE, NVML_DEVICE_MIG_ENABLE = 0, 1


class NVMLError(Exception): ...


class NVMLError_NotSupported(NVMLError): ...


class NVMLError_LibraryNotFound(NVMLError): ...


class NVMLError_DriverNotLoaded(NVMLError): ...


class NVMLError_Unknown(NVMLError): ...


class NVMLError_NotFound(NVMLError): ...


def _uuids() -> list[str]:
    try:
        return Path(os.environ["ATRIUM_FAKE_GPUS"]).read_text().split()
    except FileNotFoundError:
        raise NVMLError_DriverNotLoaded("Driver Not Loaded") from None


def nvmlInit() -> None:
    _uuids()


def nvmlSystemGetDriverVersion() -> str:
    return "580.65.06"


def nvmlDeviceGetCount() -> int:
    return len(_uuids())


def nvmlDeviceGetHandleByIndex(index: int) -> int:
    if not 0 <= index < len(_uuids()):
        raise NVMLError("GPU is lost")
    return index


def nvmlDeviceGetHandleByUUID(uuid: bytes) -> int:
    return _uuids().index(uuid.decode())


def nvmlDeviceIsMigDeviceHandle(_handle: int) -> bool:
    return False


def nvmlDeviceGetMemoryInfo(_handle: int) -> SimpleNamespace:
    return SimpleNamespace(total=16 * 2**30, used=0)


def nvmlDeviceGetCpuAffinity(_handle: int, words: int) -> list[int]:
    return [2 ** (os.cpu_count() or 1) - 1] * words


def nvmlDeviceGetMigMode(_handle: int) -> tuple[int, int]:
    raise NVMLError_NotSupported("Not Supported")


def nvmlDeviceGetUUID(handle: int) -> str:
    return _uuids()[handle]


def nvmlDeviceGetIndex(handle: int) -> int:
    return handle


def nvmlDeviceGetName(_handle: int) -> str:
    return "NVIDIA Fake"


def nvmlDeviceGetUtilizationRates(_handle: int) -> SimpleNamespace:
    return SimpleNamespace(gpu=0)


def nvmlDeviceGetComputeRunningProcesses(_handle: int) -> list[SimpleNamespace]:
    return []
