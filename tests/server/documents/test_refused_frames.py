"""Who may not write, and what is no message: nothing changes, and nobody but the sender is sent away."""

from __future__ import annotations

import asyncio
import dataclasses
import http.cookiejar
import json
import os
import random
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest
from pycrdt import Array, Doc, Map, XmlFragment, create_update_message, write_var_uint

from tests.fakes.keystrokes import eventually, read_notebook, write_notebook
from tests.fakes.servers import PASSWORD, Server, start_server
from tests.fakes.sockets import TEXT, Refused, Socket
from tests.fakes.typists import RAW, SYNC, UPDATE, Typist, ask_session, converge

pytestmark = pytest.mark.parts

PATH = "projects/shop/main/guarded.ipynb"
CELLS = {"a": "one", "b": "two"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("guarded") / "home", people=("ana", "bo", "cy", "di")) as running:
        for person, role in (("cy", "viewer"), ("di", "commenter")):
            command = [sys.executable, "-m", "workspace_server", "users", "role", person, role]
            subprocess.run([*command, "--home", str(running.home)], check=True, capture_output=True)
        file = write_notebook(running.home / "work" / PATH, CELLS)
        for person in ("cy", "di"):
            # The server looks every two seconds for what another process has changed.
            deadline = time.monotonic() + 30
            while ask_session(running.url, running.tokens[person], PATH).writable:
                assert time.monotonic() < deadline, f"{person} may still write {file}"
                time.sleep(0.2)
        yield running


@pytest.fixture
async def bystander(server: Server) -> AsyncIterator[Typist]:
    """Somebody who has the notebook open, and must not notice anything."""
    file = server.home / "work" / PATH
    typist = await Typist(server.url, server.tokens["ana"], PATH, name="bystander").connect()
    before = typist.content()
    yield typist
    assert typist.connected, f"the bystander was sent away: {typist.closed}"
    assert typist.content() == before
    colleague = await Typist(server.url, server.tokens["bo"], PATH, name="colleague").connect()
    colleague.type("b", None, "!")
    await converge([typist, colleague])
    assert (await colleague.save())["status"] == "success"
    assert read_notebook(file)["b"] == colleague.source("b")
    await colleague.disconnect()
    await typist.disconnect()


async def sent_away(socket: Socket, seconds: float = 10) -> tuple[int, str]:
    async with asyncio.timeout(seconds):
        return await asyncio.shield(socket.closed)


@pytest.mark.parametrize("person", ["cy", "di"])
async def test_a_viewer_reads_and_is_seen_and_changes_nothing(server: Server, bystander: Typist, person: str) -> None:
    viewer = await Typist(server.url, server.tokens[person], PATH, name=person).connect()
    assert viewer.session is not None
    assert not viewer.session.writable
    assert viewer.content() == bystander.content()
    viewer.look({"user": {"name": "somebody else"}, "cursors": []})
    states = await bystander.until(
        lambda: bystander.awareness.states.get(viewer.awareness.client_id), what="the viewer is not seen"
    )
    assert states["user"]["username"] == person, "a client chose its own name"
    viewer.type("a", 0, "forbidden ")
    viewer.insert_cell(0, "forbidden")
    viewer.delete_cell("b")
    assert (await viewer.save())["status"] == "failed"
    await viewer.until(lambda: [told for told in viewer.notices if told["kind"] == "refused"], what="nobody was told")
    assert viewer.connected
    status, _ = server.request(
        "PUT", f"api/contents/{PATH}", {"type": "file", "format": "text", "content": "x"}, person=person
    )
    assert status == 403
    await viewer.disconnect()


async def test_a_forged_session_changes_nothing(server: Server, bystander: Typist) -> None:
    forger = Typist(server.url, server.tokens["bo"], PATH, name="forger")
    session = await asyncio.to_thread(ask_session, server.url, server.tokens["bo"], PATH)
    for id in ("forged", "", "0" * 32):
        forger.session = dataclasses.replace(session, id=id)
        forger.doc.get("cells", type=Array).append(Map({"id": "forged", "cell_type": "code", "source": "x"}))
        await forger.connect(again=False, sync=False)
        forger.send(create_update_message(forger.doc.get_update()))
        code, reason = await sent_away(forger.socket)
        assert code == 1003
        assert json.loads(reason) == {"reason": "unknown_session", "reloadable": True}


def cookies(server: Server) -> str:
    """Of Bo, signed in through the page, as a browser sends them from wherever a page is."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.open(f"{server.url}login", timeout=30).close()
    fields = {"name": "bo", "password": PASSWORD, "_xsrf": next(one.value for one in jar if one.name == "_xsrf") or ""}
    browser.open(f"{server.url}login", urllib.parse.urlencode(fields).encode(), timeout=30).close()
    return "; ".join(f"{one.name}={one.value}" for one in jar)


async def test_a_page_from_elsewhere_cannot_enter(server: Server, bystander: Typist) -> None:
    session = await asyncio.to_thread(ask_session, server.url, server.tokens["bo"], PATH)
    cookie = await asyncio.to_thread(cookies, server)
    address = server.url + session.address
    at_home = await Socket.open(address, lambda message: None, {"Cookie": cookie, "Origin": server.url.rstrip("/")})
    await at_home.close()
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        with pytest.raises(Refused) as refused:
            await Socket.open(address, lambda message: None, {"Cookie": cookie, "Origin": origin})
        assert refused.value.status == 403, origin
    with pytest.raises(Refused) as refused:
        await Socket.open(address, lambda message: None)
    assert refused.value.status in (401, 403)


async def test_a_frame_of_100_megabytes_costs_its_sender_the_connection_only(server: Server, bystander: Typist) -> None:
    sender = await Typist(server.url, server.tokens["bo"], PATH, name="sender").connect()
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    size = 100_000_000
    sender.send(bytes([SYNC, UPDATE]) + write_var_uint(size) + b"\0" * size)
    slowest = 0.0
    while not sender.socket.closed.done():
        began = time.monotonic()
        await bystander.mark()
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(0.01)
    assert slowest < 1, f"others waited {slowest:.1f} s"
    assert process.memory_info().rss < before + 50_000_000


def nonsense() -> Iterator[bytes]:
    """Frames that are none."""
    huge = write_var_uint(2**60)
    for kind in range(5):
        yield bytes([kind])
        yield bytes([kind, 0])
        yield bytes([kind]) + huge
        for step in range(4):
            yield bytes([kind, step])
            yield bytes([kind, step, 200])
            yield bytes([kind, step]) + huge
            yield bytes([kind, step]) + b"\xff" * 40
            yield bytes([kind, step]) + write_var_uint(3) + b"\x01\x02\x03"
    yield bytes([RAW, 4]) + b"save"
    yield bytes([RAW, 4]) + b"\xff\xfe\xfd\xfc"
    yield bytes([RAW, 4]) + b"mark" + b"\xff" * 12
    yield bytes([RAW, 6]) + b"rescue" + bytes([1])
    yield bytes([RAW, 6]) + b"rescue" + bytes([1, 1]) + b"a" + bytes([2]) + b"\xff\xfe"


async def test_malformed_frames_cost_their_sender_the_connection_at_most(server: Server, bystander: Typist) -> None:
    seed = int(os.environ.get("ATRIUM_SEED", str(time.time_ns() % 100_000)))
    print(f"seed {seed}")
    chance = random.Random(seed)
    frames = [b"", *nonsense()]
    donor = await Typist(server.url, server.tokens["bo"], PATH, name="donor").connect()
    whole = create_update_message(donor.doc.get_update())
    await donor.disconnect()
    for _ in range(100):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(2, len(broken))] = chance.randrange(256)
        # Clocks and clients are mutated as well; what is whole by chance may be applied, so none may be whole.
        frames.append(bytes(broken[: chance.randrange(3, len(broken))]))
    sender = Typist(server.url, server.tokens["bo"], PATH, name="sender")
    for frame in frames:
        if not sender.connected:
            await sender.connect(sync=False)
        sender.send(frame)
        await asyncio.sleep(0.002)
        assert bystander.connected, f"seed {seed}: {frame!r} sent everybody away"
    await sender.connect(sync=False)
    sender.socket.send(b"text", TEXT)
    assert (await sent_away(sender.socket))[0] == 1003
    for broken_frame in (b"\xff" * 14, b"\x82\x7f" + b"\xff" * 8):
        await sender.connect(sync=False)
        sender.socket.send_raw(broken_frame)
        await sent_away(sender.socket)
    assert "Traceback" not in server.log(), server.log()[-3000:]


async def test_changes_that_make_no_notebook_do_not_stop_the_others(server: Server) -> None:
    """Well-formed updates of somebody who may write, with what no notebook has."""
    path = "projects/shop/main/odd.ipynb"
    file = write_notebook(server.home / "work" / path, CELLS)
    typist = await Typist(server.url, server.tokens["ana"], path, name="typist").connect()
    for number, odd in enumerate(
        ("text", 7, None, [1], Map({}), Map({"id": "a"}), Map({"id": 3, "cell_type": 5, "source": 1}), XmlFragment())
    ):
        vandal = await Typist(server.url, server.tokens["bo"], path, name="vandal").connect()
        copy: Doc[object] = vandal.doc
        copy.get("cells", type=Array).append(odd)
        await vandal.mark()
        await vandal.disconnect()
        typist.type("a", None, str(number))
        assert (await typist.save())["status"] == "success", f"{odd!r}"
        await eventually(lambda: read_notebook(file)["a"] == typist.source("a"), what=f"{odd!r} stops the saves")
    await typist.disconnect()
