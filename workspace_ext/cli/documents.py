"""`atrium documents <verb>`: run notebooks, see what runs and who has what open, go back to earlier versions."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from typing import Any
from urllib.parse import quote

from ..client import Client, ClientError
from ..contract.documents import (
    AnswerInput,
    CellOutcome,
    DocumentHistory,
    ExecuteNotebook,
    ExecutionQueue,
    ExecutionRequest,
    HistoryPoint,
    NamePoint,
    OpenDocument,
    OpenDocumentList,
    QueuedCell,
    Restored,
    RestorePoint,
)


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser("documents", help="open notebooks and what runs in them").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    run = room.add_parser("run", help="run a notebook in its kernel, into the shared document")
    run.add_argument("notebook", help="its path below work/")
    run.add_argument("--cell", action="append", help="only this cell, by its id; may be repeated")
    run.set_defaults(run=_run)
    answer = room.add_parser("answer", help="answer what a running cell asks for with input() or getpass()")
    answer.add_argument("request", help="its id, as `run` prints it")
    answer.add_argument("value", nargs="?", help="by default it is asked for here, and a password is not shown")
    answer.set_defaults(run=_answer)
    queue = room.add_parser("queue", help="what runs and waits in a notebook")
    queue.add_argument("notebook", help="its path below work/")
    queue.set_defaults(run=_queue)
    opened = room.add_parser("open", help="who has what open")
    opened.add_argument("folder", nargs="?", default="", help="only below this folder of work/")
    opened.set_defaults(run=_open)
    history = room.add_parser("history", help="the versions of a document that are kept")
    history.add_argument("path", help="below work/")
    history.add_argument("--name", default="", help="keep what it says now for ever, under this name")
    history.set_defaults(run=_history)
    restore = room.add_parser("restore", help="have a document say what a version says")
    restore.add_argument("version", help="its id, as `history` prints it")
    restore.add_argument("--cell", type=int, help="only this cell of the version, counted from 1")
    restore.set_defaults(run=_restore)
    forget = room.add_parser("forget", help="delete a version")
    forget.add_argument("version", help="its id, as `history` prints it")
    forget.set_defaults(run=_forget)


def _run(arguments: argparse.Namespace, client: Client) -> ExecutionRequest | list[CellOutcome]:
    body = ExecuteNotebook(arguments.notebook, arguments.cell)
    request = client.call("POST", "/documents/execute", body, reply=ExecutionRequest)
    told = set()
    while not request.done:
        time.sleep(0.3)
        request = client.call("GET", f"/documents/requests/{request.id}", reply=ExecutionRequest)
        for cell in request.cells:
            if cell.input is not None and cell.input.id not in told:
                told.add(cell.input.id)
                print(_how_to_answer(request, cell), file=sys.stderr, flush=True)
    if failed := [cell for cell in request.cells if cell.state != "ok"]:
        first = failed[0]
        raise ClientError(500, "cell_failed", f"Cell {first.cell_id}: {first.ename}: {first.evalue}")
    return request if arguments.json else request.cells


def _how_to_answer(request: ExecutionRequest, cell: CellOutcome) -> str:
    assert cell.input is not None
    what = "a password" if cell.input.password else "input"
    prompt = f": {cell.input.prompt.strip()!r}" if cell.input.prompt.strip() else ""
    return (
        f"Cell {cell.cell_id} asks for {what}{prompt}. Answer in a browser that has the notebook open, "
        f"or with: atrium documents answer {request.id}"
    )


def _answer(arguments: argparse.Namespace, client: Client) -> None:
    path = f"/documents/requests/{quote(arguments.request)}"
    request = client.call("GET", path, reply=ExecutionRequest)
    asking = next((cell.input for cell in request.cells if cell.input is not None), None)
    value = arguments.value
    if value is None and asking is not None:
        value = getpass.getpass(asking.prompt) if asking.password else input(asking.prompt)
    # With nothing asked, the server says why.
    body = AnswerInput(value or "", input_id=asking.id if asking is not None else None)
    client.call("POST", f"{path}/input", body, reply=ExecutionRequest)


def _queue(arguments: argparse.Namespace, client: Client) -> ExecutionQueue | list[QueuedCell]:
    query = {"notebook": arguments.notebook}
    queue = client.call("GET", "/documents/queue", reply=ExecutionQueue, query=query)
    return queue if arguments.json else queue.cells


def _open(arguments: argparse.Namespace, client: Client) -> list[OpenDocument]:
    query = {"folder": arguments.folder}
    return client.call("GET", "/documents/open", reply=OpenDocumentList, query=query).documents


def _history(arguments: argparse.Namespace, client: Client) -> DocumentHistory | HistoryPoint | list[dict[str, Any]]:
    if arguments.name:
        body = NamePoint(arguments.path, arguments.name)
        return client.call("POST", "/documents/history", body, reply=HistoryPoint)
    history = client.call("GET", "/documents/history", reply=DocumentHistory, query={"path": arguments.path})
    if arguments.json:
        return history
    return [
        {"version": one.id, "created": one.created, "kind": one.kind, "name": one.name, "people": ", ".join(one.people)}
        for one in history.points
    ]


def _restore(arguments: argparse.Namespace, client: Client) -> Restored:
    body = RestorePoint(arguments.cell - 1 if arguments.cell is not None else None)
    return client.call("POST", f"/documents/history/{quote(arguments.version)}/restore", body, reply=Restored)


def _forget(arguments: argparse.Namespace, client: Client) -> None:
    client.call("DELETE", f"/documents/history/{quote(arguments.version)}")
