"""GPUs of the server's machine: which there are, why there are none, who has them. `nvidia-smi` is a script here."""

from __future__ import annotations

import fcntl
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import gpus as machines
from tests.fakes.servers import start_server
from tests.server.clusters.helpers import NOTEBOOK, make_project, wait_for
from workspace_server.clusters import gpus
from workspace_server.clusters.engine import Choice
from workspace_server.kit.errors import AtriumError
from workspace_server.kit.home import Home

HOST = socket.gethostname()
WITHOUT = "or create the cluster without GPUs."
MEND = f"Mend it until nvidia-smi lists the GPUs, {WITHOUT}"
SLICED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5a4f0b12-0000-4000-8000-000000000000)
  MIG 3g.20gb     Device  0: (UUID: MIG-11111111-0000-4000-8000-000000000000)
  MIG 3g.20gb     Device  1: (UUID: MIG-22222222-0000-4000-8000-000000000000)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-5a4f0b12-0000-4000-8000-000000000001)
"""

Machine = Callable[..., None]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Have `nvidia-smi` say that."""
    monkeypatch.delenv(gpus.VISIBLE, raising=False)

    def become(says: str, driver: str = "580.65.06", status: int = 0) -> None:
        monkeypatch.setenv("PATH", machines.smi(tmp_path / "bin", says, driver, status))

    return become


def chosen(home: Home, count: int) -> Choice:
    choice = gpus.chosen(home, count)
    assert choice is not None
    return choice


def told(call: Callable[[], object]) -> str:
    with pytest.raises(AtriumError) as raised:
        call()
    return f"{raised.value.code}: {raised.value.message} {raised.value.hint}"


def test_they_are_called_as_cuda_calls_them(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(machines.listed(2))
    found = gpus.look()
    assert [(one.id, one.name) for one in found.devices] == [("0", "NVIDIA L4"), ("1", "NVIDIA L4")]
    # Of one that is cut into slices only they can be used.
    machine(SLICED)
    assert [one.id for one in gpus.look().devices] == [
        "MIG-11111111-0000-4000-8000-000000000000", "MIG-22222222-0000-4000-8000-000000000000", "1",
    ]  # fmt: skip
    assert gpus.look().devices[0].name == "NVIDIA A100-SXM4-40GB, 3g.20gb"
    # Whoever started the server may have left it some of them.
    machine(machines.listed(4))
    monkeypatch.setenv(gpus.VISIBLE, "2,GPU-5a4f0b12-0000-4000-8000-000000000000,9,1")
    assert [one.id for one in gpus.look().devices] == ["2", "0"]


@pytest.mark.parametrize(
    ("driver", "accelerator"), [("525.60.13", "cu12"), ("575.57", "cu12"), ("580.65.06", "cu13"), ("610.1", "cu13")]
)
def test_the_driver_says_which_cuda(machine: Machine, driver: str, accelerator: str) -> None:
    machine(machines.listed(1), driver)
    assert gpus.look().accelerator == accelerator


def test_why_there_is_none(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install = f"Install NVIDIA's driver there (a container needs to be given the GPUs), {WITHOUT}"
    machine("No devices were found\n", status=6)
    assert told(gpus.look) == f"no_gpu: No NVIDIA GPU is found on {HOST}: nvidia-smi lists none. {install}"
    machine(machines.NO_DRIVER, status=9)
    broken = machines.NO_DRIVER.rstrip(".")
    assert (
        told(gpus.look) == f"gpu_driver: The NVIDIA driver of {HOST} does not work: nvidia-smi says: {broken}. {MEND}"
    )
    machine(machines.listed(1), "470.57.02")
    assert told(gpus.look) == (
        f"old_driver: The NVIDIA driver of {HOST} is 470.57.02, which is too old. Install 525 or newer, {WITHOUT}"
    )
    machine(machines.listed(1))
    monkeypatch.setenv(gpus.VISIBLE, "")
    assert told(gpus.look) == (
        f"no_gpu: No NVIDIA GPU of {HOST} is given to the server: CUDA_VISIBLE_DEVICES is '' there. "
        f"Start the server with another CUDA_VISIBLE_DEVICES, {WITHOUT}"
    )
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(gpus, "PATIENCE", 0.3)
    silent = "nvidia-smi does not answer within 0.3 s"
    assert told(gpus.look) == f"gpu_driver: The NVIDIA driver of {HOST} does not work: {silent}. {MEND}"
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = "nvidia-smi, which comes with NVIDIA's driver, is not there"
    assert told(gpus.look) == f"no_gpu: No NVIDIA GPU is found on {HOST}: {missing}. {install}"


def test_no_more_than_there_are_and_than_are_free(machine: Machine, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    machine(machines.listed(3))
    single, two, every = (chosen(home, count) for count in (1, 2, 3))
    assert gpus.chosen(home, 0) is None
    gpus.check_free(every, {})
    assert told(lambda: gpus.chosen(home, 4)) == (
        f"too_few_gpus: 4 GPUs are asked for, and {HOST} has 3. Ask for 3 at most."
    )
    gpus.held(home).mkdir(parents=True)
    with (gpus.held(home) / "0").open("w") as one, (gpus.held(home) / "2").open("w") as other:
        for file, holder in ((one, "c1"), (other, "cluster")):
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(holder)
            file.flush()
        names = {"c1": "training"}
        gpus.check_free(single, names)
        assert [(one.name, one.cluster) for one in gpus.tell(home, names).gpus] == [
            ("NVIDIA L4", "training"), ("NVIDIA L4", ""), ("NVIDIA L4", "a run"),
        ]  # fmt: skip
        assert told(lambda: gpus.check_free(two, names)) == (
            f"gpus_in_use: 2 GPUs are asked for, and 1 of the 3 of {HOST} is free. Others are used by a run and "
            "training. Stop what uses them, or ask for 1."
        )
    gpus.check_free(every, names)


@pytest.mark.parts
@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="has a driver of its own")
def test_a_cluster_for_gpus_is_refused_or_fails_with_the_reason(tmp_path: Path) -> None:
    path = machines.smi(tmp_path / "bin", machines.listed(2))
    with start_server(tmp_path / "home", PATH=path) as server:
        make_project(server.home, "six==1.17.0")

        def refused(**wanted: object) -> tuple[int, str, str | None]:
            status, said = server.request(
                "POST", "atrium/api/clusters", {"notebook": NOTEBOOK, "kind": "dask"} | wanted
            )
            return status, said["code"], said.get("field")

        assert server.api("GET", "/clusters/gpus")["gpus"] == [{"name": "NVIDIA L4", "cluster": ""}] * 2
        assert refused(gpus=2, maximum=3) == (422, "a_gpu_each", "maximum")
        assert refused(gpus=-1) == (422, "invalid_gpus", "gpus")
        assert refused(gpus=1, maximum=1, kind="spark") == (422, "gpus_of_dask", "gpus")
        assert refused(gpus=1, maximum=1, address="tcp://127.0.0.1:9") == (422, "gpus_of_dask", "gpus")
        assert refused(gpus=3, maximum=3) == (409, "too_few_gpus", None)

        # The program is there, the driver's library is not: no worker without a GPU takes its place.
        made = server.api("POST", "/clusters", {"notebook": NOTEBOOK, "kind": "dask", "gpus": 2, "maximum": 2})[
            "cluster"
        ]
        failed = wait_for(server, made["id"], "failed")
        assert failed["error"]["message"] == "The cluster ended: GPU 0 does not answer: NVML Shared Library Not Found."
        packages = {one["name"] for one in server.api("GET", f"/environments?notebook={NOTEBOOK}")["packages"]}
        assert {"dask-cuda", "cuda-bindings"} <= packages
        status, said = server.request("POST", f"atrium/api/clusters/{made['id']}/scale", {"minimum": 1, "maximum": 3})
        assert (status, said["code"]) == (422, "a_gpu_each")

        # The driver has gone meanwhile: nothing is built, and it says so.
        machines.smi(tmp_path / "bin", machines.NO_DRIVER, status=9)
        server.api("POST", f"/clusters/{made['id']}/restart", {})
        assert wait_for(server, made["id"], "failed", seconds=20)["error"]["code"] == "gpu_driver"
        assert server.api("GET", "/clusters/gpus")["problem"]["code"] == "gpu_driver"
        status, said = server.request(
            "POST", "atrium/api/clusters", {"notebook": NOTEBOOK, "kind": "dask", "gpus": 1, "maximum": 1}
        )
        assert (status, said["code"]) == (503, "gpu_driver")
