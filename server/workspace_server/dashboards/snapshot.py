"""A snapshot: all that a dashboard shows of one execution of its notebook, made safe, and what re-running needs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mistune
import msgspec

from workspace_ext.contract.dashboards import Layout, Output, Provenance

from . import sanitise
from .layout import Shown, propose
from .slices import Cell, Slices


@dataclass(frozen=True)
class Code:
    """A code cell as it was executed; never shown to viewers. ``seconds`` is how long it took, 0 when unknown."""

    id: str
    source: str
    shows: bool
    widgets: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Part:
    """What one cell shows."""

    id: str
    title: str
    is_text: bool
    outputs: list[Output]


@dataclass(frozen=True)
class Snapshot:
    """As it is stored.

    Attributes
    ----------
    id
        Names the folder.
    digest
        SHA-256 of the executed cells, for notebooks that are no commit.
    widgets
        ``{name, kind, label, choices, value}`` each; the choices are all that viewers may ever ask for.
    folder
        Where the notebook's cells work when they run again; empty: they cannot.
    declared
        Path below ``work/`` of the notebook whose environment is to be found; empty when ``provenance.environment``
        names it.
    plotly
        The page that draws Plotly figures, below ``/atrium/dashboards/``.
    """

    id: str
    title: str
    lead: str
    digest: str
    provenance: Provenance
    widgets: list[dict[str, Any]]
    parts: list[Part]
    code: list[Code]
    folder: str = ""
    declared: str = ""
    plotly: str = ""

    def slices(self) -> Slices:
        """What depends on what."""
        return Slices([Cell(cell.id, cell.source, cell.shows, tuple(cell.widgets)) for cell in self.code])

    def proposed(self) -> Layout:
        """The layout for somebody who has not arranged it."""
        return propose(self.title, [Shown(part.id, part.title, part.outputs, part.is_text) for part in self.parts])

    def encode(self) -> bytes:
        return msgspec.json.encode(self)


def decode(content: bytes) -> Snapshot:
    """The snapshot that :meth:`Snapshot.encode` wrote."""
    return msgspec.json.decode(content, type=Snapshot)


def take(
    notebook: Mapping[str, Any], id: str, name: str, provenance: Provenance, folder: str = "", declared: str = ""
) -> Snapshot:
    """The snapshot of an executed notebook (nbformat 4, as JSON).

    Parameters
    ----------
    name
        The title of a notebook without a heading.
    """
    title, lead = "", ""
    heading, parts = "", []
    code: list[Code] = []
    widgets: dict[str, dict[str, Any]] = {}
    digest = hashlib.sha256()
    for number, cell in enumerate(notebook.get("cells", [])):
        source = sanitise.joined(cell.get("source"))
        cell_id = str(cell.get("id") or f"cell-{number}")
        if cell.get("cell_type") == "markdown":
            found, rest = headings(source)
            if found and not title:
                title, lead = found[0], rest
            elif found:
                heading = found[-1]
            if rest and not (found and title == found[0] and lead == rest):
                html = sanitise.markdown(re.sub(r"(?m)^#.*$", "", source, count=1) if found else source)
                parts.append(Part(cell_id, found[-1] if found else "", True, [Output("html", html=html)]))
            continue
        if cell.get("cell_type") != "code":
            continue
        digest.update(source.encode() + b"\0")
        raw = [each for each in cell.get("outputs", []) if isinstance(each, dict)]
        made = [found_widget for each in raw if (found_widget := _widget(each)) is not None]
        widgets.update({each["name"]: each for each in made})
        outputs = together([safe for each in raw if (safe := sanitise.output(each)) is not None])
        names = [each["name"] for each in made]
        seconds = (cell.get("metadata", {}).get("papermill") or {}).get("duration") or 0.0
        code.append(Code(cell_id, source, bool(outputs), names, float(seconds)))
        if outputs:
            parts.append(Part(cell_id, heading or _named(source), False, outputs))
            heading = ""
    return Snapshot(
        id=id, title=title or name, lead=lead, digest=digest.hexdigest(), provenance=provenance,
        widgets=list(widgets.values()), parts=parts, code=code, folder=folder, declared=declared,
    )  # fmt: skip


def together(outputs: list[Output]) -> list[Output]:
    """Successive prints as one text."""
    joined: list[Output] = []
    for output in outputs:
        if output.kind == "text" and joined and joined[-1].kind == "text":
            joined[-1] = Output("text", text=joined[-1].text + output.text)
        else:
            joined.append(output)
    return joined


def headings(source: str) -> tuple[list[str], str]:
    """The headings of a Markdown text in words, and its first paragraph."""
    found: list[str] = []
    paragraph = ""
    for token in mistune.create_markdown(renderer=None)(source):
        if not isinstance(token, dict):
            continue
        if token["type"] == "heading":
            found.append(_words(token))
        elif token["type"] == "paragraph" and not paragraph:
            paragraph = _words(token)
    return found, paragraph[:500]


def _words(token: Mapping[str, Any]) -> str:
    if "raw" in token:
        return str(token["raw"]) if token["type"] != "inline_html" else ""
    if token["type"] in ("softbreak", "linebreak"):
        return " "
    return "".join(_words(child) for child in token.get("children", [])).strip()


def _widget(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    data = raw.get("data")
    return sanitise.widget(data.get(sanitise.WIDGET)) if isinstance(data, dict) else None


def _named(source: str) -> str:
    """A title from a cell that ends with the name of what it shows: ``weekly_sales`` is "Weekly sales"."""
    last = source.strip().rsplit("\n", 1)[-1].strip()
    if re.fullmatch(r"[a-z]\w{3,40}", last):
        return last.strip("_").replace("_", " ").capitalize()
    return ""


def folder_of(taken: Snapshot) -> Path:
    """Where the cells of a snapshot run again."""
    return Path(taken.folder)


def as_json(provenance: Provenance) -> str:
    return json.dumps(msgspec.to_builtins(provenance))
