"""An environment with packages of conda on the kernel and the workers of a notebook, over REST."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import channels
from tests.fakes.channels import GREET, GREETING, channel
from tests.fakes.ports import free_port
from tests.fakes.servers import start_server
from tests.server.clusters.helpers import NOTEBOOK, make_project, notebook_kernel, printed, refusal, wait_for

HERE = """
import os, sys
def here(_=None):
    import greeting
    return [greeting.WORDS, sys.prefix, os.environ["CONDA_PREFIX"]]
"""


@pytest.mark.parts
def test_kernel_and_workers_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    with channel(tmp_path / "channel", channels.python(), GREET, GREETING) as url:
        monkeypatch.setenv("ATRIUM_CONDA_CHANNELS", f"conda-forge={url}")
        with start_server(home) as server:
            make_project(home)
            folder = (home / "work" / NOTEBOOK).parent
            (folder / "requirements.txt").unlink()
            (folder / "environment.yml").write_text("dependencies:\n  - greeting\n  - pip:\n      - six==1.17.0\n")
            id = server.api("POST", "/clusters", {"notebook": NOTEBOOK, "kind": "dask", "minimum": 1, "maximum": 1})
            wait_for(server, id["cluster"]["id"], "running")
            environment = server.api("GET", f"/environments?notebook={NOTEBOOK}")
            assert (environment["source"], environment["state"]) == ("environment.yml", "ready")
            lies = str(home / "environments" / environment["id"])
            with notebook_kernel(server, NOTEBOOK) as notebook:
                asked = f"{HERE}\nprint(json.dumps([here(), ws.cluster.dask().submit(here).result()]))"
                assert (
                    json.loads(printed(notebook, f"import json\nimport workspace_ext as ws\n{asked}"))
                    == [["good morning", lies, lies]] * 2
                )
            # What is elsewhere could not build it, and is not asked to.
            address = f"tcp://127.0.0.1:{free_port()}"
            assert refusal(server, "dask", address)[1] in ("no_scheduler", "conda_elsewhere")
