"""The layout that is proposed for a notebook's outputs, and how one that people made lives on with new outputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workspace_ext.contract.dashboards import Layout, Output, TileLayout

from ..kit.errors import Invalid

WIDTHS = (3, 4, 6, 8, 9, 12)
LONGEST_TITLE = 200
NUMBER = re.compile(r"[-+]?[\d.,' ]{1,20}\s?%?")


@dataclass(frozen=True)
class Shown:
    """What a cell shows, and the title that suits it."""

    id: str
    title: str
    outputs: Sequence[Output]
    is_text: bool = False


def propose(title: str, cells: Sequence[Shown]) -> Layout:
    """Tables and plots in the notebook's order, side by side where both fit; texts are hidden at first."""
    tiles: list[TileLayout] = []
    for cell in cells:
        tiles.append(TileLayout(cell.id, _width(cell.outputs), not _worth(cell)))
    return Layout(title, _stretch(tiles))


def merge(layout: Layout, proposed: Layout) -> Layout:
    """The people's layout for new outputs: cells that are gone leave it, new ones go where the notebook has them."""
    offered = {tile.id: tile for tile in proposed.tiles}
    tiles = [tile for tile in layout.tiles if tile.id in offered]
    known = {tile.id for tile in tiles}
    order = [tile.id for tile in proposed.tiles]
    for tile in proposed.tiles:
        if tile.id not in known:
            before = set(order[: order.index(tile.id)])
            place = max((i + 1 for i, each in enumerate(tiles) if each.id in before), default=0)
            tiles.insert(place, tile)
            known.add(tile.id)
    return Layout(layout.title, tiles)


def check(layout: Layout, known: Sequence[str]) -> Layout:
    """A layout that somebody sent, if it is one of these cells.

    Raises
    ------
    Invalid
        Names what is wrong.
    """
    title = " ".join(layout.title.split())
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid("invalid_title", "The title is empty or too long.", f"Use 1 to {LONGEST_TITLE} letters.", "title")
    ids = [tile.id for tile in layout.tiles]
    if sorted(ids) != sorted(known):
        raise Invalid(
            "other_tiles", "The notebook's outputs have changed meanwhile.", "Reload, then arrange them.", "tiles"
        )
    for tile in layout.tiles:
        if tile.width not in WIDTHS:
            raise Invalid(
                "invalid_width", f"A tile cannot be {tile.width} columns wide.",
                f"Use {', '.join(str(width) for width in WIDTHS)}.", "tiles",
            )  # fmt: skip
        if len(tile.title) > LONGEST_TITLE:
            raise Invalid("invalid_title", "A tile's title is too long.", f"Use {LONGEST_TITLE} letters.", "tiles")
    return Layout(title, layout.tiles)


def _worth(cell: Shown) -> bool:
    """Whether a viewer would look at it: tables, plots and single numbers; not prints and prose."""
    kinds = {output.kind for output in cell.outputs}
    texts = [output.text.strip() for output in cell.outputs if output.kind == "text"]
    if cell.is_text or not kinds:
        return False
    if kinds <= {"text"}:
        return len(texts) == 1 and bool(NUMBER.fullmatch(texts[0]))
    return kinds != {"error"}


def _width(outputs: Sequence[Output]) -> int:
    widths = [6]
    for output in outputs:
        if output.kind == "table":
            widths.append(12 if len(output.table["columns"]) > 6 else 6)
        elif output.kind == "image" and output.height:
            widths.append(12 if output.width / output.height >= 2 else 6)
        elif output.kind == "text" and NUMBER.fullmatch(output.text.strip()):
            widths.append(3)
        elif output.kind in ("frame", "plotly"):
            widths.append(12)
    if len(outputs) == 1 and 3 in widths:
        return 3
    return max(widths)


def _stretch(tiles: list[TileLayout]) -> list[TileLayout]:
    """Fill rows that would stay half empty by widening their tiles; single numbers keep rows of their own."""
    result = list(tiles)
    row: list[int] = []
    for i in [*(i for i, tile in enumerate(result) if not tile.hidden), None]:
        width = 0 if i is None else result[i].width
        used = sum(result[j].width for j in row)
        if row and (i is None or used + width > 12 or (result[row[0]].width == 3) != (width == 3)):
            widths = {1: [12], 2: [6, 6], 3: [4, 4, 4]}.get(len(row)) if used < 12 else None
            for j, wide in zip(row, widths or (), strict=False):
                result[j] = replace(result[j], width=wide)
            row = []
        if i is not None:
            row.append(i)
    return result
