"""The GPUs of this machine, as NVIDIA's driver tells by its own program, and which of them are free.

The program is asked, not the driver's library: a driver that hangs or is replaced meanwhile does not harm the server.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workspace_ext.contract.clusters import Gpu, Gpus
from workspace_ext.contract.operations import WireError
from workspace_ext.engines import gpu as engine

from ..kit.errors import AtriumError, Conflict, Unavailable
from ..kit.home import Home
from .engine import Choice

PROGRAM = "nvidia-smi"
PATIENCE = 20.0
VISIBLE = "CUDA_VISIBLE_DEVICES"

# The oldest driver that runs each CUDA, the newest first; see NVIDIA's "CUDA Toolkit Release Notes", table 3.
DRIVERS = {"cu13": 580, "cu12": 525}

WITHOUT = "or create the cluster without GPUs."

_GPU = re.compile(r"GPU (\d+): (.+) \(UUID: (GPU-[\w-]+)\)")
_SLICE = re.compile(r"\s+MIG (\S+)\s.*\(UUID: (MIG-[\w-]+)\)")


@dataclass(frozen=True)
class Device:
    """``id`` is what CUDA calls it: its number, or the UUID of a slice (MIG)."""

    id: str
    name: str
    uuid: str


@dataclass(frozen=True)
class Machine:
    """``accelerator`` is the newest CUDA that its driver runs, see ``workspace_ext.engines.requirements.GPU``."""

    host: str
    devices: tuple[Device, ...]
    accelerator: str


def look() -> Machine:
    """This machine. Takes up to seconds: call it from a thread.

    Raises
    ------
    Unavailable
        It has no GPU that can be used; the message says what is wrong.
    """
    host = socket.gethostname()
    devices = _devices(_ask(host, "-L"))
    if not devices:
        raise _none(host, f"{PROGRAM} lists none")
    seen = _visible(devices)
    if not seen:
        raise Unavailable(
            "no_gpu",
            f"No NVIDIA GPU of {host} is given to the server: {VISIBLE} is {os.environ[VISIBLE]!r} there.",
            f"Start the server with another {VISIBLE}, {WITHOUT}",
        )
    driver = _ask(host, "--query-gpu=driver_version", "--format=csv,noheader").strip().partition("\n")[0]
    number = int(driver.partition(".")[0]) if driver[:1].isdigit() else 0
    accelerator = next((name for name, oldest in DRIVERS.items() if number >= oldest), None)
    if accelerator is None:
        raise Unavailable(
            "old_driver",
            f"The NVIDIA driver of {host} is {driver or 'unknown'}, which is too old.",
            f"Install {min(DRIVERS.values())} or newer, {WITHOUT}",
        )
    return Machine(host, tuple(seen), accelerator)


def check_free(choice: Choice, names: dict[str, str]) -> None:
    """Raise ``Conflict`` unless so many of them are free; ``names`` are those of clusters, by id."""
    holders = _holders(choice.devices, choice.held, names)
    free = len(choice.devices) - len(holders)
    if choice.count > free:
        who = " and ".join(sorted(set(holders.values())))
        raise Conflict(
            "gpus_in_use",
            f"{_counted(choice.count)} asked for, and {free} of the {len(choice.devices)} of {socket.gethostname()} "
            f"{'is' if free == 1 else 'are'} free. Others are used by {who}.",
            f"Stop what uses them{f', or ask for {free}' if free else ''}.",
        )


def chosen(home: Home, wanted: int) -> Choice | None:
    """What a cluster with so many GPUs is started with, None for one without. From a thread.

    Raises
    ------
    Unavailable, Conflict
        There are too few.
    """
    if not wanted:
        return None
    machine = look()
    if wanted > (there := len(machine.devices)):
        raise Conflict(
            "too_few_gpus",
            f"{_counted(wanted)} asked for, and {machine.host} has {there}.",
            f"Ask for {there} at most.",
        )
    return Choice(wanted, tuple(one.id for one in machine.devices), machine.accelerator, held(home))


def tell(home: Home, names: dict[str, str]) -> Gpus:
    """For whoever makes a cluster: which there are, and who has them. From a thread."""
    try:
        machine = look()
    except AtriumError as error:
        return Gpus(socket.gethostname(), [], WireError(error.code, error.message, error.hint))
    holders = _holders([one.id for one in machine.devices], held(home), names)
    return Gpus(machine.host, [Gpu(one.name, holders.get(one.id, "")) for one in machine.devices])


def held(home: Home) -> Path:
    """Where clusters say which GPUs they have."""
    return home.clusters / ".gpus"


def _holders(devices: Sequence[str], folder: Path, names: dict[str, str]) -> dict[str, str]:
    return {device: names.get(holder, "a run") for device, holder in engine.holders(devices, folder).items()}


def _counted(wanted: int) -> str:
    return f"{wanted} {'GPU is' if wanted == 1 else 'GPUs are'}"


def _ask(host: str, *options: str) -> str:
    try:
        done = subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except FileNotFoundError:
        raise _none(host, f"{PROGRAM}, which comes with NVIDIA's driver, is not there") from None
    except subprocess.TimeoutExpired:
        raise _broken(host, f"{PROGRAM} does not answer within {PATIENCE:g} s") from None
    except OSError as error:
        raise _broken(host, f"{PROGRAM} cannot be run: {error.strerror or error}") from None
    said = " ".join((done.stdout + done.stderr).split())
    if "No devices" in said:
        raise _none(host, f"{PROGRAM} lists none")
    if done.returncode != 0:
        raise _broken(host, f"{PROGRAM} says: {said[:300].rstrip('.') or f'nothing, but status {done.returncode}'}")
    return done.stdout


def _devices(listed: str) -> list[Device]:
    """Of what ``nvidia-smi -L`` says. Of a GPU that is cut into slices, only they can be used."""
    found: list[Device] = []
    whole: Device | None = None
    for line in listed.splitlines():
        if card := _GPU.match(line):
            whole = Device(card[1], card[2], card[3])
            found.append(whole)
        elif (slice_ := _SLICE.match(line)) and whole is not None:
            if whole in found:
                found.remove(whole)
            found.append(Device(slice_[2], f"{whole.name}, {slice_[1]}", slice_[2]))
    return found


def _visible(devices: list[Device]) -> list[Device]:
    """Those that whoever started the server left to it."""
    if (told := os.environ.get(VISIBLE)) is None:
        return devices
    seen: list[Device] = []
    for word in filter(None, map(str.strip, told.split(","))):
        match = next((one for one in devices if word == one.id or one.uuid.startswith(word)), None)
        if match is None:  # As CUDA reads it: what comes after a wrong one is not seen.
            break
        seen.append(match)
    return seen


def _none(host: str, why: str) -> Unavailable:
    return Unavailable(
        "no_gpu",
        f"No NVIDIA GPU is found on {host}: {why}.",
        f"Install NVIDIA's driver there (a container needs to be given the GPUs), {WITHOUT}",
    )


def _broken(host: str, why: str) -> Unavailable:
    return Unavailable(
        "gpu_driver",
        f"The NVIDIA driver of {host} does not work: {why}.",
        f"Mend it until {PROGRAM} lists the GPUs, {WITHOUT}",
    )
