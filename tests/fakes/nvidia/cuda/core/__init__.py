"""The device that a process sees first. Where the file `$ATRIUM_FAKE_GPUS.broken` is, CUDA cannot be used."""

from __future__ import annotations

import os
from pathlib import Path


class Device:
    def __init__(self) -> None:
        if Path(os.environ["ATRIUM_FAKE_GPUS"] + ".broken").exists():
            raise RuntimeError("CUDA_ERROR_NO_DEVICE")

    def set_current(self) -> None: ...
