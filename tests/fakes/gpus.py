"""A machine with NVIDIA GPUs, as far as it is known by the programs and libraries that come with the driver."""

from __future__ import annotations

import os
from pathlib import Path

LIBRARIES = Path(__file__).with_name("nvidia")

# What `nvidia-smi` says without a driver, as the program of version 580 does.
NO_DRIVER = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. "
    "Make sure that the latest NVIDIA driver is installed and running."
)


def listed(count: int, name: str = "NVIDIA L4") -> str:
    """What `nvidia-smi -L` says of so many GPUs."""
    return "".join(f"GPU {one}: {name} (UUID: GPU-5a4f0b12-0000-4000-8000-00000000000{one})\n" for one in range(count))


def smi(folder: Path, says: str, driver: str = "580.65.06", status: int = 0) -> str:
    """A `PATH` on which `nvidia-smi` is found first, which says that."""
    folder.mkdir(exist_ok=True)
    (folder / "says").write_text(says)
    program = folder / "nvidia-smi"
    program.write_text(f'#!/bin/sh\ncase "$1" in -L) cat {folder}/says;; *) echo {driver};; esac\nexit {status}\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def driver(folder: Path, count: int) -> dict[str, str]:
    """Environment variables of a process that finds so many GPUs, until the file that they name is removed."""
    file = folder / "gpus"
    file.write_text("".join(f"GPU-{one}\n" for one in range(count)))
    return {"ATRIUM_FAKE_GPUS": str(file)}
