"""What git says, in a person's terms: what happened, why, what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from ...kit.errors import AtriumError, Conflict, Failed, Invalid, Unavailable
from ..credentials.sign_in import NOBODY, SignIn
from ..origins import origin_of

SIGN_IN = "authentication"
UNKNOWN_HOST = (
    "unknown_host", "There is no host named {host}, or this server cannot look it up.",
    "Check the spelling of the address.",
)  # fmt: skip
_Row = tuple[str, type[AtriumError], str, str, str]

# The first row that matches speaks. {host} and {url} are those of the remote.
_REMOTE: list[_Row] = [
    (
        r"transport '[^']*' not allowed", Invalid, "url_not_allowed",
        "Repositories cannot be reached by this kind of address here: {url}.", "Use an https:// or ssh:// address.",
    ),
    (
        r"Could not resolve host|Could not resolve hostname|Name or service not known", Unavailable, *UNKNOWN_HOST,
    ),
    (
        r"Host key verification failed", Unavailable, "unknown_host_key",
        "This server does not know the SSH key of {host}, so it cannot be sure whom it talks to.",
        "Use the https:// address, or ask the operator to add the host's key: `atrium trust-host {address}`.",
    ),
    (
        r"Authentication failed|could not read Username|could not read Password|terminal prompts disabled"
        r"|Permission denied|returned error: 40[13]|HTTP 40[13]",
        Unavailable, SIGN_IN, "", "",
    ),
    (
        r"unable to update url base from redirection|returned error: 30\d|redirect", Unavailable, "moved",
        "{host} says that the repository has moved.", "Use the address that your browser ends up at.",
    ),
    (
        r"not found|does not appear to be a git repository|not valid: is this a git repository"
        r"|returned error: 404|does not exist|not a git repository|No such file or directory",
        Invalid, "not_a_repository",
        "There is no git repository at {url}, or it is private.",
        "Check the address; the page's own 'Clone' button has it.",
    ),
    (
        r"Failed to connect|Couldn't connect|Connection refused|Connection timed out|Network is unreachable"
        r"|No route to host|Connection reset|Operation too slow|early EOF|hung up|unable to access",
        Unavailable, "unreachable", "{host} does not answer.", "Check the address and the network, then try again.",
    ),
]  # fmt: skip
_ANY: list[_Row] = [
    (
        r"No space left on device|Disk quota exceeded", Unavailable, "disk_full",
        "The disk of this server is full.", "Free some space, then try again.",
    ),
    (
        r"\.lock': File exists|Another git process", Conflict, "git_busy",
        "Another git process is at work in this project.",
        "Wait until it has ended. If none is running, remove {lock}.",
    ),
    (
        r"'refs/heads/([^']+)' exists; cannot create", Conflict, "branch_in_the_way",
        "A branch's name is the beginning of the other's, which git cannot store.", "Choose another name.",
    ),
    (
        r"fsck|bad object|object corrupt|inflate: data", Failed, "damaged",
        "The repository contains objects that are damaged or made to do harm.",
        "Have it mended on the remote (git fsck names them).",
    ),
]  # fmt: skip


def explain(arguments: Sequence[str], status: int, said: str, url: str = "", sign_in: SignIn = NOBODY) -> AtriumError:
    """The error that fits what git said on its way out."""
    lock = re.search(r"'([^']+\.lock)'", said)
    where = {
        "host": host_of(url) or "the remote",
        "url": url or "its remote",
        "address": origin_of(url).removeprefix("ssh://"),
        "lock": lock[1] if lock else "its .lock file",
    }
    rows = [*_ANY, *_REMOTE] if arguments[0] in ("fetch", "push", "ls-remote") else _ANY
    for pattern, kind, code, message, hint in rows:
        if re.search(pattern, said, re.IGNORECASE):
            if code == SIGN_IN:
                return sign_in.refusal(said, where["host"], where["url"])
            return kind(code, message.format(**where), hint.format(**where))
    lines = [re.sub(r"^(fatal|error|remote): ", "", line) for line in said.strip().splitlines() if line.strip()]
    reason = "; ".join(lines[-3:]) or f"it ended with {status}"
    return Failed("git_failed", f"git {arguments[0]} did not succeed: {reason}.", "The details are git's own words.")


def host_of(url: str) -> str:
    """The host of an address, for people; an empty string for a local one."""
    if "://" in url:
        return urlsplit(url).hostname or ""
    return url.partition("@")[2].partition(":")[0]
