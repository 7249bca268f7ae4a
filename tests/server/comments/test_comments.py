"""Threads, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workspace_ext.contract.access import Person
from workspace_ext.contract.comments import Anchor, Quote
from workspace_server.access.service import Access
from workspace_server.comments.service import Comments
from workspace_server.kit.errors import AtriumError, Forbidden, Invalid, NotFound
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Base, Storage

NOTEBOOK = "projects/forecast/main/forecast.ipynb"
ANCHOR = Anchor("cell-1", quote=Quote("read_csv", "df = pd.", "('data')"), line=3, source_hash="0" * 64)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    home = Home(tmp_path / "home")
    home.prepare()
    storage = Storage(home.database)
    Base.metadata.create_all(storage.engine)
    return Access(home, storage, Events())


@pytest.fixture
def comments(access: Access) -> Comments:
    return Comments(access._storage, Events(), access)


@pytest.fixture
def ana(access: Access) -> Person:
    return access.add("ana", "correct horse")


@pytest.fixture
def bo(access: Access) -> Person:
    return access.add("bo", "correct horse")


def test_a_thread_from_begin_to_resolve(comments: Comments, ana: Person, bo: Person) -> None:
    begun = comments.begin(ana.id, NOTEBOOK, ANCHOR, "  where does our sales data live?\r\n@bo ")
    assert begun.anchor == ANCHOR
    assert begun.comments[0].text == "where does our sales data live?\n@bo"
    assert (begun.created_by, begun.branch, begun.state) == (ana, "main", "open")
    comments.reply(bo.id, begun.id, "table `sales`, added it")
    (thread,) = comments.of(NOTEBOOK).threads
    assert [(one.author.name, one.edited) for one in thread.comments] == [("ana", None), ("bo", None)]

    resolved = comments.resolve(bo.id, begun.id)
    assert (resolved.state, resolved.resolved_by) == ("resolved", bo)
    assert comments.resolve(ana.id, begun.id).resolved_by == bo
    reopened = comments.reopen(begun.id)
    assert (reopened.state, reopened.resolved, reopened.resolved_by) == ("open", None, None)


def test_threads_follow_the_notebook_to_other_branches(comments: Comments, ana: Person) -> None:
    begun = comments.begin(ana.id, NOTEBOOK, ANCHOR, "hello")
    comments.begin(ana.id, "scratch/ana/forecast.ipynb", Anchor("cell-1"), "mine")
    there = comments.of("projects/forecast/weekly/forecast.ipynb")
    assert [(one.id, one.branch) for one in there.threads] == [(begun.id, "main")]
    assert there.document == begun.document
    assert comments.of("projects/other/main/forecast.ipynb").threads == []
    assert comments.of("projects/forecast/main/folder/forecast.ipynb").threads == []
    assert [one.comments[0].text for one in comments.of("scratch/ana/forecast.ipynb").threads] == ["mine"]
    assert comments.of("scratch/bo/forecast.ipynb").threads == []


def test_a_thread_on_a_file_that_has_no_cells(comments: Comments, ana: Person) -> None:
    whole = Anchor("", "file")
    begun = comments.begin(ana.id, "projects/forecast/weekly/README.md", whole, "What is this?")
    (thread,) = comments.of("projects/forecast/main/README.md").threads
    assert (thread.id, thread.anchor, thread.branch) == (begun.id, whole, "weekly")
    for anchor in (Anchor("cell-1", "file"), Anchor("")):
        with pytest.raises(Invalid):
            comments.begin(ana.id, NOTEBOOK, anchor, "here")


def test_only_its_author_changes_a_comment(comments: Comments, ana: Person, bo: Person) -> None:
    thread = comments.begin(ana.id, NOTEBOOK, ANCHOR, "first")
    first = thread.comments[0].id
    second = comments.reply(bo.id, thread.id, "second").comments[1].id
    with pytest.raises(Forbidden):
        comments.edit(bo.id, thread.id, first, "changed")
    with pytest.raises(Forbidden):
        comments.delete(bo.id, thread.id, first)
    edited = comments.edit(ana.id, thread.id, first, "better").comments[0]
    assert edited.text == "better"
    assert edited.edited is not None

    comments.delete(ana.id, thread.id, first)
    (left,) = comments.of(NOTEBOOK).threads
    assert [one.text for one in left.comments] == ["second"]
    assert [one.text for one in comments.reply(ana.id, thread.id, "third").comments] == ["second", "third"]
    comments.delete(ana.id, thread.id, comments.of(NOTEBOOK).threads[0].comments[1].id)
    comments.delete(bo.id, thread.id, second)
    assert comments.of(NOTEBOOK).threads == []
    with pytest.raises(NotFound):
        comments.reply(ana.id, thread.id, "too late")


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * 10_001, "nul \x00"])
def test_texts_that_are_refused(comments: Comments, ana: Person, text: str) -> None:
    thread = comments.begin(ana.id, NOTEBOOK, ANCHOR, "first")
    tries: list[Callable[[], object]] = [
        lambda: comments.begin(ana.id, NOTEBOOK, ANCHOR, text),
        lambda: comments.reply(ana.id, thread.id, text),
        lambda: comments.edit(ana.id, thread.id, thread.comments[0].id, text),
    ]
    for attempt in tries:
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.field == "text"
    (only,) = comments.of(NOTEBOOK).threads
    assert [one.text for one in only.comments] == ["first"]


@pytest.mark.parametrize(
    "anchor",
    [
        Anchor(""),
        Anchor("a/b"),
        Anchor("x" * 65),
        replace(ANCHOR, source_hash="abc"),
        replace(ANCHOR, line=-1),
        replace(ANCHOR, quote=Quote("")),
        replace(ANCHOR, quote=Quote("x" * 2001)),
        replace(ANCHOR, quote=Quote("x", "y" * 65)),
    ],
)
def test_anchors_that_are_refused(comments: Comments, ana: Person, anchor: Anchor) -> None:
    with pytest.raises(Invalid) as refused:
        comments.begin(ana.id, NOTEBOOK, anchor, "hello")
    assert refused.value.field == "anchor"


@pytest.mark.parametrize("notebook", ["", "/etc/passwd", "../x.ipynb", "projects/../../x.ipynb", "a\x00b", "x" * 1001])
def test_paths_that_are_refused(comments: Comments, ana: Person, notebook: str) -> None:
    for attempt in (lambda: comments.of(notebook), lambda: comments.begin(ana.id, notebook, ANCHOR, "hello")):
        with pytest.raises(AtriumError) as refused:
            attempt()
        assert refused.value.field == "notebook"
