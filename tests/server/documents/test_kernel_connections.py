"""What a browser's connection to a kernel carries while the server runs the notebook's cells."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.labs import Lab, start_lab
from tests.fakes.sockets import TEXT, Socket
from workspace_server.documents import kernels
from workspace_server.documents.connection import SERVER
from workspace_server.documents.websocket import is_shown_by_server

PATH = "scratch/ana/connected.ipynb"
FLOOD = "for n in range(3000): print('x' * 1000, flush=True)"
COMM = "from comm import create_comm\nchannel = create_comm(target_name='ours', data={'a': 1})\nprint('made')"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


class Browser:
    """A console beside a notebook: what arrives over its connection, by its kind."""

    def __init__(self, lab: Lab, kernel_id: str) -> None:
        self.messages: list[dict[str, Any]] = []
        self._url = f"{lab.server.url}api/kernels/{kernel_id}/channels?session_id=the-browser"
        self._headers = {"Authorization": f"token {lab.server.tokens['ana']}"}
        self._socket: Socket | None = None

    async def connect(self) -> None:
        self.messages = []
        take: Callable[[bytes], None] = lambda raw: self.messages.append(json.loads(raw))  # noqa: E731
        self._socket = await Socket.open(self._url, take, self._headers)

    def lose(self) -> None:
        assert self._socket is not None
        self._socket.abort()

    def run(self, code: str) -> None:
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        header = {"msg_id": f"m{time.time_ns()}", "msg_type": "execute_request", "session": "the-browser"}
        header |= {"username": "", "version": "5.3", "date": "2026-01-01T00:00:00Z"}
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        assert self._socket is not None
        self._socket.send(json.dumps(message).encode(), TEXT)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["header"]["msg_type"] == kind]

    @property
    def printed(self) -> str:
        return "".join(message["content"]["text"] for message in self.of("stream"))

    async def until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, self.messages[-3:]
            await asyncio.sleep(0.05)


@pytest.mark.parts
async def test_a_browser_gets_everything_but_what_its_document_shows(lab: Lab) -> None:
    file = lab.notebook(PATH, "1", FLOOD, COMM)
    await asyncio.to_thread(lambda: lab.end(lab.run(PATH, "c0"), 240))
    browser = Browser(lab, lab.kernel(PATH))
    await browser.connect()
    await browser.until(lambda: browser.of("status"))

    # A flood does not use up what Jupyter allows a connection: the widgets' message after it arrives.
    request = await asyncio.to_thread(lambda: lab.run(PATH, "c1", "c2"))
    browser.run("print('mine')")
    assert await asyncio.to_thread(lambda: lab.end(request)) == ["ok", "ok"]
    # What the browser asked for may have run between the two cells.
    await browser.until(lambda: browser.printed == "mine\n" and browser.of("comm_open"))
    (opened,) = browser.of("comm_open")
    assert opened["content"]["target_name"] == "ours"
    assert opened["parent_header"]["session"].startswith(SERVER)
    assert {message["parent_header"]["session"] for message in browser.of("stream")} == {"the-browser"}
    assert any(one["parent_header"].get("session", "").startswith(SERVER) for one in browser.of("status"))
    assert lab.saved(file)[2] == ["made\n"]

    # While the connection is lost, its own output is kept for it, and the flood is not.
    browser.run("import time; time.sleep(2); print('while away')")
    await browser.until(lambda: browser.of("execute_input")[-1]["content"]["code"].startswith("import time"))
    browser.lose()
    await asyncio.to_thread(lambda: lab.end(lab.run(PATH, "c1")))
    await browser.connect()
    await browser.until(lambda: "while away" in browser.printed)
    await asyncio.sleep(0.5)
    assert browser.printed == "while away\n"
    browser.lose()


@pytest.mark.parts
def test_no_line_of_a_flood_is_missing_and_the_next_cell_need_not_wait(lab: Lab) -> None:
    path = "scratch/ana/lines.ipynb"
    file = lab.notebook(path, "print('first')", "for n in range(20_000): print(n, flush=True)", "print('next')")
    request = lab.run(path)
    assert lab.end(request, 240) == ["ok", "ok", "ok"]
    shown = lab.saved(file)
    assert shown[0] == ["first\n"]
    assert shown[1] == ["".join(f"{n}\n" for n in range(20_000))]
    assert shown[2] == ["next\n"]


def test_what_is_kept_for_a_lost_connection_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    listening: list[Any] = []

    class Channel:
        def on_recv(self, take: Any) -> None:
            listening.append(take)

    def message(kind: str, session: str) -> list[bytes]:
        header, parent = json.dumps({"msg_type": kind}), json.dumps({"session": session})
        return [b"topic", b"<IDS|MSG>", b"signature", header.encode(), parent.encode(), b"{}", b"x" * 1000]

    ours, theirs = message("stream", f"{SERVER}1"), message("stream", "browser")
    assert is_shown_by_server(ours)
    assert not is_shown_by_server(theirs)
    assert not is_shown_by_server(message("comm_msg", f"{SERVER}1"))
    assert not is_shown_by_server(message("stream", f'the "{SERVER}'))

    monkeypatch.setattr(kernels, "BUFFERED", 10_000)
    manager = kernels.WorkspaceKernelManager()
    monkeypatch.setattr(manager, "_check_kernel_id", lambda _: None)
    manager.start_buffering("k", "k:browser", {"iopub": Channel(), "shell": Channel()})
    for _ in range(100):
        listening[-1](ours)
        listening[-1](theirs)
    assert 5 < len(manager._kernel_buffers["k"]["buffer"]) < 10
