"""Texts of all scripts, old notebooks, and files that are no notebooks, edited together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.keystrokes import eventually, read_notebook, write_notebook
from tests.fakes.restarts import Mortal, start_mortal
from tests.fakes.typists import Typist, converge

pytestmark = pytest.mark.parts

TEXTS = {
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇳🇱 ok",
    "combining": "e\u0301 a\u0308\u0323 Z\u0351\u036b\u0343 क्षि",
    "right-to-left": "שלום עולם \u202bمرحبا\u202c end",
    "astral": "𝒳 = 𝟏 + 𠀀",
    "separators": "a\u2028b\u2029c\u0085d\x0be\x0cf",
    "nothing-visible": "\u200b\ufeff\u00a0",
}


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    with start_mortal(tmp_path_factory.mktemp("scripts") / "home") as running:
        yield running


async def two(mortal: Mortal, path: str, **kind: str) -> tuple[Typist, Typist]:
    ana = await Typist(mortal.url, mortal.server.tokens["ana"], path, name="ana", **kind).connect()
    bo = await Typist(mortal.url, mortal.server.tokens["bo"], path, name="bo", **kind).connect()
    return ana, bo


async def leave(*typists: Typist) -> None:
    for typist in typists:
        await typist.disconnect()


async def test_texts_of_all_scripts(mortal: Mortal) -> None:
    path = "projects/shop/main/scripts.ipynb"
    file = write_notebook(mortal.home / "work" / path, TEXTS)
    ana, bo = await two(mortal, path)
    assert dict(zip(ana.cell_ids(), ana.sources(), strict=True)) == TEXTS
    for number, (name, text) in enumerate(TEXTS.items()):
        ana.type(name, len(text) // 2, "←👍🏽→")
        bo.keys(name, None, f"שׁ🏳️‍🌈{number}")
    await converge([ana, bo])
    for name, text in TEXTS.items():
        assert "←👍🏽→" in bo.source(name)
        assert ana.source(name).startswith(text[: len(text) // 2])
    expected = dict(zip(ana.cell_ids(), ana.sources(), strict=True))
    await eventually(lambda: read_notebook(file) == expected, what="the file does not follow")
    # From the disk, into the middle of it.
    on_disk = json.loads(file.read_text())
    on_disk["cells"][0]["source"] = "".join(on_disk["cells"][0]["source"]).replace("ok", "o👋k")
    bo.type("emoji", 0, "é")
    file.write_text(json.dumps(on_disk, ensure_ascii=False))
    await ana.until(lambda: "o👋k" in ana.source("emoji"), what="the file's change never came")
    assert ana.source("emoji").startswith("é👩‍👩‍👧‍👦")
    await converge([ana, bo])
    expected = ana.content()
    await ana.mark()  # What is younger than the journal's last commit may go with the server.
    mortal.kill()
    await asyncio.to_thread(mortal.start)
    fresh, _ = await two(mortal, path)
    assert fresh.content() == expected
    await leave(fresh)


@pytest.mark.parametrize(("name", "newline"), [("text.txt", "\n"), ("windows.txt", "\r\n"), ("notes.md", "\n")])
async def test_text_files(mortal: Mortal, name: str, newline: str) -> None:
    path = f"projects/shop/main/{name}"
    file = mortal.home / "work" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ["# Sales 📈", "", "שלום", "one two", ""]
    file.write_bytes(newline.join(lines).encode())
    ana, bo = await two(mortal, path, format="text", type="file")
    assert ana.content() == "\n".join(lines)
    ana.type("", 0, "Ana ")
    bo.type("", None, "Bo\nwas here\n")
    await converge([ana, bo])
    expected = "Ana # Sales 📈\n\nשלום\none two\nBo\nwas here\n"
    assert ana.content() == expected
    await eventually(
        lambda: file.read_bytes() == expected.replace("\n", newline).encode(), what="not written as it was"
    )
    # An editor on this machine, while Ana types elsewhere in it.
    ana.type("", len("Ana"), "!")
    file.write_bytes(expected.replace("one two", "one 2").replace("\n", newline).encode())
    await bo.until(lambda: "one 2" in bo.content(), what=f"the file's change never came: {bo.content()!r}")
    await converge([ana, bo])
    expected = "Ana! # Sales 📈\n\nשלום\none 2\nBo\nwas here\n"
    assert bo.content() == expected
    assert [told for told in bo.notices if told["kind"] == "merged"]
    await eventually(
        lambda: file.read_bytes() == expected.replace("\n", newline).encode(), what="not written as it was"
    )
    mortal.kill()
    await asyncio.to_thread(mortal.start)
    fresh, other = await two(mortal, path, format="text", type="file")
    assert fresh.content() == expected
    await leave(fresh, other)


async def test_a_text_with_a_true_conflict_keeps_both(mortal: Mortal) -> None:
    path = "projects/shop/main/conflict.md"
    file = mortal.home / "work" / path
    file.write_text("first\nword\nlast\n")
    ana, bo = await two(mortal, path, format="text", type="file")
    ana.delete("", 6, 10)
    ana.type("", 6, "typed")
    file.write_text("first\non disk\nlast\n")
    await bo.until(lambda: "on disk\n" in bo.content(), what="the file's line never came")
    await converge([ana, bo])
    assert "typed" in bo.content()
    assert [told for told in bo.notices if told["kind"] == "conflict"]
    await leave(ana, bo)


def old_notebook(file: Path) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Old\n", "title"]},
        {"cell_type": "code", "execution_count": 3, "metadata": {"collapsed": False}, "outputs": [
            {"name": "stdout", "output_type": "stream", "text": ["3\n"]}], "source": ["print(3)"]},
        {"cell_type": "raw", "metadata": {}, "source": []},
    ]  # fmt: skip
    content = {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}}}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**content, "nbformat": 4, "nbformat_minor": 2}, indent=1) + "\n")


async def test_a_notebook_without_ids(mortal: Mortal) -> None:
    path = "projects/shop/main/old.ipynb"
    file = mortal.home / "work" / path
    old_notebook(file)
    ana, bo = await two(mortal, path)
    assert ana.sources() == ["# Old\ntitle", "print(3)", ""]
    ids = ana.cell_ids()
    assert len(set(ids)) == 3
    ana.type(ids[1], 0, "# typed\n")
    bo.type(ids[2], 0, "raw")
    await converge([ana, bo])
    await eventually(
        lambda: ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]] == ana.sources(),
        what="the file does not follow",
    )
    saved = json.loads(file.read_text())
    assert saved["nbformat_minor"] == 2
    assert not [cell for cell in saved["cells"] if "id" in cell]
    assert saved["cells"][1]["outputs"][0]["text"] == ["3\n"]
    # Edited outside: the cells are found again without their ids.
    saved["cells"][0]["source"] = ["# Older\n", "title"]
    ana.type(ids[1], 0, "# more\n")
    file.write_text(json.dumps(saved))
    await bo.until(lambda: bo.source(ids[0]) == "# Older\ntitle", what=f"not merged: {bo.sources()}")
    await converge([ana, bo])
    assert bo.cell_ids() == ids
    assert bo.source(ids[1]) == "# more\n# typed\nprint(3)"
    mortal.kill()
    await asyncio.to_thread(mortal.start)
    await ana.reconnect()
    (fresh, other) = await two(mortal, path)
    await converge([ana, fresh])
    assert fresh.cell_ids() == ids
    await leave(ana, bo, fresh, other)
