"""Environments for GPUs: which packages they hold follows the driver, and they are kept apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.server.environments.conftest import Messages
from workspace_ext.engines.requirements import DASK, GPU
from workspace_server.environments.declaration import Declaration, declare
from workspace_server.environments.errors import Unbuildable
from workspace_server.environments.lock import canonical, resolve
from workspace_server.environments.uv import Uv
from workspace_server.kit.home import Home

pytestmark = pytest.mark.parts


def wanted(project: Path, accelerator: str, *lines: str) -> Declaration:
    (project / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
    return declare(project, project, [*DASK, *GPU.get(accelerator, ())])


def test_each_accelerator_has_an_environment_of_its_own(home: Home, project: Path) -> None:
    declared = [wanted(project, accelerator, "six==1.17.0") for accelerator in ("cpu", "cu12", "cu13")]
    assert [one.accelerator for one in declared] == ["cpu", "cu12", "cu13"]
    locks = [resolve(home, one, Uv(home)) for one in declared]
    pinned = [{one.name: one.version for one in lock.packages} for lock in locks]
    assert [each.get("cuda-bindings", "none").partition(".")[0] for each in pinned] == ["none", "12", "13"]
    assert ["dask-cuda" in each for each in pinned] == [False, True, True]
    assert len({lock.id for lock in locks}) == 3
    # What an index serves for one line may depend on where it is installed.
    assert len({canonical("six==1.17.0 \\\n    --hash=sha256:0\n", one).id for one in declared}) == 3


@pytest.mark.parametrize(("accelerator", "cuda"), [("cu12", "12"), ("cu13", "13")])
def test_what_is_packaged_for_one_cuda_is_taken_for_the_drivers(
    home: Home, project: Path, accelerator: str, cuda: str
) -> None:
    lock = resolve(home, wanted(project, accelerator, "torch>=2.9"), Uv(home))
    assert any(one.name.startswith("nvidia-cudnn-cu") for one in lock.packages)
    assert {one.name for one in lock.packages if one.name.startswith("nvidia-cudnn-cu")} == {f"nvidia-cudnn-cu{cuda}"}


@pytest.mark.parametrize(
    ("accelerator", "line"),
    [("cu13", "dask==2025.12.0"), ("cu13", "distributed==2025.9.1"), ("cu12", "torch==2.15.0")],
)
def test_what_does_not_fit_is_named_with_what_it_does_not_fit(
    home: Home, project: Path, messages: Messages, accelerator: str, line: str
) -> None:
    with pytest.raises(Unbuildable) as raised:
        resolve(home, wanted(project, accelerator, "six", line), Uv(home))
    assert raised.value.code == "conflict", raised.value.detail
    assert f"{line} (requirements.txt, line 2)" in raised.value.message
    # Every other month brings one more.
    raised.value.hint = re.sub(r"(2026\.7\.1)( or [\d.]+\d)+", r"\1", raised.value.hint)
    messages.check(f"GPU workers ({accelerator}) with {line}", raised.value)
