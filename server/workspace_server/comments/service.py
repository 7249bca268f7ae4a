"""Threads on cells and files. The server stamps author and time; a thread outlives the cell it hangs on."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workspace_ext.contract.access import Person
from workspace_ext.contract.comments import Anchor, Comment, Quote, Side, Thread, ThreadList, ThreadState

from ..access.service import Access
from ..kit.clock import iso
from ..kit.errors import Forbidden, Invalid, NotFound
from ..kit.events import Events
from ..kit.http import Caller
from ..kit.storage import Storage
from .places import Locate, by_folders
from .store import CommentRow, ThreadRow

Part = Literal["source", "file"]

LONGEST_TEXT = 10_000
LONGEST_QUOTE = 2_000
LONGEST_AROUND = 64
LONGEST_PATH = 1_000


class Comments:
    """The comments room. Use it from threads.

    Parameters
    ----------
    locate
        Where a notebook is; its threads are shared by all branches of its project.
    """

    def __init__(self, storage: Storage, events: Events, access: Access, locate: Locate = by_folders) -> None:
        self._storage = storage
        self._events = events
        self._access = access
        self.locate = locate

    def of(self, notebook: str) -> ThreadList:
        """The notebook's threads, in the order they were begun."""
        document = self._document(notebook)[0]
        with self._storage.session() as session:
            rows = session.scalars(
                select(ThreadRow).where(ThreadRow.document == document).order_by(ThreadRow.created, ThreadRow.id)
            )
            return ThreadList(document, [self._thread(row) for row in rows])

    def may_write(self, caller: Caller, project: str = "", notebook: str = "") -> bool:
        """May who asks say something about a notebook, or in a review of a project (its id)?"""
        return self._access.admits(caller, "comments:write", {"id": project}, {"notebook": notebook})

    def begin(self, author: str, notebook: str, anchor: Anchor, text: str) -> Thread:
        """Begin a thread with its first comment. ``author`` is a person's id."""
        document, branch = self._document(notebook)
        _check(anchor)
        return self._begin(author, document, branch, anchor, text)

    def begin_in_review(self, author: str, project: str, branch: str, path: str, anchor: Anchor, text: str) -> Thread:
        """The same on lines that are known to be in a commit of a project (its id)."""
        return self._begin(author, f"project:{project}/{path}", branch, anchor, text)

    def of_review(self, project: str, branch: str) -> list[tuple[str, Thread]]:
        """The threads that may concern a branch of a project, each with its file's path: not those of other reviews."""
        start = f"project:{project}/"
        with self._storage.session() as session:
            rows = session.scalars(
                select(ThreadRow)
                .where(ThreadRow.document.startswith(start, autoescape=True))
                .where((ThreadRow.branch == branch) | (ThreadRow.sha == ""))
                .order_by(ThreadRow.created, ThreadRow.id)
            )
            return [(row.document.removeprefix(start), self._thread(row)) for row in rows]

    def _begin(self, author: str, document: str, branch: str, anchor: Anchor, text: str) -> Thread:
        quote = anchor.quote
        row = ThreadRow(
            document=document, branch=branch, cell_id=anchor.cell_id, part=anchor.part,
            exact=quote.exact if quote else None, prefix=quote.prefix if quote else "",
            suffix=quote.suffix if quote else "", line=anchor.line, source_hash=anchor.source_hash,
            side=anchor.side, sha=anchor.commit,
            state="open", created=iso(), created_by=author,
        )  # fmt: skip
        row.comments.append(_comment(author, text, 0))
        with self._storage.session() as session:
            session.add(row)
            session.flush()
            thread = self._thread(row)
        return self._changed(thread, "begun")

    def project_of(self, thread_id: str) -> str:
        """The project (its id) that a thread is in; empty outside of projects."""
        with self._storage.session() as session:
            kind, _, place = _row(session, thread_id).document.partition(":")
        return place.partition("/")[0] if kind == "project" else ""

    def reply(self, author: str, thread_id: str, text: str) -> Thread:
        """Add a comment to a thread; a resolved one stays resolved."""
        with self._storage.session() as session:
            row = _row(session, thread_id)
            last = max((comment.position for comment in row.comments), default=-1)
            row.comments.append(_comment(author, text, last + 1))
            session.flush()
            thread = self._thread(row)
        return self._changed(thread, "replied")

    def edit(self, author: str, thread_id: str, comment_id: str, text: str) -> Thread:
        """Change one's own comment."""
        with self._storage.session() as session:
            row = _row(session, thread_id)
            comment = _own(row, comment_id, author, "edit")
            comment.text = _text(text)
            comment.edited = iso()
            thread = self._thread(row)
        return self._changed(thread, "edited")

    def delete(self, author: str, thread_id: str, comment_id: str) -> None:
        """Delete one's own comment; the thread goes with its last one."""
        with self._storage.session() as session:
            row = _row(session, thread_id)
            row.comments.remove(_own(row, comment_id, author, "delete"))
            thread = self._thread(row)
            if not row.comments:
                session.delete(row)
        self._changed(thread, "deleted")

    def resolve(self, person: str, thread_id: str) -> Thread:
        """Close a thread; anybody may."""
        return self._set_state(thread_id, "resolved", iso(), person)

    def reopen(self, thread_id: str) -> Thread:
        """Open a thread again; anybody may."""
        return self._set_state(thread_id, "open", None, None)

    def _set_state(self, thread_id: str, state: ThreadState, when: str | None, person: str | None) -> Thread:
        with self._storage.session() as session:
            row = _row(session, thread_id)
            if row.state != state:
                row.state, row.resolved, row.resolved_by = state, when, person
            thread = self._thread(row)
        return self._changed(thread, "resolved" if state == "resolved" else "reopened")

    def rename_branch(self, project: str, branch: str, name: str) -> None:
        """Threads that were begun on a branch say its new name, and go with its reviews."""
        with self._storage.session() as session:
            session.execute(
                update(ThreadRow)
                .where(ThreadRow.document.startswith(f"project:{project}/"), ThreadRow.branch == branch)
                .values(branch=name)
            )

    def _changed(self, thread: Thread, action: str) -> Thread:
        self._events.publish("comments", thread.document, action)
        return thread

    def _document(self, notebook: str) -> tuple[str, str]:
        """What identifies the notebook, and its branch."""
        plain = check_path(notebook, "notebook")
        place = self.locate(plain)
        if place is None:
            return f"file:{plain}", ""
        return f"project:{place.project}/{place.path}", place.branch

    def _thread(self, row: ThreadRow) -> Thread:
        quote = Quote(row.exact, row.prefix, row.suffix) if row.exact is not None else None
        return Thread(
            id=row.id,
            document=row.document,
            anchor=Anchor(
                row.cell_id, cast(Part, row.part), quote, row.line, row.source_hash, cast(Side, row.side), row.sha
            ),
            branch=row.branch,
            state=cast(ThreadState, row.state),
            created=row.created,
            created_by=self._person(row.created_by),
            resolved=row.resolved,
            resolved_by=self._person(row.resolved_by) if row.resolved_by else None,
            comments=[
                Comment(one.id, self._person(one.author), one.text, one.created, one.edited) for one in row.comments
            ],
        )

    def _person(self, id: str) -> Person:
        try:
            return self._access.person(id)
        except NotFound:
            return Person(id, "", "Somebody who left", "?", "")


def check_path(path: str, field: str) -> str:
    """The path of a file without what means nothing in it; Invalid when it is none."""
    parts = PurePosixPath(path).parts
    outside = not parts or path.startswith("/") or ".." in parts
    if outside or len(path) > LONGEST_PATH or _control(path):
        where = "the workspace's work folder" if field == "notebook" else "the project's folder"
        raise Invalid(
            f"invalid_{field}", f"{path[:100]!r} is not the path of a file.", f"Give its path below {where}.", field
        )
    return "/".join(parts)


def _row(session: Session, id: str) -> ThreadRow:
    row = session.get(ThreadRow, id)
    if row is None:
        raise NotFound("no_such_thread", "This thread is no longer there.", "Its last comment was deleted meanwhile.")
    return row


def _own(row: ThreadRow, comment_id: str, person: str, verb: str) -> CommentRow:
    for comment in row.comments:
        if comment.id == comment_id:
            if comment.author != person:
                raise Forbidden(
                    "not_the_author", f"Only its author can {verb} a comment.", "Reply to it, or resolve the thread."
                )
            return comment
    raise NotFound("no_such_comment", "This comment is no longer there.", "Its author deleted it meanwhile.")


def _comment(author: str, text: str, position: int) -> CommentRow:
    return CommentRow(author=author, text=_text(text), position=position, created=iso())


def _text(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid("empty_comment", "The comment is empty.", "Write something.", "text")
    if len(text) > LONGEST_TEXT:
        raise Invalid(
            "long_comment", f"The comment has {len(text):,} characters; {LONGEST_TEXT:,} are possible.",
            "Shorten it, or write it into a cell.", "text",
        )  # fmt: skip
    if _control(text.replace("\n", "").replace("\t", "")):
        raise Invalid("invalid_text", "The comment holds characters that cannot be shown.", "Remove them.", "text")
    return text


def _check(anchor: Anchor) -> None:
    quote = anchor.quote
    problem = ""
    if anchor.part == "file" and anchor.cell_id:
        problem = "it is on a whole file and on a cell"
    elif anchor.part == "source" and not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", anchor.cell_id):
        problem = "its cell has no valid id"
    elif not re.fullmatch(r"([0-9a-f]{64})?", anchor.source_hash):
        problem = "the hash of the cell's source is no SHA-256"
    elif anchor.commit or anchor.side != "new":
        problem = "lines of a commit are commented on in a review"
    elif anchor.line is not None and anchor.line < 0:
        problem = "its line is negative"
    elif quote and not 1 <= len(quote.exact) <= LONGEST_QUOTE:
        problem = f"the quote has {len(quote.exact)} characters, and 1 to {LONGEST_QUOTE} are possible"
    elif quote and max(len(quote.prefix), len(quote.suffix)) > LONGEST_AROUND:
        problem = f"more than {LONGEST_AROUND} characters around the quote were given"
    if problem:
        raise Invalid(
            "invalid_anchor", f"The comment cannot hang there: {problem}.", "Select less, or a cell.", "anchor"
        )


def _control(text: str) -> bool:
    return bool(re.search(r"[\x00-\x1f\x7f]", text))
