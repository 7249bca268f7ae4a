"""What can only be seen on a machine with NVIDIA GPUs: `pytest -m gpu`. Everywhere else this is skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.servers import Server, start_server
from tests.server.clusters.helpers import NOTEBOOK, ask, in_environment, make_project, wait_for
from workspace_server.clusters import gpus
from workspace_server.kit.errors import AtriumError

try:
    MACHINE: gpus.Machine | None = gpus.look()
    REASON = ""
except AtriumError as error:
    MACHINE, REASON = None, error.message

pytestmark = [pytest.mark.parts, pytest.mark.gpu, pytest.mark.skipif(MACHINE is None, reason=REASON)]

# On each worker: the UUID of the device that CUDA gives it first, and what came back from that device's memory.
DEVICES = """
import json, os
from workspace_ext import cluster
os.environ["ATRIUM_CLUSTER"] = {told!r}
client = cluster.dask()

def device():
    import ctypes, os
    from cuda.bindings import driver
    from cuda.core import Device
    first = Device()
    first.set_current()
    failed, memory = driver.cuMemAlloc(4096)
    assert not failed.value, failed
    driver.cuMemsetD32(memory, 20261126, 1024)
    back = (ctypes.c_uint32 * 1024)()
    driver.cuMemcpyDtoH(ctypes.addressof(back), memory, 4096)
    driver.cuMemFree(memory)
    return os.getpid(), first.uuid, sum(back) // 1024

client.wait_for_workers({count})
seen = client.run(device)
if {kill}:
    lost = next(iter(seen.values()))[0]
    client.run(os.kill, lost, 9, workers=[one for one, told in seen.items() if told[0] == lost], on_error="ignore")
    while any(told[0] == lost for told in seen.values()) or len(seen) < {count}:
        seen = client.run(device, on_error="ignore")
        seen = {{one: told for one, told in seen.items() if isinstance(told, (list, tuple))}}
print(json.dumps([told[1:] for told in seen.values()]))
"""

# A line is fitted by gradient descent, on the GPU of whichever worker takes the task.
TRAIN = """
import json, os
from workspace_ext import cluster
os.environ["ATRIUM_CLUSTER"] = {told!r}

def train(slope):
    import torch
    device = torch.device("cuda")
    torch.manual_seed(0)
    x = torch.rand(4096, 1, device=device)
    model = torch.nn.Linear(1, 1, device=device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(400):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), slope * x)
        loss.backward()
        optimizer.step()
    return round(model.weight.item(), 1), model.weight.is_cuda

client = cluster.dask()
print(json.dumps(client.gather(client.map(train, [1.0, 2.0, 3.0], resources={{"GPU": 1}}))))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("gpus") / "home") as running:
        yield running


def run(server: Server, program: str, **given: Any) -> Any:
    """What the program prints on a cluster with all GPUs of the machine."""
    assert MACHINE is not None
    count = len(MACHINE.devices)
    wanted = {"notebook": NOTEBOOK, "kind": "dask", "minimum": count, "maximum": count, "gpus": count}
    id = server.api("POST", "/clusters", wanted)["cluster"]["id"]
    try:
        wait_for(server, id, "running", seconds=500)
        assert [one["cluster"] for one in server.api("GET", "/clusters/gpus")["gpus"]] == ["small"] * count
        told = json.dumps(ask(server, NOTEBOOK)[1])
        return json.loads(in_environment(server, NOTEBOOK, program.format(told=told, count=count, **given)))
    finally:
        server.api("POST", f"/clusters/{id}/stop", {})
        wait_for(server, id, "stopped")
        server.api("DELETE", f"/clusters/{id}")


@pytest.mark.parametrize("kill", [False, True])
def test_each_worker_has_a_gpu_of_its_own_and_so_has_who_takes_its_place(server: Server, kill: bool) -> None:
    assert MACHINE is not None
    make_project(server.home, "six==1.17.0")
    found = run(server, DEVICES, kill=kill)
    assert sorted(uuid.removeprefix("GPU-") for uuid, _ in found) == sorted(
        one.uuid.removeprefix("GPU-") for one in MACHINE.devices
    )
    assert {value for _, value in found} == {20261126}
    # They are free again for the next one.
    assert {one["cluster"] for one in server.api("GET", "/clusters/gpus")["gpus"]} == {""}


def test_a_model_is_trained_on_them(server: Server) -> None:
    make_project(server.home, "torch")
    assert run(server, TRAIN) == [[1.0, True], [2.0, True], [3.0, True]]
