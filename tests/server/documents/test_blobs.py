"""Large outputs beside their documents."""

from __future__ import annotations

import base64
import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from jupyter_ydoc import YNotebook

from workspace_server.documents.collaboration.blobs import CROWD, KEPT, LARGE, Blobs, NoSuchBlob, hashes
from workspace_server.documents.collaboration.journal import Journal
from workspace_server.documents.collaboration.notebook_file import NotebookWriter, parse
from workspace_server.documents.streams import LONG
from workspace_server.kit.notebooks.notebook_json import BLOB, BlobRef, blob_hash

DAY = 24 * 3600.0


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def display(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {"a": 1}, "data": data}


def notebook(*outputs: dict[str, Any]) -> YNotebook:
    shared = YNotebook()
    cell = {"cell_type": "code", "id": "a", "source": "", "metadata": {}, "execution_count": 1, "outputs": [*outputs]}
    shared.set({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return shared


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1200, 700) + b"\0" * LARGE).decode()


@pytest.mark.parametrize(
    "output",
    [
        stream("line\n" * (LONG // 4)),
        display(**{"image/png": PNG, "text/plain": "<Figure>"}),
        display(**{"application/vnd.plotly.v1+json": {"data": [{"x": [0.5] * 200_000}], "layout": {}}}),
        display(**{"text/html": "<b>é</b>" * 200_000, "text/plain": "t" * LARGE}),
        {
            "output_type": "execute_result",
            "execution_count": 3,
            "metadata": {},
            "data": {"text/plain": "y" * LARGE * 2},
        },
        {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["line"] * 300_000},
    ],
    ids=["stream", "png", "plotly", "html", "result", "error"],
)
def test_a_large_output_comes_back_as_it_was(blobs: Blobs, output: dict[str, Any]) -> None:
    placeholder = blobs.shrink(output)
    assert blobs.expand(placeholder) == output
    assert blobs.shrink(placeholder) is placeholder
    assert blobs.shrink(json.loads(json.dumps(output))) == placeholder
    assert len(json.dumps(placeholder)) < 250_000
    assert placeholder["data"]["text/plain"]
    about = placeholder["data"][BLOB]
    assert about["output_type"] == output["output_type"]
    assert about["mimes"] == sorted(output.get("data", {}))


def test_a_small_output_stays(blobs: Blobs) -> None:
    for output in (stream("x" * LONG), display(**{"text/html": "x" * (LARGE // 2)})):
        assert blobs.shrink(output) is output


def test_the_size_of_a_picture_is_told(blobs: Blobs) -> None:
    about = blobs.shrink(display(**{"image/png": PNG}))["data"][BLOB]
    assert (about["width"], about["height"]) == (1200, 700)
    assert "width" not in blobs.shrink(display(**{"image/png": "?" * 2 * LARGE}))["data"][BLOB]


def test_the_file_holds_the_whole(blobs: Blobs) -> None:
    outputs = [stream("é\n" * LONG), display(**{"image/png": PNG}), stream("short")]
    writer = NotebookWriter(notebook(*map(blobs.shrink, outputs)))
    text = "".join(part if isinstance(part, str) else part.text(blobs) for part in writer.chunks())
    content = parse(text.encode())
    assert content["cells"][0]["outputs"] == outputs
    # Read again, it is the same document.
    again = [blobs.shrink(output) for output in content["cells"][0]["outputs"]]
    assert list(map(blob_hash, again)) == [blob_hash(blobs.shrink(one)) for one in outputs]


def test_a_placeholder_from_elsewhere_is_kept_in_the_file(blobs: Blobs, tmp_path: Path) -> None:
    placeholder = blobs.shrink(stream("x" * 2 * LONG))
    elsewhere = Blobs(tmp_path / "elsewhere")
    with pytest.raises(NoSuchBlob):
        elsewhere.expand(placeholder)
    writer = NotebookWriter(notebook(placeholder))
    chunks = writer.chunks()
    text = "".join(part if isinstance(part, str) else part.text(elsewhere) for part in chunks)
    assert parse(text.encode())["cells"][0]["outputs"] == [placeholder]
    # What a disk has spoilt keeps nothing from being saved, either.
    (tmp_path / "blobs" / hash_of(placeholder)).write_bytes(b"{")
    assert text == "".join(part if isinstance(part, str) else part.text(blobs) for part in chunks)


def test_a_notebook_from_a_browser_is_made_whole(blobs: Blobs, tmp_path: Path) -> None:
    outputs = [stream("x" * 2 * LONG), stream("y"), Blobs(tmp_path / "elsewhere").shrink(stream("z" * 2 * LONG))]
    content: dict[str, Any] = {"cells": [{"outputs": list(map(blobs.shrink, outputs))}, {"source": "# text"}]}
    blobs.expand_notebook(content)
    assert content["cells"][0]["outputs"] == outputs


@pytest.mark.parametrize("name", ["../documents.db", "x" * 64, "0" * 63, ""])
def test_only_hashes_are_read(blobs: Blobs, name: str) -> None:
    with pytest.raises(NoSuchBlob):
        blobs.read(name)


def hash_of(placeholder: dict[str, Any]) -> str:
    found = blob_hash(placeholder)
    assert found is not None
    return found


def test_what_a_document_shows_is_found_in_the_journal(blobs: Blobs, tmp_path: Path) -> None:
    first, second, third = (blobs.shrink(stream(f"{n}" * 2 * LONG)) for n in range(3))
    shared = notebook(stream("a" * 300_000), first)
    journal = Journal(tmp_path / "documents.db")
    journal.lineage("json:notebook:x")
    journal.compact("json:notebook:x", shared.ydoc.get_update())
    shared.ydoc.observe(lambda event: journal.append("json:notebook:x", event.update))
    shared.ycells[0]["outputs"].append(second)
    journal.close()
    found = set[str]().union(*map(hashes, journal.everything()))
    assert {hash_of(first), hash_of(second)} <= found
    assert hash_of(third) not in found


def test_what_nothing_refers_to_is_deleted_a_day_later(blobs: Blobs, tmp_path: Path) -> None:
    shown, cut = (hash_of(blobs.shrink(stream(text * 2 * LONG))) for text in "ab")
    now = (tmp_path / "blobs" / cut).stat().st_mtime
    assert blobs.collect({shown}, now + KEPT / 2) == 0
    assert blobs.collect({shown, cut}, now + 10 * DAY) == 0
    # Cut and not yet pasted: the day begins when it was last seen.
    assert blobs.collect({shown}, now + 10 * DAY + KEPT / 2) == 0
    assert blobs.collect({shown}, now + 12 * DAY) == 1
    blobs.read(shown)
    with pytest.raises(NoSuchBlob):
        blobs.read(cut)


def test_of_an_animation_less_is_kept(blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CROWD == 10**9
    monkeypatch.setattr("workspace_server.documents.collaboration.blobs.CROWD", 4 * LONG)
    frames = [hash_of(blobs.shrink(stream(f"{n}" * 2 * LONG))) for n in range(5)]
    now = (tmp_path / "blobs" / frames[-1]).stat().st_mtime
    assert blobs.collect(set(), now + 60) == 0
    assert blobs.collect(set(), now + 2 * 3600) == 4
    assert blobs.collect(set(), now + 2 * 3600) == 0


def test_the_text_of_a_large_output_is_made_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "é\n" * 900_000}}
    hash = blob_hash(blobs.shrink(output))
    assert hash is not None
    ref = BlobRef(hash, 4)
    first = blobs.text(ref)
    assert first == ref.text(blobs).encode()
    (tmp_path / "blobs" / hash).write_text("{}")
    assert blobs.text(ref) == first
    # It goes with what it was made of, and with nothing else.
    later = time.time() + 10 * 86400
    assert blobs.collect({hash}, later) == 0
    assert blobs.collect(set(), later + 10 * 86400) == 2
    assert blobs.text(BlobRef("0" * 64, 4, "not here")) == b"not here"
