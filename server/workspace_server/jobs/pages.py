"""The page of a run: what ran, on what, how it ended, what differs from the run before, and the executed notebook."""

from __future__ import annotations

import contextlib
import html
import importlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workspace_ext.contract.jobs import Run

from ..kit.clock import parse
from .supervisor import spoken

POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
NOTEBOOK = "notebook.ipynb"
PAGE = "notebook.html"
HEADER = "<!-- header -->"
TITLE = "<!-- title -->"
STATES = {
    "queued": "Queued", "preparing": "Preparing", "running": "Running", "succeeded": "Succeeded", "failed": "Failed",
    "cancelled": "Cancelled", "lost": "Lost",
}  # fmt: skip


def write(folder: Path) -> None:
    """Make the page of the executed notebook in ``folder``, when there is one."""
    if (folder / NOTEBOOK).exists():
        partial = folder / f".{PAGE}.{os.getpid()}"
        partial.write_text(render(folder / NOTEBOOK), encoding="utf-8")
        partial.replace(folder / PAGE)


def render(path: Path) -> str:
    """The executed notebook as a page with nothing above it."""
    execution: Any = importlib.import_module(f"{__package__}.execution")
    rendering: Any = importlib.import_module(f"{__package__}.rendering")
    body = rendering.body(execution.read_notebook(path))
    return (
        f'<!doctype html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{TITLE}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{rendering.style()}</style></head>'
        f"<body>{HEADER}<main>{body}</main></body></html>\n"
    )


def notebook(folder: Path, ended: bool) -> str:
    """The page of the executed notebook: the one that the run made, or of the cells that have run until now."""
    with contextlib.suppress(OSError):
        return (folder / PAGE).read_text(encoding="utf-8")
    if (folder / NOTEBOOK).exists():
        if ended:
            write(folder)
            return (folder / PAGE).read_text(encoding="utf-8")
        return render(folder / NOTEBOOK)
    rendering: Any = importlib.import_module(f"{__package__}.rendering")
    return (
        f'<!doctype html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{TITLE}</title>'
        f"<style>{rendering.style()}</style></head><body>{HEADER}<main><p class='same'>No cell has run.</p></main>"
        "</body></html>\n"
    )


def with_header(page: str, run: Run, before: Run | None, folders: Path, theme: str) -> str:
    """The page with what there is to know about the run above the notebook."""
    header = _header(run) + _difference(run, before, folders)
    page = page.replace(TITLE, html.escape(run.name), 1).replace(HEADER, f"<header>{header}</header>", 1)
    return page.replace('data-theme="light"', 'data-theme="dark"', 1) if theme == "dark" else page


def _header(run: Run) -> str:
    facts = [f'<span class="state {run.state}">{STATES[run.state]}</span>']
    if run.started:
        started = parse(run.started)
        facts.append(f'<time datetime="{run.started}">{started:%a} {started.day} {started:%b %Y %H:%M} UTC</time>')
        if run.ended:
            facts.append(f"<span>{spoken(round((parse(run.ended) - started).total_seconds(), 1))}</span>")
    if run.commit:
        facts.append(f'<span>commit <code title="{run.commit}">{run.commit[:7]}</code> of {_text(run.branch)}</span>')
    if run.message:
        facts.append(f"<span>{_text(run.message)}</span>")
    parameters = ", ".join(f"{name} = {json.dumps(value)}" for name, value in run.parameters.items())
    tables = ", ".join(f"{table.name} version {table.version}" for table in run.tables)
    lines = [
        f"<h1>{_text(run.name)}</h1>",
        f'<div class="line">{"".join(facts)}</div>',
        f'<div class="line"><span>{_text(run.project_name)} / {_text(run.notebook)}</span></div>',
        f'<div class="line"><span>Parameters: <code>{_text(parameters)}</code></span></div>' if parameters else "",
        f'<div class="line"><span>Wrote {_text(tables)}</span></div>' if tables else "",
    ]
    if run.error:
        lines.append(f'<div class="problem"><p>{_text(run.error.message)}</p><p>{_text(run.error.hint)}</p></div>')
    return "".join(lines)


def _difference(run: Run, before: Run | None, folders: Path) -> str:
    """What can have changed a number since the last run that succeeded."""
    if before is None:
        return ""
    rows = [
        _row("commit", before.commit[:7], run.commit[:7]),
        _row("environment", before.environment[:12], run.environment[:12]),
        _row("parameters", json.dumps(before.parameters, sort_keys=True), json.dumps(run.parameters, sort_keys=True)),
        *_table_rows(_versions(folders / before.id), _versions(folders / run.id)),
    ]
    when = parse(before.started or before.queued)
    return (
        "<details><summary>Why did this number change?</summary>"
        f"<table><thead><tr><th></th><th>{when:%a} {when.day} {when:%b %H:%M}</th><th>this run</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )


def _row(name: str, old: str, new: str) -> str:
    if old == new:
        return f'<tr class="same"><td>{name}</td><td colspan="2">the same: <code>{_text(new)}</code></td></tr>'
    return f"<tr><td>{name}</td><td><code>{_text(old)}</code></td><td><code>{_text(new)}</code></td></tr>"


def _table_rows(old: dict[str, int], new: dict[str, int]) -> Iterable[str]:
    """The tables whose versions at the start of the two runs differ."""
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            was, now = (f"version {one[name]}" if name in one else "none" for one in (old, new))
            yield _row(f"table {_text(name)}", was, now)


def _versions(folder: Path) -> dict[str, int]:
    with contextlib.suppress(OSError, ValueError):
        found: dict[str, int] = json.loads((folder / "tables.json").read_text())
        return found
    return {}


def _text(value: str) -> str:
    return html.escape(value, quote=True)
