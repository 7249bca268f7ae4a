"""Notebook files: what cannot be read is told, what is written is what Jupyter writes, a save costs what changed."""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_ydoc import YNotebook, YUnicode
from pycrdt import Array, Doc, Map

from workspace_server.documents.collaboration.live_cells import content
from workspace_server.documents.collaboration.notebook_file import BlobRef, NotANotebook, NotebookWriter, load, parse
from workspace_server.kit.notebooks.bases import Base
from workspace_server.kit.notebooks.notebook_json import dumps

Notebook = dict[str, Any]


def jupyter_writes(held: Notebook) -> str:
    """As Jupyter's contents manager saves it."""
    held = json.loads(json.dumps(held))
    for cell in held["cells"]:
        if held["nbformat_minor"] < 5:
            cell.pop("id", None)
    return str(nbformat.v4.writes(nbformat.from_dict(held))) + "\n"


def written(writer: NotebookWriter) -> str:
    parts = writer.chunks()
    assert all(isinstance(part, str) for part in parts)
    return "".join(map(str, parts))


def opened(held: Notebook) -> tuple[YNotebook, NotebookWriter]:
    document = YNotebook()
    load(document, json.loads(json.dumps(held)))
    return document, NotebookWriter(document)


def notebook(*cells: dict[str, Any], minor: int = 5, **metadata: Any) -> Notebook:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}


def code(id: str, source: str = "", *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "id": id, "source": source, "metadata": {}, "outputs": list(outputs),
            "execution_count": 1}  # fmt: skip


def display(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {key.replace("_", "/"): data[key] for key in data}}


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["a\nb\n", "\r\n", "\u2028", "👩🏽‍🚀", "e\u0301", '"\\\x00\x1f', "שלום"]
)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
bundles = st.dictionaries(
    st.sampled_from(["text/plain", "text/html", "image/svg+xml", "image/png", "application/javascript"]),
    text,
    max_size=3,
)
outputs = st.one_of(
    st.builds(lambda value: {"output_type": "stream", "name": "stdout", "text": value}, text),
    st.builds(
        lambda data, more, metadata: {
            "output_type": "display_data", "data": {**data, "application/json": more}, "metadata": metadata
        },
        bundles, st.dictionaries(text, values, max_size=2), st.dictionaries(text, values, max_size=2),
    ),
    st.builds(lambda lines: {"output_type": "error", "ename": "E", "evalue": "", "traceback": lines}, st.lists(text)),
)  # fmt: skip
metadata = st.dictionaries(text.filter(lambda key: key != "trusted"), values, max_size=3)
cells = st.one_of(
    st.builds(
        lambda source, outputs, metadata, trusted: {
            "cell_type": "code", "source": source, "outputs": outputs, "execution_count": None,
            "metadata": metadata | ({"trusted": True} if trusted else {}),
        },
        text, st.lists(outputs, max_size=3), metadata, st.booleans(),
    ),
    st.builds(
        lambda kind, source, attachments, metadata: {
            "cell_type": kind, "source": source, "metadata": metadata,
            **({"attachments": attachments} if attachments else {}),
        },
        st.sampled_from(["markdown", "raw"]), text, st.dictionaries(text, bundles, max_size=2), metadata,
    ),
)  # fmt: skip


@given(st.lists(cells, min_size=1, max_size=4), metadata, st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_the_bytes_are_those_that_jupyter_writes(some: list[dict[str, Any]], more: dict[str, Any], minor: int) -> None:
    held = notebook(*({**cell, "id": f"c{index}"} for index, cell in enumerate(some)), minor=minor, **more)
    held["metadata"].pop("signature", None)
    document, writer = opened(held)
    # A browser, where all numbers are floating ones.
    copy = YNotebook(Doc())
    copy.ydoc.apply_update(document.ydoc.get_update())
    expected = jupyter_writes(content(document))
    assert written(writer) == written(NotebookWriter(copy)) == expected
    assert writer.base() == NotebookWriter(copy).base()
    # And read again it is the same notebook.
    again, _ = opened(parse(expected.encode()))
    again_content, content_now = content(again), content(document)
    for cell in (*again_content["cells"], *content_now["cells"]):
        cell.pop("id")
        cell["metadata"].pop("trusted", None)
    assert dumps(again_content) == dumps(content_now)
    assert parse(expected.encode())["nbformat_minor"] == minor


def test_a_file_written_by_jupyter_is_written_back_as_it_was() -> None:
    held = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1\nx"), nbformat.v4.new_markdown_cell("# é")])
    raw = (nbformat.writes(held) + "\n").encode()
    _, writer = opened(parse(raw))
    assert written(writer).encode() == raw
    # JupyterLab writes that no kernel was chosen; that is nothing to tell Git of.
    assert "kernelspec" not in raw.decode()


def test_placeholders_of_large_outputs_keep_their_place() -> None:
    kept = display(text_plain="a\nb", application_json={"x": [1.0]})
    blob = {"hash": "abc", "size": 2_000_000, "mimes": ["text/plain"], "output_type": "display_data"}
    placeholder = display(text_plain="preview", **{"application_vnd.atrium.blob+json": blob})
    _, writer = opened(notebook(code("a", "x", placeholder, display(text_plain="small"))))
    parts = writer.chunks()
    (reference,) = [part for part in parts if not isinstance(part, str)]
    assert reference == BlobRef("abc", 4)

    class Blobs:
        def read(self, hash: str) -> bytes:
            return json.dumps(kept).encode() if hash == "abc" else b""

    joined = "".join(part if isinstance(part, str) else part.text(Blobs()) for part in parts)
    assert joined == jupyter_writes(notebook(code("a", "x", kept, display(text_plain="small"))))
    # The preview says nothing about the output.
    other = {**placeholder, "data": {**placeholder["data"], "text/plain": "another preview"}}
    assert Base.of(notebook(code("a", "x", other))) == Base.of(notebook(code("a", "x", placeholder)))


def _change(document: YNotebook, generator: random.Random, number: int) -> None:
    """Something that a browser or the server does to a notebook."""
    cells = document.ycells
    index = generator.randrange(len(cells))
    cell = cells[index]
    kind = generator.randrange(13)
    if kind == 0:
        cells.insert(generator.randrange(len(cells) + 1), document.create_ycell(code(f"new{number}", f"{number}")))
    elif kind == 1 and len(cells) > 2:
        del cells[index]
    elif kind == 2:
        moved = document.get_cell(index)
        del cells[index]
        cells.insert(generator.randrange(len(cells) + 1), document.create_ycell(moved))
    elif kind == 3:
        cell["metadata"][generator.choice(["trusted", "tags"])] = generator.random()
    elif kind == 4 and cell["cell_type"] == "code":
        cell["execution_count"] = number
        cell["execution_state"] = "idle"
    elif kind == 5 and cell["cell_type"] == "code":
        cell["outputs"].clear()
        cell["outputs"].append(Map(display(text_plain=f"{number}\n")))
    elif kind == 6 and cell["cell_type"] == "code":
        cell["outputs"].extend(document._create_youtputs([{"output_type": "stream", "name": "stdout", "text": "x\n"}]))
    elif kind == 7 and cell["cell_type"] == "code" and len(cell["outputs"]) and "text" in cell["outputs"][-1]:
        cell["outputs"][-1]["text"].insert(0, f"{number} é\n")
    elif kind == 12 and cell["cell_type"] == "code":
        cell["outputs"] = Array([Map(display(text_plain=f"all anew {number}"))])
    elif kind == 8:
        document.ydoc.get("meta", type=Map)["metadata"]["title"] = str(number)
    elif kind == 9 and number % 5 == 0:
        document.ydoc.get("meta", type=Map)["nbformat_minor"] = generator.choice([4, 5])
    else:
        cell["source"].insert(0, f"{number} 👩🏽‍🚀\n")


@pytest.mark.parametrize("seed", range(30))
def test_the_text_follows_every_change(seed: int) -> None:
    generator = random.Random(seed)
    document, writer = opened(notebook(*(code(f"c{number}") for number in range(4))))
    browser = YNotebook(Doc())
    browser.ydoc.apply_update(document.ydoc.get_update())
    for number in range(40):
        # In the browser alone, in the room alone, or in both at once, and merged; some at once in one transaction.
        for side in generator.choice([(browser,), (document,), (browser, document)]):
            with side.ydoc.transaction():
                for _ in range(generator.randrange(1, 4)):
                    _change(side, generator, number)
        document.ydoc.apply_update(browser.ydoc.get_update(document.ydoc.get_state()))
        if generator.random() < 0.6:
            text = written(writer)
            assert text == jupyter_writes(content(document))
            assert writer.base() == Base.of(content(document))
            ids = [cell["id"] for cell in content(document)["cells"]]
            assert len(ids) == len(set(ids))
        browser.ydoc.apply_update(document.ydoc.get_update(browser.ydoc.get_state()))


def test_of_two_cells_with_one_id_each_gets_its_own_and_a_double_goes() -> None:
    document, writer = opened(notebook(code("a", "1"), code("b", "2")))
    browser = YNotebook(Doc())
    browser.ydoc.apply_update(document.ydoc.get_update())
    # Both move the cell at once, which deletes it and makes it again.
    for side in (document, browser):
        moved = side.get_cell(0)
        del side.ycells[0]
        side.ycells.append(side.create_ycell(moved))
    document.ydoc.apply_update(browser.ydoc.get_update())
    assert len(document.ycells) == 3
    assert [cell["id"] for cell in json.loads(written(writer))["cells"]] == ["b", "a"]
    assert len(document.ycells) == 2
    document.ycells.append(document.create_ycell(code("a", "another")))
    held = json.loads(written(writer))
    assert [cell["source"] for cell in held["cells"]] == [["2"], ["1"], ["another"]]
    assert len({cell["id"] for cell in held["cells"]}) == 3
    assert document.ycells[2]["id"] == held["cells"][2]["id"]


def test_cells_without_ids_get_the_same_one_each_time() -> None:
    plain = {"cell_type": "markdown", "metadata": {}, "source": ["# é\n", "x"]}
    raw = json.dumps(
        notebook(plain, plain, {**plain, "id": "kept"}, {**plain, "id": "kept"}, {**plain, "id": "not ok"})
    )
    ids = [cell["id"] for cell in parse(raw.encode())["cells"]]
    assert ids == [cell["id"] for cell in parse(raw.encode())["cells"]]
    assert len(set(ids)) == 5
    assert ids[2] == "kept"
    nbformat.validate(nbformat.from_dict(json.loads(written(opened(parse(raw.encode()))[1]))))


VALID = json.dumps(notebook(code("a", "1")), indent=1)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", "notebook_empty"),
        (b" \n", "notebook_empty"),
        (b"\xff\xfe{", "notebook_not_text"),
        (VALID[: len(VALID) // 2].encode(), "notebook_incomplete"),
        (VALID[:-1].encode(), "notebook_incomplete"),
        (VALID.replace('"a"', '"a",,').encode(), "notebook_not_json"),
        (VALID.replace('"id"', '"x": 1,\n<<<<<<< HEAD\n"id"').encode(), "notebook_conflict_markers"),
        (b"[]", "notebook_wrong_shape"),
        (b'"text"', "notebook_wrong_shape"),
        (b'{"cells": 3, "nbformat": 4}', "notebook_wrong_shape"),
        (b'{"cells": [3], "nbformat": 4}', "notebook_wrong_shape"),
        (b'{"cells": [{"cell_type": "plot"}], "nbformat": 4}', "notebook_wrong_shape"),
        (b'{"cells": [{"cell_type": "code", "outputs": [1]}], "nbformat": 4}', "notebook_wrong_shape"),
        (b'{"cells": [{"cell_type": "code", "source": 1}], "nbformat": 4}', "notebook_wrong_shape"),
        (b'{"cells": [{"cell_type": "code", "source": "", "attachments": 1}], "nbformat": 4}', "notebook_wrong_shape"),
        (b'{"cells": [], "nbformat": 5}', "notebook_newer_format"),
        (b'{"cells": [], "nbformat": "4"}', "notebook_wrong_shape"),
        (b"[" * 100_000, "notebook_incomplete"),
    ],
)
def test_what_is_no_notebook_is_told(raw: bytes, kind: str) -> None:
    with pytest.raises(NotANotebook) as caught:
        parse(raw)
    assert caught.value.code == kind
    assert caught.value.message
    assert caught.value.hint


def test_older_formats_are_upgraded() -> None:
    some = [nbformat.v3.new_code_cell("print('é')"), nbformat.v3.new_text_cell("markdown", "# x")]
    old = nbformat.v3.new_notebook(worksheets=[nbformat.v3.new_worksheet(cells=some)])
    held = parse(nbformat.v3.writes_json(old).encode())
    assert [(cell["cell_type"], cell["source"]) for cell in held["cells"]] == [
        ("code", "print('é')"),
        ("markdown", "# x"),
    ]
    assert written(opened(held)[1])


def test_what_a_shared_document_cannot_hold_is_made_so_that_it_can() -> None:
    held = notebook(code("a", "half \ud83d", display(application_json={"n": 2**70, "ns": 1_600_000_000_000_000_000})))
    document, writer = opened(parse(json.dumps(held).encode()))
    assert content(document)["cells"][0]["source"] == "half \ufffd"
    numbers = json.loads(written(writer))["cells"][0]["outputs"][0]["data"]["application/json"]
    assert numbers == {"n": float(2**70), "ns": 1_600_000_000_000_000_000}
    marked = parse(b"\xef\xbb\xbf" + VALID.encode())
    assert marked["cells"][0]["source"] == "1"


def test_a_text_document_is_filled() -> None:
    document = YUnicode()
    load(document, "")
    assert document.get() == ""
    load(document, "é\r\n👩🏽‍🚀")
    assert document.get() == "é\r\n👩🏽‍🚀"


@pytest.fixture(scope="module")
def large() -> Notebook:
    """A thousand cells with 20 MB of outputs, half of them pictures, half text."""
    some = []
    for number in range(1000):
        source = "".join(f"x_{number}_{line} = compute({line})\n" for line in range(10))
        shown = (
            display(image_png="iVBORw0KGgo" * 1_900)
            if number % 2
            else display(text_plain="some words in a line\n" * 950)
        )
        some.append(code(f"c{number}", source, shown))
    return notebook(*some)


async def test_a_save_of_a_large_notebook_costs_what_was_changed(large: Notebook) -> None:
    raw = jupyter_writes(large).encode()
    took = {}

    def since(began: float, what: str) -> float:
        took[what] = time.process_time() - began
        return took[what]

    began = time.process_time()
    held = parse(raw)
    since(began, "parse")
    began = time.process_time()
    document = YNotebook()
    load(document, held)
    assert since(began, "load") < 5
    writer = NotebookWriter(document)

    longest = 0.0
    turns = 0
    done = False

    async def watch() -> None:
        nonlocal longest, turns
        while not done:
            began = time.process_time()
            await asyncio.sleep(0)
            longest = max(longest, time.process_time() - began)
            turns += 1

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    began = time.process_time()
    parts = await writer.achunks()
    since(began, "first achunks")
    done = True
    await watching
    took["longest without giving way"] = longest
    assert "".join(map(str, parts)).encode() == raw
    for index in range(0, 100, 10):
        document.ycells[index]["source"].insert(0, "é")
        began = time.process_time()
        parts = writer.chunks()
        took["chunks after a keystroke"] = min(
            took.get("chunks after a keystroke", 1.0), since(began, "last keystroke")
        )
    document.ycells.insert(500, document.create_ycell(code("new", "new")))
    began = time.process_time()
    writer.chunks()
    since(began, "chunks after a new cell")
    began = time.process_time()
    writer.base()
    since(began, "base")
    print({what: f"{seconds * 1000:.1f} ms" for what, seconds in took.items()})
    # Generous, for machines that do other things as well.
    assert took["chunks after a keystroke"] < 0.05
    assert turns > 10


async def test_changes_during_an_asynchronous_save_are_in_it(large: Notebook) -> None:
    document, writer = opened(large)
    saving = asyncio.create_task(writer.achunks())
    for number in range(5):
        await asyncio.sleep(0.01)
        document.ycells[number]["source"].insert(0, f"{number} ")
        del document.ycells[900]
        document.ycells.insert(0, document.create_ycell(code(f"n{number}", "n")))
        document.ydoc.get("meta", type=Map)["nbformat_minor"] = 4 + number % 2
    parts = await saving
    assert "".join(map(str, parts)) == jupyter_writes(content(document))
    writer.close()
    document.ycells[0]["source"].insert(0, "no more")
