"""Who edited which document: what is kept, and until when."""

from __future__ import annotations

from pathlib import Path

from workspace_server.documents.authors import Authors


def test_who_edited_what_until_it_is_committed(tmp_path: Path) -> None:
    authors = Authors(tmp_path / "authors.db")
    authors.edited("one", ["ana", "bo"], 10.5)
    authors.edited("one", ["bo"], 12)
    authors.edited("one", ["bo"], 11)  # told late
    authors.edited("other", ["cleo"], 10)
    assert authors.of("one") == {"ana": 10.5, "bo": 12}
    authors.committed("one", 11)
    authors.close()
    again = Authors(tmp_path / "authors.db")
    assert (again.of("one"), again.of("other"), again.of("third")) == ({"bo": 12}, {"cleo": 10}, {})
    again.committed("one", 12)
    assert again.of("one") == {}
    again.close()
