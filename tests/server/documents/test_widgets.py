"""``ipywidgets.Output`` with cells that run on the server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.labs import Lab, start_lab
from workspace_server.documents.output_widgets import OutputWidgets

RUN = "run-1"


class Wires:
    """Both ends of comms, on paper. A kernel that is told something says so when :meth:`listen` is called."""

    own_session = "ours"

    def __init__(self) -> None:
        self.kernel: list[tuple[str, list[str]]] = []
        self.browsers: list[tuple[str, list[str]]] = []
        self.widgets = OutputWidgets(self)

    def tell_kernel(self, comm_id: str, data: dict[str, Any]) -> str:
        self.kernel.append((comm_id, _texts(data)))
        return f"told-{len(self.kernel)}"

    def tell_browsers(self, comm_id: str, data: dict[str, Any]) -> None:
        self.browsers.append((comm_id, _texts(data)))

    def listen(self) -> None:
        self.widgets.idle(f"told-{len(self.kernel)}")

    def made(self, comm_id: str, **state: Any) -> None:
        self.says(comm_id, kind="comm_open", _model_name="OutputModel", msg_id="", outputs=[], **state)

    def says(
        self, comm_id: str, kind: str = "comm_msg", method: str = "update", session: str = "", **state: Any
    ) -> None:
        content = {"comm_id": comm_id, "data": {"method": method, "state": state}}
        self.widgets.follow(kind, {"content": content, "parent_header": {"session": session}}, True)

    def prints(self, text: str, parent: str = RUN) -> bool:
        return self.widgets.take(parent, "stream", {"name": "stdout", "text": text})


def _texts(data: dict[str, Any]) -> list[str]:
    assert data["method"] == "update"
    return [output["text"] for output in data["state"]["outputs"]]


async def test_only_what_a_widget_asks_for_is_taken() -> None:
    wires = Wires()
    wires.made("outer")
    wires.made("inner")
    assert not wires.prints("cell")
    wires.says("outer", msg_id=RUN)
    assert not wires.prints("another cell's", parent="run-2")
    assert wires.prints("a")
    wires.says("inner", msg_id=RUN)
    assert wires.prints("b")
    wires.says("inner", msg_id="")
    assert wires.prints("c")
    wires.says("outer", msg_id="")
    assert not wires.prints("cell")
    settling = asyncio.create_task(wires.widgets.settle())
    await asyncio.sleep(0)
    wires.listen()
    await settling
    assert sorted(wires.kernel) == [("inner", ["b"]), ("outer", ["ac"])]
    wires.says("outer", kind="comm_close")
    wires.says("outer", msg_id="")
    assert not wires.prints("gone")


async def test_a_running_kernel_is_told_at_the_end_and_browsers_meanwhile() -> None:
    wires = Wires()
    wires.made("w")
    wires.widgets.begin()
    wires.says("w", msg_id=RUN)
    for n in range(3):
        wires.prints(f"{n} ")
        await asyncio.sleep(0.3)
    assert [texts for _, texts in wires.browsers] == [["0 "], ["0 1 "], ["0 1 2 "]]
    assert wires.kernel == []
    settling = asyncio.create_task(wires.widgets.settle())
    await asyncio.sleep(0)
    assert wires.kernel == [("w", ["0 1 2 "])]
    assert not settling.done()
    wires.listen()
    await asyncio.wait_for(settling, 1)

    # A thread of the cell: one message after the other.
    wires.prints("late")
    await asyncio.sleep(0.3)
    wires.prints("r")
    wires.prints("!")
    await asyncio.sleep(0.3)
    assert [texts for _, texts in wires.kernel[1:]] == [["0 1 2 late"]]
    wires.listen()
    assert [texts for _, texts in wires.kernel[1:]] == [["0 1 2 late"], ["0 1 2 later!"]]
    assert len(wires.browsers) == 3


async def test_what_the_kernel_and_others_change_counts_and_our_own_echo_does_not() -> None:
    wires = Wires()
    wires.made("w")
    wires.says("w", msg_id=RUN)
    wires.prints("ours")
    wires.says("w", method="echo_update", session="ours", outputs=[])
    wires.prints("+")
    wires.widgets.take(RUN, "clear_output", {"wait": True})
    wires.says("w", method="echo_update", session="somebody", outputs=[_stream("theirs")])
    wires.prints("+")
    settling = asyncio.create_task(wires.widgets.settle())
    await asyncio.sleep(0)
    wires.listen()
    await settling
    assert wires.kernel == [("w", ["theirs+"])]
    wires.says("w", outputs=[_stream(["by ", "the kernel"])])
    wires.prints("!")
    await asyncio.sleep(0.3)
    assert wires.kernel[-1] == ("w", ["by the kernel!"])


def _stream(text: str | list[str]) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.mark.parts
def test_real_widgets_in_a_real_kernel(lab: Lab) -> None:
    path = "projects/desk/main/widgets.ipynb"
    file = lab.notebook(
        path,
        "import ipywidgets as w, threading\nfrom IPython.display import display, clear_output\nout = w.Output()",
        "with out:\n    print('inside')\n    display('shown')\nprint('outside')",
        "print([o['output_type'] for o in out.outputs], out.outputs[0]['text'])",
        "@out.capture(clear_output=True)\ndef f(n):\n    print('captured', n)\nf(1); f(2)",
        "print(out.outputs[0]['text'], len(out.outputs))",
        "with out:\n    clear_output(wait=True)\n    1 / 0",
        "print([o['output_type'] for o in out.outputs], out.outputs[-1]['ename'])",
        "out.clear_output()\nout.append_stdout('appended ')\nprint('fine')",
        "with out:\n    print('after')",
        "print(out.outputs[-1]['text'])\nslider = w.interactive(lambda n: print('n is', n), n=(0, 9))\nslider",
        "print(slider.out.outputs[0]['text'], slider.children[0].value)",
        requirements="ipywidgets\n",
    )
    assert lab.end(lab.run(path), 300) == ["ok"] * 11
    shown = lab.saved(file)
    assert shown[1] == ["outside\n"]
    assert shown[2] == ["['stream', 'display_data'] inside\n\n"]
    assert shown[3] == []
    assert shown[4] == ["captured 2\n 1\n"]
    assert shown[5] == []
    assert shown[6] == ["['error'] ZeroDivisionError\n"]
    assert shown[7] == ["fine\n"]
    assert shown[9][0].endswith("after\n\n")
    assert shown[10] == ["n is 4\n 4\n"]
