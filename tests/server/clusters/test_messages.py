"""What people are told when there is no cluster, kept word for word in ``messages.txt``."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.messages import Messages
from tests.server.clusters.helpers import listener
from workspace_ext.contract.clusters import CreateCluster
from workspace_ext.engines.process import State, StateFile
from workspace_server.clusters import greeting
from workspace_server.clusters.engine import EngineProcess
from workspace_server.clusters.errors import no_such_cluster, not_attached
from workspace_server.clusters.limits import check_options, check_workers
from workspace_server.environments.declaration import declare
from workspace_server.kit.errors import AtriumError, Invalid

# What a Dask process of Python 3.9 says first, and what TLS answers to whoever does not speak it.
OLD = b"\x83\xabcompression\xc0\xa6python\x93\x03\x09\x02\xafpickle-protocol\x05"
ALERT = b"\x15\x03\x01\x00\x02\x02\x16"


@pytest.fixture(scope="module")
def messages() -> Iterator[Messages]:
    kept = Messages(Path(__file__).with_name("messages.txt"))
    yield kept
    kept.close()


@pytest.mark.parametrize(
    "wanted",
    [
        {"address": "10.0.0.1"},
        {"address": "tls://10.0.0.1:8786"},
        {"address": "http://10.0.0.1:15002", "kind": "spark"},
        {"address": "sc://10.0.0.1:15002/;token=hunter2", "kind": "spark"},
        {"address": "https://gateway.example.org", "kind": "spark"},
        {"address": "https://ana:hunter2@gateway.example.org"},
        {"address": "ssh://10.0.0.1"},
        {"address": "ssh://ana:hunter2@10.0.0.1"},
        {"address": "ssh://"},
        {"memory": "much"},
        {"threads": 0},
        {"idle_seconds": -1},
    ],
)
def test_what_cannot_be_asked_for(wanted: dict[str, object], messages: Messages) -> None:
    with pytest.raises(Invalid) as raised:
        check_options(CreateCluster(notebook="a.ipynb", **{"kind": "dask", **wanted}))  # type: ignore[arg-type]
    assert "hunter2" not in raised.value.message + str(raised.value.hint)
    messages.check(" ".join(f"{name} {value}" for name, value in wanted.items()), raised.value)


def test_what_there_is_none_of(messages: Messages) -> None:
    messages.check("a cluster that was deleted", no_such_cluster("c1"))
    messages.check("a notebook that is attached to none", not_attached())
    with pytest.raises(Invalid) as raised:
        check_workers(3, 2)
    messages.check("3 to 2 workers", raised.value)


@pytest.mark.parametrize(
    ("title", "kind", "said"),
    [
        ("a scheduler of Python 3.9", "dask", OLD),
        ("an SSH server for a scheduler", "dask", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("a Spark server that asks for TLS", "spark", ALERT),
        ("an SSH server for Spark", "spark", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("nobody at the address", "dask", None),
    ],
)
def test_what_is_at_an_address(
    title: str, kind: str, said: bytes | None, tmp_path: Path, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greeting, "GREETING_SECONDS", 0.5)
    (tmp_path / ".python-version").write_text("3.11\n")
    declaration = declare(tmp_path, tmp_path)

    def look(address: str) -> None:
        with pytest.raises(AtriumError) as raised:
            greeting.greet(kind, address, declaration)
        raised.value.message = raised.value.message.replace(address, "ADDRESS")
        messages.check(title, raised.value)

    if said is None:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            address = f"tcp://127.0.0.1:{gone.getsockname()[1]}"
        look(address)
        return
    with listener(said) as address:
        look(address)


def killed(number: int) -> Callable[[EngineProcess], EngineProcess]:
    def kill(engine: EngineProcess) -> EngineProcess:
        os.kill(engine.pid, number)
        return engine

    return kill


def adopted(engine: EngineProcess) -> EngineProcess:
    """By the next server, which does not learn how it ends."""
    found = EngineProcess.adopt(engine.folder)
    assert found is not None
    return killed(signal.SIGKILL)(found)


def failed(engine: EngineProcess) -> EngineProcess:
    os.kill(engine.pid, signal.SIGKILL)
    StateFile(engine.folder / "state.json", State(0, 1)).close("failed", "the scheduler at ADDRESS has gone")
    return engine


@pytest.mark.parametrize(
    ("title", "end"),
    [
        ("a cluster that is killed", killed(signal.SIGKILL)),
        ("a cluster that is killed after another server has found it", adopted),
        ("a cluster that crashes", killed(signal.SIGSEGV)),
        ("a cluster that says why it ended", failed),
    ],
)
def test_how_a_cluster_ended(
    title: str, end: Callable[[EngineProcess], EngineProcess], tmp_path: Path, messages: Messages
) -> None:
    runtime = tmp_path / "runtime"
    (runtime / "workspace_ext" / "engines").mkdir(parents=True)
    (runtime / "workspace_ext" / "engines" / "dask.py").write_text("import signal\nsignal.pause()\n")
    ended = end(EngineProcess.start(Path(sys.executable), "dask", 0, 1, tmp_path / "cluster", runtime))
    while ended.alive():
        time.sleep(0.05)
    messages.check(title, ended.failure())
