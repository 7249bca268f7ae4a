"""Real kernels whose environment gets more packages while they run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.labs import Lab, start_lab

pytestmark = pytest.mark.parts

LOOK = """
import importlib.metadata, os, subprocess, sys, sysconfig
import tqdm
print(kept is six, importlib.metadata.version('tqdm'))
print(tqdm.__file__, sys.prefix, sys.executable, sysconfig.get_path('purelib'), sep='\\n')
print(os.environ['VIRTUAL_ENV'], os.environ['PATH'], sep='\\n')
print(subprocess.run(['python', '-c', 'import tqdm'], check=False).returncode)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


def declare(lab: Lab, path: str, requirements: str) -> str:
    """The id of what the notebook declares then, once it is built."""
    (lab.server.home / "work" / path).with_name("requirements.txt").write_text(requirements)
    lab.server.api("POST", "/environments/prebuild", {"notebook": path})
    status = lab.until(
        lambda: (now := lab.server.api("GET", f"/environments?notebook={path}"))["state"] == "ready" and now, 240
    )
    return str(status["id"])


def follow(lab: Lab, path: str, person: str = "ana") -> dict[str, Any]:
    reply: dict[str, Any] = lab.server.api("POST", f"/documents/kernels/{lab.kernel(path)}/environment", person=person)
    return reply


def test_a_kernel_goes_on_with_what_is_added(lab: Lab) -> None:
    path = "projects/more/main/n.ipynb"
    wait = "import pathlib, time\npathlib.Path('begun').touch()\nwhile not pathlib.Path('on').exists(): time.sleep(.05)"
    file = lab.notebook(
        path,
        "import six, sysconfig; kept = six; sysconfig.get_path('purelib')",
        wait,
        LOOK,
        requirements="six==1.17.0\n",
    )
    assert lab.end(lab.run(path, "c0"), 240) == ["ok"]
    kernel = lab.kernel(path)
    before = follow(lab, path)
    assert (before["moving"], before["added"], before["stays"]) == (False, [], "")

    # One that runs a cell follows after it.
    running = lab.run(path, "c1")
    lab.until((file.parent / "begun").exists)
    after = declare(lab, path, "six==1.17.0\ntqdm==4.67.1\n")
    assert after != before["environment"]
    status = follow(lab, path)
    assert (status["moving"], status["environment"]) == (True, before["environment"])
    (file.parent / "on").touch()
    assert lab.end(running) == ["ok"]
    status = lab.until(lambda: (now := follow(lab, path))["environment"] == after and now)
    assert [(one["name"], one["version"]) for one in status["added"]] == [("tqdm", "4.67.1")]

    assert lab.end(lab.run(path, "c2")) == ["ok"]
    shown = "".join(lab.saved(file)[2]).splitlines()
    assert shown[0] == "True 4.67.1"
    assert all(f"/environments/{after}" in line for line in shown[1:7]), shown
    assert before["environment"] not in shown[6]
    # Its commands, and the machine's, but not those of the server, whose pip would change the server.
    assert str(Path(sys.executable).parent) not in shown[6].split(os.pathsep)
    assert shown[7] == "0"
    kept = {one["id"]: one["held"] for one in lab.server.api("GET", "/environments/kept")["environments"]}
    assert kept[after]
    assert kept[before["environment"]]

    # What is changed or gone waits for a restart, which says why; a restarted kernel has it all from the start.
    changed = declare(lab, path, "six==1.16.0\ntqdm==4.67.1\n")
    status = follow(lab, path)
    assert (status["environment"], status["stays"]) == (after, "six 1.17.0 becomes 1.16.0")
    assert declare(lab, path, "six==1.17.0\ntqdm==4.67.1\n") == after
    assert follow(lab, path)["stays"] == ""
    declare(lab, path, "six==1.16.0\ntqdm==4.67.1\n")
    assert lab.server.request("POST", f"api/kernels/{kernel}/restart")[0] == 200
    assert lab.end(lab.run(path, "c0"), 240) == ["ok"]
    status = follow(lab, path)
    assert (status["environment"], status["added"], status["stays"]) == (changed, [], "")


def test_what_would_not_be_the_same_as_a_restart(lab: Lab) -> None:
    path = "projects/less/main/n.ipynb"
    lab.notebook(
        path, "import sys, types; sys.modules['tqdm'] = types.ModuleType('tqdm')", requirements="six==1.17.0\n"
    )
    assert lab.end(lab.run(path), 240) == ["ok"]
    own = follow(lab, path)["environment"]
    declare(lab, path, "six==1.17.0\ntqdm==4.67.1\n")
    status = follow(lab, path)
    assert status["stays"] == "tqdm brings tqdm, which is loaded already from elsewhere"
    assert (status["environment"], status["added"]) == (own, [])
    assert lab.server.request("POST", "atrium/api/documents/kernels/none/environment")[0] == 404


def test_what_a_cell_installs_is_noticed_and_mended(lab: Lab) -> None:
    path = "projects/drift/main/n.ipynb"
    installs = """
import pathlib, sysconfig
site = pathlib.Path(sysconfig.get_path("purelib"))
site.chmod(0o755)
for name, needs in (("tqdm", "Requires-Dist: helper\\n"), ("helper", "")):
    info = site / f"{name}-4.67.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {name}\\nVersion: 4.67.1\\n" + needs)
    (info / "RECORD").write_text("")
"""
    edits = """
import sys
six_file = next(pathlib.Path(one, "six.py") for one in sys.path if one.endswith("site-packages"))
six_file.parent.chmod(0o755)
six_file.chmod(0o644)
text = six_file.read_text()
six_file.unlink()
six_file.write_text(text + "# edited")
"""
    cells = ["import six", "%pip install tqdm==4.67.1", installs, edits, "import tqdm; print(tqdm.__version__)"]
    file = lab.notebook(path, *cells, requirements="six==1.17.0\n")
    assert lab.end(lab.run(path, "c0", "c1"), 240) == ["ok", "ok"]
    own = lab.server.api("GET", f"/environments?notebook={path}")["id"]

    def drift() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = lab.server.api("GET", f"/documents/kernels/{lab.kernel(path)}")["drift"]
        return found

    # It did not even get there: environments hold no pip. What it was after is told all the same, with the mend.
    noticed = lab.until(drift)
    assert [(one["cell_id"], one["packages"], one["changed"]) for one in noticed] == [("c1", ["tqdm==4.67.1"], False)]
    assert noticed[0]["message"].startswith("This cell installs tqdm==4.67.1. The project does not declare it")

    assert lab.end(lab.run(path, "c2")) == ["ok"]
    changed = lab.until(lambda: [one for one in drift() if one["changed"]])
    assert [(one["cell_id"], one["packages"]) for one in changed] == [("c2", ["tqdm==4.67.1"])]
    assert "helper 4.67.1 was installed, tqdm 4.67.1 was installed" in changed[0]["message"]
    # Nobody else gets what it did: the same environment is built again.
    status = lab.until(
        lambda: (now := lab.server.api("GET", f"/environments?notebook={path}"))["state"] == "ready" and now, 240
    )
    assert status["id"] == own
    assert not list((lab.server.home / "environments" / own).glob("lib/python*/site-packages/helper*"))

    # The mend: declared, it comes to the kernel without a restart, and nothing is left to tell.
    added = {"notebook": path, "requirement": "tqdm==4.67.1"}
    proposal = lab.server.api("POST", "/environments/proposals", added)
    assert "+tqdm==4.67.1" in proposal["diff"]
    lab.server.api("POST", "/environments/packages", {**added, "version": proposal["version"]})
    after = declare(lab, path, (file.parent / "requirements.txt").read_text())
    status = follow(lab, path)
    assert (status["environment"], status["stays"], status["drift"]) == (after, "", [])
    assert lab.end(lab.run(path, "c4")) == ["ok"]

    # An edited file shows in no list of packages, and is noticed all the same; the cell that runs again is not blamed
    # for what it did before.
    assert lab.end(lab.run(path, "c3")) == ["ok"]

    def edited() -> list[dict[str, Any]]:
        # Every file is looked at after a cell, unless that was done ten seconds ago; what was said of a cell goes when
        # it runs again.
        lab.end(lab.run(path, "c4"))
        deadline = time.monotonic() + 3
        while not (found := drift()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    (noticed,) = lab.until(edited, 240)
    assert (noticed["packages"], noticed["changed"]) == ([], True)
    assert "files of six were edited" in noticed["message"]
