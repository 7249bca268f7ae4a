"""Outputs made safe: what a notebook displays is not trusted on a page that strangers open.

HTML and Markdown go through nh3; images become ``data:`` addresses, so that an SVG's scripts are dead; HTML that needs
scripts or styles of its own is kept for a sandboxed frame; everything else is text.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import struct
from collections.abc import Mapping
from typing import Any

import mistune
import nh3

from workspace_ext.contract.dashboards import Output

from .knowledge import words

TABLE = "application/vnd.atrium.table+json"
WIDGET = "application/vnd.atrium.widget+json"
PLOTLY = "application/vnd.plotly.v1+json"
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")

LONGEST_TEXT = 100_000
LARGEST = 8 * 2**20
MOST_CELLS = 100_000
MOST_ROWS = 1000

TAGS = set(
    words(
        """
        a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
        hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u
        ul var
        """
    )
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"alt", "height", "src", "title", "width"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
}
RUNS = re.compile(r"<\s*(script|style|iframe|link)\b", re.IGNORECASE)
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")

_markdown = mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])


def clean(text: str) -> str:
    """HTML with nothing in it that runs, loads, submits, overlays or names anything."""
    return nh3.clean(
        text[:LARGEST],
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
    )


def markdown(text: str) -> str:
    """Markdown as clean HTML."""
    return clean(str(_markdown(text)))


def plain(text: str) -> str:
    """Text without a terminal's colours, at a length that a page can bear."""
    text = ANSI.sub("", text)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "\n…"


def output(raw: Mapping[str, Any]) -> Output | None:
    """One output of a cell (nbformat) made safe; None for what is not for viewers: warnings, widgets, nothing."""
    kind = raw.get("output_type")
    if kind == "stream":
        text = plain(joined(raw.get("text")))
        return Output("text", text=text) if raw.get("name") != "stderr" and text.strip() else None
    if kind == "error":
        # The traceback would show code.
        return Output("error", text=plain(f"{raw.get('ename', 'Error')}: {raw.get('evalue', '')}")[:2000])
    if kind in ("display_data", "execute_result"):
        return bundle(raw.get("data") or {}, raw.get("metadata") or {})
    return None


def bundle(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> Output | None:
    """The best of the forms in which something was displayed."""
    if WIDGET in data:
        return None
    if (found := table(data.get(TABLE))) is not None:
        return Output("table", table=found)
    if isinstance(figure := data.get(PLOTLY), dict) and _weighs(figure) < LARGEST:
        return Output("plotly", figure={"data": figure.get("data", []), "layout": figure.get("layout", {})})
    if isinstance(picture := joined(data.get("image/svg+xml")), str) and picture.strip():
        encoded = base64.b64encode(picture.encode()).decode()
        return Output("image", image=f"data:image/svg+xml;base64,{encoded}", text=_alt(data))
    for mime in IMAGES:
        if (found_image := _image(mime, data.get(mime), metadata, _alt(data))) is not None:
            return found_image
    if text := joined(data.get("text/html")):
        return Output("frame", frame=text[:LARGEST]) if RUNS.search(text) else Output("html", html=clean(text))
    if text := joined(data.get("text/markdown")):
        return Output("html", html=markdown(text))
    text = plain(joined(data.get("text/plain")))
    # How Python writes numbers and texts; people read them without.
    text = re.sub(r"^np\.[a-z]+\d*_?\((.*)\)$", r"\1", text)
    text = re.sub(r"""^(['"])([^'"\\\n]*)\1$""", r"\2", text)
    return Output("text", text=text) if text.strip() else None


def table(raw: Any) -> dict[str, Any] | None:
    """`{columns, rows, total}` with nothing in it but scalars; None for what is no table."""
    if not isinstance(raw, dict) or not isinstance(raw.get("columns"), list) or not isinstance(raw.get("rows"), list):
        return None
    columns = [
        {"name": str(each.get("name", ""))[:200], "type": each.get("type") if each.get("type") in KINDS else "string"}
        for each in raw["columns"][:1000]
        if isinstance(each, dict)
    ]
    most = min(MOST_ROWS, MOST_CELLS // max(1, len(columns)))
    rows = [[_scalar(cell) for cell in row[: len(columns)]] for row in raw["rows"][:most] if isinstance(row, list)]
    rows = [row + [None] * (len(columns) - len(row)) for row in rows]
    total = raw.get("total")
    return {"columns": columns, "rows": rows, "total": total if isinstance(total, int) else len(rows)}


KINDS = ("number", "string", "datetime", "boolean")


def widget(raw: Any) -> dict[str, Any] | None:
    """`{name, kind, label, choices, value}` of a widget's output; None for what is none."""
    if not isinstance(raw, dict) or not isinstance(raw.get("choices"), list) or not str(raw.get("name")).isidentifier():
        return None
    choices = [each for each in raw["choices"][:10_000] if isinstance(each, str | int | float | bool)]
    if raw.get("kind") != "dropdown" or raw.get("value") not in choices:
        return None
    label = plain(str(raw.get("label") or raw["name"]))[:200]
    return {"name": str(raw["name"]), "kind": "dropdown", "label": label, "choices": choices, "value": raw["value"]}


def joined(text: Any) -> str:
    """nbformat's text, which may be a list of lines."""
    if isinstance(text, list):
        return "".join(str(each) for each in text)
    return text if isinstance(text, str) else ""


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src" and not re.fullmatch(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+", value):
        return None
    if name == "href" and value.strip().lower().startswith("data:"):
        return None
    return value


def _image(mime: str, raw: Any, metadata: Mapping[str, Any], alt: str) -> Output | None:
    text = re.sub(r"\s", "", joined(raw))
    if not text or len(text) > LARGEST:
        return None
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    said = metadata.get(mime)
    said = said if isinstance(said, dict) else metadata
    width, height = _size(mime, content)
    if isinstance(said.get("width"), int) and isinstance(said.get("height"), int):
        width, height = said["width"], said["height"]
    return Output("image", image=f"data:{mime};base64,{text}", width=width, height=height, text=alt)


def _size(mime: str, content: bytes) -> tuple[int, int]:
    if mime == "image/png" and content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) > 24:
        width, height = struct.unpack(">II", content[16:24])
        return int(width), int(height)
    return 0, 0


def _alt(data: Mapping[str, Any]) -> str:
    """What a picture is in words, unless that is only a Python object's name."""
    text = plain(joined(data.get("text/plain"))).strip()
    return "" if text.startswith("<") or "<" in text[:40] else text[:200]


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)[:10_000]


def _weighs(value: Any) -> int:
    try:
        return len(json.dumps(value))
    except (TypeError, ValueError):
        return LARGEST
