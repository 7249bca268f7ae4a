"""Threads on a notebook's cells."""

from __future__ import annotations

from workspace_ext.contract.comments import CommentQuery, CommentText, NewThread, Thread, ThreadList

from ..kit.http import Request, Route
from .service import Comments


def routes(comments: Comments) -> list[Route]:
    def listed(request: Request) -> ThreadList:
        """The threads of a notebook."""
        return comments.of(request.query.notebook)

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

    own = "/comments/{thread}/comments/{comment}"
    return [
        Route("GET", "/comments", "comments:read", listed, query=CommentQuery, reply=ThreadList),
        Route("POST", "/comments", "comments:write", begin, body=NewThread, reply=Thread),
        Route("POST", "/comments/{thread}/comments", "comments:write", reply, body=CommentText, reply=Thread),
        Route("PATCH", own, "comments:write", edit, body=CommentText, reply=Thread),
        Route("DELETE", own, "comments:write", delete),
        Route("POST", "/comments/{thread}/resolve", "comments:write", resolve, reply=Thread),
        Route("POST", "/comments/{thread}/reopen", "comments:write", reopen, reply=Thread),
    ]
