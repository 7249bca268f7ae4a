"""The executed notebook as a page on which nothing can run: sanitised as a whole, served with a policy that says so."""

from __future__ import annotations

import base64
import html
from functools import lru_cache
from importlib.resources import files
from typing import Any

import nh3

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
PREFIX = "nb-"
SCRIPTED = "An interactive output. It is live in the notebook, and not kept here."
TAGS = set(nh3.ALLOWED_TAGS) | {"section", "figure"}
ATTRIBUTES = {
    "*": {"class", "style", "id", "title", "colspan", "rowspan"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
}
STYLES = {
    "color", "background-color", "text-align", "font-weight", "font-style", "text-decoration", "width", "height",
    "max-width", "vertical-align", "border", "padding", "white-space",
}  # fmt: skip


def body(notebook: Any, source: bool = True) -> str:
    """The cells as safe HTML.

    Parameters
    ----------
    notebook
        An nbformat notebook of version 4; it is changed.
    source
        Whether code is shown.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_still(output) for output in cell.outputs]
    exporter = _exporter()
    exporter.exclude_input = not source
    rendered, _ = exporter.from_notebook_node(notebook)
    return clean(rendered)


def warm() -> None:
    """Load what rendering needs, so that a fork of this process has it."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    body(new_notebook(cells=[new_markdown_cell("# *one*"), new_code_cell("1 + 1")]))
    style()


def clean(text: str) -> str:
    """HTML without anything that runs, loads or leaves; pictures only when they are in it."""
    return nh3.clean(
        text,
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        filter_style_properties=STYLES,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
    )


def style() -> str:
    """The style sheet of the page."""
    return STYLE + _highlighting()


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if value.startswith(tuple(f"data:{kind};" for kind in (*PICTURES, "image/svg+xml"))) else None
    if tag == "a" and name == "href":
        if value.startswith("#"):
            return f"#{PREFIX}{value[1:]}"
        return value if value.startswith(("http://", "https://", "mailto:")) else None
    # What a page calls by its id must not be captured by what it shows.
    return PREFIX + value if name == "id" else value


def _still(output: Any) -> Any:
    """The output with its best picture that needs no script; SVG becomes an image, which cannot run anything."""
    data = output.get("data")
    if data is None:
        return output
    still: dict[str, Any] = {}
    if svg := data.get("image/svg+xml"):
        encoded = base64.b64encode("".join(svg).encode()).decode()
        still["text/html"] = f'<img src="data:image/svg+xml;base64,{encoded}" alt="figure">'
    elif picture := next((kind for kind in PICTURES if kind in data), None):
        still[picture] = data[picture]
    elif "text/html" in data:
        source = "".join(data["text/html"])
        scripted = "<script" in source.lower() or "<iframe" in source.lower()
        still["text/html"] = clean(source)
        if scripted and not nh3.clean(source, tags=set(), clean_content_tags={"script", "style"}).strip():
            still["text/html"] = f"<p>{SCRIPTED}</p>"
    elif "text/markdown" in data:
        still["text/markdown"] = data["text/markdown"]
    elif "text/latex" in data or "text/plain" in data:
        still["text/plain"] = data.get("text/plain") or data["text/latex"]
    else:
        still["text/html"] = f"<p>{SCRIPTED} ({html.escape(', '.join(data))})</p>"
    output["data"] = still
    return output


@lru_cache(maxsize=1)
def _exporter() -> Any:
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="basic", embed_images=False)


@lru_cache(maxsize=1)
def _highlighting() -> str:
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(":root[data-theme='dark'] .highlight")
    return f"{light}\n{dark}\n.highlight, .highlight pre {{ background: none !important; }}"


STYLE = files(__package__).joinpath("run.css").read_text()
