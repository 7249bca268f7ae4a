"""Threads on a notebook's cells, and in the review of a branch."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from workspace_ext.contract.comments import (
    CommentQuery,
    CommentText,
    NewReviewThread,
    NewThread,
    ReviewThreads,
    Thread,
    ThreadList,
)

from ..kit.http import Request, Route
from .reviews import Reviews
from .service import Comments


def routes(comments: Comments, reviews: Reviews) -> list[Route]:
    def listed(request: Request) -> ThreadList:
        """The threads of a notebook."""
        notebook = request.query.notebook
        return replace(comments.of(notebook), may_comment=comments.may_write(request.caller, notebook=notebook))

    def begin(request: Request) -> Thread:
        """Begin a thread on a cell."""
        body = request.body
        return comments.begin(request.caller.id, body.notebook, body.anchor, body.text)

    def reply(request: Request) -> Thread:
        """Reply in a thread."""
        return comments.reply(request.caller.id, request.path["thread"], request.body.text)

    def edit(request: Request) -> Thread:
        """Change one's own comment."""
        path = request.path
        return comments.edit(request.caller.id, path["thread"], path["comment"], request.body.text)

    def delete(request: Request) -> None:
        """Delete one's own comment; the thread goes with its last one."""
        comments.delete(request.caller.id, request.path["thread"], request.path["comment"])

    def resolve(request: Request) -> Thread:
        """Resolve a thread."""
        return comments.resolve(request.caller.id, request.path["thread"])

    def reopen(request: Request) -> Thread:
        """Open a resolved thread again."""
        return comments.reopen(request.path["thread"])

    async def in_review(request: Request) -> ReviewThreads:
        """The threads in the review of a branch, and where they are in it now."""
        project = request.path["id"]
        found = await reviews.of(project, request.path["branch"])
        return replace(found, may_comment=await asyncio.to_thread(comments.may_write, request.caller, project))

    async def begin_in_review(request: Request) -> Thread:
        """Begin a thread on lines, a cell or a file in the review of a branch."""
        return await reviews.begin(request.caller.id, request.path["id"], request.path["branch"], request.body)

    review = "/projects/{id}/branches/{branch}/review/threads"
    own = "/comments/{thread}/comments/{comment}"
    return [
        Route("GET", "/comments", "comments:read", listed, query=CommentQuery, reply=ThreadList),
        Route("POST", "/comments", "comments:write", begin, body=NewThread, reply=Thread),
        Route("GET", review, "comments:read", in_review, reply=ReviewThreads),
        Route("POST", review, "comments:write", begin_in_review, body=NewReviewThread, reply=Thread),
        Route("POST", "/comments/{thread}/comments", "comments:write", reply, body=CommentText, reply=Thread),
        Route("PATCH", own, "comments:write", edit, body=CommentText, reply=Thread),
        Route("DELETE", own, "comments:write", delete),
        Route("POST", "/comments/{thread}/resolve", "comments:write", resolve, reply=Thread),
        Route("POST", "/comments/{thread}/reopen", "comments:write", reopen, reply=Thread),
    ]
