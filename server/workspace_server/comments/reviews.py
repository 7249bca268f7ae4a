"""Threads on the lines of a branch's difference. They are the documents' threads; only where they hang is a commit."""

from __future__ import annotations

import asyncio
from typing import Literal, cast

from workspace_ext.contract.comments import (
    Anchor,
    NewReviewThread,
    Quote,
    ReviewThread,
    ReviewThreads,
    Side,
    Spot,
    Thread,
)

from ..kit.errors import Invalid
from ..projects.service import Projects
from .service import Comments, check_path

LONGEST_LINES = 10_000


class Reviews:
    """What is said in the review of a branch. Use it on the event loop."""

    def __init__(self, comments: Comments, projects: Projects) -> None:
        self._comments = comments
        self._projects = projects

    async def of(self, project: str, branch: str) -> ReviewThreads:
        """The threads of a branch's review, and where each of them is in it now."""
        threads = await asyncio.to_thread(self._comments.of_review, project, branch)
        found = await self._projects.reviewing.follow(
            project, branch, [_wanted(path, thread.anchor, thread.branch == branch) for path, thread in threads]
        )
        shown = [
            ReviewThread(path, thread, None if spot["lost"] else _spot(thread.anchor.side, spot))
            for (path, thread), spot in zip(threads, found["spots"], strict=True)
            if not spot["apart"]
        ]
        return ReviewThreads(branch, found["head"], found["fork"], shown)

    async def begin(self, author: str, project: str, branch: str, new: NewReviewThread) -> Thread:
        """Begin a thread on what the review shows; the server keeps the lines as they are in the commit.

        Raises
        ------
        Invalid
            The lines are no range, or too many to be kept.
        NotFound
            The commit has no such lines.
        """
        first, last = new.first, new.first if new.last is None else new.last
        path = check_path(new.path, "path")
        if (first is None) != (last is None) or not 0 <= (first or 0) <= (last or 0):
            raise Invalid("invalid_anchor", "These are no lines.", "Choose lines from first to last.", "first")
        lines = await self._projects.reviewing.keep(project, branch, new.commit, path, new.cell_id, first, last)
        exact = "\n".join(lines)
        if len(exact) > LONGEST_LINES:
            raise Invalid(
                "invalid_anchor",
                f"These {len(lines)} lines have {len(exact):,} characters; {LONGEST_LINES:,} can be kept.",
                "Choose fewer lines.", "last",
            )  # fmt: skip
        part: Literal["source", "file"] = "source" if new.cell_id else "file"
        quote = Quote(exact) if first is not None else None
        anchor = Anchor(new.cell_id, part, quote, first, "", new.side, new.commit)
        return await asyncio.to_thread(self._comments.begin_in_review, author, project, branch, path, anchor, new.text)


def _wanted(path: str, anchor: Anchor, own: bool) -> dict[str, object]:
    exact = anchor.quote.exact if anchor.quote else ""
    first = (anchor.line or 0) if anchor.quote else None
    last = None if first is None else first + exact.count("\n")
    return {
        "path": path, "cell": anchor.cell_id, "side": anchor.side, "commit": anchor.commit,
        "first": first, "last": last, "exact": exact, "own": own,
    }  # fmt: skip


def _spot(side: str, found: dict[str, object]) -> Spot:
    return Spot(
        cast(Side, side), cast(str, found["cell"]), cast("int | None", found["first"]),
        cast("int | None", found["last"]),
    )  # fmt: skip
