"""Repositories to measure with, and the notebooks in them."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

from tests.bench.servers import code_cell

WHO = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "protocol.file.allow=always")


def git(folder: Path, *arguments: str) -> str:
    """Plain git, as somebody has it in a terminal."""
    command = ["git", *WHO, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def begin(folder: Path) -> Path:
    """An empty repository on main."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    return folder


def commit(folder: Path, message: str = "Change") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD").strip()


def many_files(folder: Path, count: int) -> Path:
    """A repository of ``count`` small files, a hundred in each folder."""
    begin(folder)
    for number in range(count):
        file = folder / f"d{number // 100:03}" / f"file{number:05}.txt"
        if number % 100 == 0:
            file.parent.mkdir()
        file.write_text(f"{number}\n" * 5)
    commit(folder, "Many files")
    return folder


def notebook(cells: int, size: int, *, ids: bool = True, seed: int = 1) -> dict[str, Any]:
    """A notebook of ``cells`` code cells that have run, with outputs of ``size`` bytes in all."""
    chance = random.Random(seed)
    made = []
    for number in range(cells):
        shown = chance.randbytes(size // cells // 2).hex()
        if number % 2:
            data = {"image/png": shown, "text/plain": "<Figure>"}
        else:
            # As tables and logs are: many lines, of numbers.
            data = {"text/plain": "\n".join(shown[at : at + 79] for at in range(0, len(shown), 79))}
        output = {"output_type": "display_data", "metadata": {}, "data": data}
        source = (
            f"def step_{number}(frame):\n    return frame.groupby('store').sum() + {number}\n\nstep_{number}(sales)"
        )
        cell = {**code_cell(number, source, [output]), "execution_count": number + 1}
        if not ids:
            del cell["id"]
        made.append(cell)
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5 if ids else 4}


def edited(book: dict[str, Any], cells: range) -> dict[str, Any]:
    """The same with another number in some cells."""
    changed = [
        {**cell, "source": cell["source"].replace(".sum() +", ".mean() -")} if index in cells else cell
        for index, cell in enumerate(book["cells"])
    ]
    return {**book, "cells": changed}


def rerun(book: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same after another run: every output is another one."""
    size = sum(len(text) for cell in book["cells"] for text in cell["outputs"][0]["data"].values())
    fresh = notebook(len(book["cells"]), size, seed=seed)["cells"]
    changed = [
        {**cell, "outputs": new["outputs"], "execution_count": cell["execution_count"] + 1000}
        for cell, new in zip(book["cells"], fresh, strict=True)
    ]
    return {**book, "cells": changed}


def write(file: Path, book: dict[str, Any]) -> None:
    file.write_text(json.dumps(book, indent=1) + "\n")
