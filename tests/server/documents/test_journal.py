"""The journal keeps what it said it keeps, and no more than it has to."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from workspace_server.documents.collaboration.journal import Journal, StoredSave


def test_what_is_committed_is_there_after_a_kill(tmp_path: Path) -> None:
    program = """
import asyncio, os, signal, sys
from pathlib import Path
from workspace_server.documents.collaboration.journal import Journal
async def main():
    journal = Journal(Path(sys.argv[1])); journal.bind(asyncio.get_running_loop())
    journal.lineage("d"); journal.compact("d", b"snapshot")
    for number in range(1000):
        journal.append("d", str(number).encode())
    await journal.committed()
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "j.db")], env={**os.environ})
    assert done.returncode == -signal.SIGKILL
    journal = Journal(tmp_path / "j.db")
    stored = journal.load("d")
    assert stored is not None
    assert stored.snapshot == b"snapshot"
    assert stored.updates == [str(number).encode() for number in range(1000)]
    journal.close()


def test_compaction_replaces_what_came_before_and_nothing_after(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    journal.lineage("d")
    for number in range(50):
        journal.append("d", b"x" * 1000)
        if number % 10 == 9:
            journal.compact("d", bytes([number]))
            journal.append("d", b"after")
    journal.append("other", b"y")
    journal.close()
    journal = Journal(tmp_path / "j.db")
    stored = journal.load("d")
    assert stored is not None
    assert (stored.snapshot, stored.updates) == (bytes([49]), [b"after"])
    assert journal.size("d") == 6
    journal.close()


def test_a_lineage_stays_until_the_document_is_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    first = journal.lineage("d")
    journal.compact("d", b"s")
    for seq, hash in enumerate(("older", "old", "new")):
        journal.keep_save("d", StoredSave(seq, hash, 0.0, b"content"), [seq - 2])
    journal.close()
    journal = Journal(tmp_path / "j.db")
    assert journal.lineage("d") == first
    stored = journal.load("d")
    assert stored is not None
    assert [save.hash for save in stored.saves] == ["new", "old"]
    journal.forget("d")
    journal.close()
    journal = Journal(tmp_path / "j.db")
    assert journal.load("d") is None
    assert journal.lineage("d") != first
    journal.close()


def test_waiting_for_a_commit_that_cannot_be_made_says_so_and_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> list[str]:
        said: list[str] = []
        journal = Journal(tmp_path / "j.db")
        journal.bind(asyncio.get_running_loop())
        journal.on_problem = said.append
        journal.lineage("d")
        journal.compact("d", b"s")
        await journal.committed()
        # Somebody holds the database: what a full disk does, too, is an error at each try.
        other = sqlite3.connect(tmp_path / "j.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(journal, "_commit", _first_fail(journal, said))
        journal.append("d", b"kept")
        waiting = asyncio.create_task(journal.committed())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        other.execute("ROLLBACK")
        await asyncio.wait_for(waiting, 10)
        stored = journal.load("d")
        assert stored is not None
        assert stored.updates == [b"kept"]
        journal.close()
        return said

    said = asyncio.run(scenario())
    assert said[0] != ""
    assert said[-1] == ""


def _first_fail(journal: Journal, _said: list[str]):  # type: ignore[no-untyped-def]
    real = journal._commit

    def commit(database: sqlite3.Connection, batch: object) -> bool:
        database.execute("PRAGMA busy_timeout=50")
        return real(database, batch)  # type: ignore[arg-type]

    return commit
