"""Cells that ask for something while they run on the server."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.labs import Lab, start_lab

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


def asked(lab: Lab, path: str) -> dict[str, Any]:
    """The cell of a notebook that asks, once one does."""

    def asking() -> dict[str, Any] | None:
        return next((cell for cell in lab.queue(path)["cells"] if cell["input"]), None)

    cell: dict[str, Any] = lab.until(asking, 240)
    return cell


def answer(lab: Lab, request: dict[str, Any], person: str = "ana", **body: Any) -> tuple[int, Any]:
    return lab.server.request("POST", f"atrium/api/documents/requests/{request['id']}/input", body, person=person)


def test_the_first_answer_counts(lab: Lab) -> None:
    path = "projects/desk/main/asks.ipynb"
    file = lab.notebook(path, "name = input('Name: ')\nother = input('Other?')\nprint(name, other)", "print('next')")
    request = lab.run(path)
    cell = asked(lab, path)
    assert (cell["person"], cell["user"], cell["state"]) == ("Ana", "ana", "running")
    assert (cell["input"]["prompt"], cell["input"]["password"]) == ("Name: ", False)
    assert answer(lab, request, value="Bo", cell_id="c1")[0] == 409
    first = cell["input"]["id"]
    assert answer(lab, request, "bo", value="Bo", cell_id="c0", input_id=first)[0] == 200

    # Whoever was slower does not answer what it asks next.
    status, refused = answer(lab, request, value="Ana", input_id=first)
    assert (status, refused["code"]) == (409, "already_answered")
    assert "Bo has answered" in refused["message"]
    assert asked(lab, path)["input"]["prompt"] == "Other?"
    assert answer(lab, request, value="C\u00e9line")[0] == 200
    assert lab.end(request) == ["ok", "ok"]
    assert lab.saved(file)[0] == ["Name: Bo\nOther? C\u00e9line\n", "Bo C\u00e9line\n"]
    names = [output["name"] for output in json.loads(file.read_text())["cells"][0]["outputs"]]
    assert names == ["stdin", "stdout"]
    status, refused = answer(lab, request, value="late")
    assert (status, refused["code"]) == (409, "already_answered")
    assert answer(lab, {"id": "zzz"}, value="x")[0] == 404


def test_a_password_is_shown_to_nobody(lab: Lab) -> None:
    path = "scratch/ana/secret.ipynb"
    file = lab.notebook(
        path, "from getpass import getpass\nword = getpass('Key: ')\nprint(len(word), word == 'open sesame')"
    )
    request = lab.run(path)
    assert asked(lab, path)["input"]["password"]
    assert answer(lab, request, value="open sesame")[0] == 200
    assert lab.end(request) == ["ok"]
    assert "".join(lab.saved(file)[0]).endswith("11 True\n")
    assert "Key: \u00b7\u00b7" in lab.saved(file)[0][0]
    assert "sesame'" in file.read_text()
    assert "open sesame\\n" not in file.read_text()
    assert "open sesame" not in lab.server.log()


def test_interrupting_a_cell_that_asks(lab: Lab) -> None:
    path = "scratch/ana/stopped.ipynb"
    goes_on = "try:\n    input()\nexcept KeyboardInterrupt:\n    print('stopped')\nprint(input('again'))"
    file = lab.notebook(path, "input('Well?')", "print('never')", goes_on)
    request = lab.run(path, "c0", "c1")
    asked(lab, path)
    kernel = lab.kernel(path)
    assert lab.server.request("POST", f"api/kernels/{kernel}/interrupt")[0] == 204
    assert lab.end(request) == ["error", "cancelled"]
    assert lab.outcome(request)[0]["ename"] == "KeyboardInterrupt"
    status, refused = answer(lab, request, value="late")
    assert (status, refused["code"]) == (409, "nothing_asked")

    # One that goes on may ask again.
    request = lab.run(path, "c2")
    asked(lab, path)
    assert lab.server.request("POST", f"api/kernels/{kernel}/interrupt")[0] == 204
    assert lab.until(lambda: (now := asked(lab, path)["input"])["prompt"] == "again" and now)
    assert answer(lab, request, value="yes")[0] == 200
    assert lab.end(request) == ["ok"]
    assert lab.saved(file)[2] == ["stopped\n", "again yes\n", "yes\n"]


def test_the_debugger_is_talked_to(lab: Lab) -> None:
    path = "scratch/ana/debugged.ipynb"
    file = lab.notebook(path, "def f(x):\n    return 1 / x\nf(0)", "%debug")
    assert lab.end(lab.run(path, "c0"), 240) == ["error"]
    request = lab.run(path, "c1")
    for typed in ("p x + 41", "q"):
        assert asked(lab, path)["input"]["prompt"].strip() == "ipdb>"
        assert answer(lab, request, value=typed)[0] == 200
    assert lab.end(request) == ["ok"]
    assert "ipdb>  p x + 41\n41\n" in "".join(lab.saved(file)[1]).replace("ipdb> p", "ipdb>  p")


def test_the_command_says_what_to_do(lab: Lab) -> None:
    path = "scratch/ana/commanded.ipynb"
    file = lab.notebook(path, "print('got', input('Which table? '))")
    ran: list[subprocess.CompletedProcess[str]] = []
    thread = threading.Thread(target=lambda: ran.append(lab.command("run", path)))
    thread.start()
    request = {"id": asked(lab, path)["request_id"]}
    answered = lab.command("answer", request["id"], typed="sales\n")
    assert answered.returncode == 0, answered.stderr
    thread.join(60)
    assert ran[0].returncode == 0
    assert "Cell c0 asks for input: 'Which table?'. " in ran[0].stderr
    assert f"atrium documents answer {request['id']}" in ran[0].stderr
    assert lab.saved(file)[0][-1] == "got sales\n"
    late = lab.command("answer", request["id"], "sales")
    assert late.returncode == 1
    assert "Ana has answered already." in late.stderr


def test_viewers_do_not_answer(lab: Lab) -> None:
    mine = "scratch/ana/kept.ipynb"
    lab.notebook(mine, "print(input())")
    request = lab.run(mine)
    asked(lab, mine)
    assert answer(lab, request, "bo", value="x")[0] == 403
    body = {"notebook": mine}
    status, refused = lab.server.request("POST", "atrium/api/documents/execute", body, person="bo")
    assert (status, refused["code"]) == (403, "not_yours")
    assert answer(lab, request, value="x")[0] == 200

    path = "projects/desk/main/kept.ipynb"
    lab.notebook(path, "print(input())")
    request = lab.run(path)
    asked(lab, path)
    people = lab.server.api("GET", "/people")
    bo = next(one["id"] for one in people["people"] if one["name"] == "bo")
    lab.server.api("PUT", f"/people/{bo}/role", {"role": "viewer"})
    try:
        assert asked(lab, path)["input"] is not None
        assert answer(lab, request, "bo", value="x")[0] == 403
    finally:
        lab.server.api("PUT", f"/people/{bo}/role", {"role": "editor"})
    assert answer(lab, request, "bo", value="x")[0] == 200
    assert lab.end(request) == ["ok"]
