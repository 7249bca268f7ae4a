"""Names and addresses that people give, checked before git sees them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..kit.errors import Invalid

PROTOCOLS = "https:ssh"
LONGEST_BRANCH = 200
SCP = re.compile(r"(?:[A-Za-z0-9_][\w.+-]*@)(?P<host>[A-Za-z0-9][\w.-]*):(?!//)(?P<path>[^\s:].*)")
_TRANSPORT = re.compile(r"[A-Za-z0-9+.-]*::")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def protocols_for(url: str, allowed: list[str]) -> str:
    """What ``GIT_ALLOW_PROTOCOL`` is while git talks to ``url``.

    ``https`` and ``ssh`` are open to everybody. Any other scheme (``file``, ``http``) only for the exact addresses in
    ``allowed``: on a shared server `file://` would hand out other people's repositories, `http` everybody's code.

    Raises
    ------
    Invalid
        The address is of no kind that may be cloned here.
    """
    if _CONTROL.search(url) or url.startswith("-") or _TRANSPORT.match(url):
        raise _refused(url)
    if url in allowed:
        scheme = urlsplit(url).scheme
        if scheme in ("file", "http"):
            return f"{PROTOCOLS}:{scheme}"
    if SCP.fullmatch(url):
        return PROTOCOLS
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _refused(url) from None
    if parts.scheme not in ("https", "ssh"):
        raise _refused(url)
    if not host or not re.fullmatch(r"[a-z0-9:][\w.:%-]*", host) or len(parts.path) < 2:
        raise Invalid(
            "invalid_url",
            f"{url!r} is not the address of a repository.",
            "It looks like https://host/team/repository.git.",
            "url",
        )
    if parts.password is not None or (parts.scheme == "https" and parts.username):
        raise Invalid(
            "credentials_in_url",
            "The address contains a user name or password, which everybody here would be able to read.",
            "Give the address without it.",
            "url",
        )
    if parts.username and parts.username.startswith("-"):
        raise _refused(url)
    return PROTOCOLS


def _refused(url: str) -> Invalid:
    scheme = url.partition(":")[0] if ":" in url else "this kind of address"
    shown = re.sub(r"//[^/]*@", "//", url)  # without a password that somebody pasted with it
    return Invalid(
        "url_not_allowed",
        f"Repositories cannot be cloned from {shown!r}: {scheme!r} is not allowed here.",
        "Use an https:// or ssh:// address. The operator can allow others in settings/allowed-remotes.json.",
        "url",
    )


def allowed_remotes(settings: Path) -> list[str]:
    """The addresses beyond https and ssh that this home allows: a JSON list in ``allowed-remotes.json``."""
    try:
        listed = json.loads((settings / "allowed-remotes.json").read_text())
    except (FileNotFoundError, ValueError):
        return []
    return [url for url in listed if isinstance(url, str)] if isinstance(listed, list) else []


def project_name(url: str) -> str:
    """The name that an address suggests: its last part without ``.git``, in characters a folder may have."""
    last = unquote(re.split(r"[/:]", url.rstrip("/"))[-1]).removesuffix(".git")
    return re.sub(r"[^\w.-]+", "-", last).lstrip("._-")[:64] or "project"


def check_project_name(name: str) -> str:
    if not re.fullmatch(r"\w[\w.-]{0,63}", name) or name.endswith((".git", ".lock", ".")):
        raise Invalid(
            "invalid_name",
            f"{name!r} cannot be the name of a project.",
            "Use letters, digits, dot, dash or underscore; begin with a letter or digit.",
            "name",
        )
    return name


def check_branch(name: str) -> str:
    """The branch name, if git accepts it as ``refs/heads/<name>`` and it fits into a folder name."""
    reason = _fault(name)
    if reason:
        raise Invalid(
            "invalid_branch", f"{name!r} cannot be a branch: {reason}.", "For example: forecast-weekly.", "name"
        )
    return name


def _fault(name: str) -> str:
    if not name.strip():
        return "it is empty"
    if name.startswith("-"):
        return "it begins with a dash"
    if name in ("HEAD", "@") or name.startswith("refs/"):
        return "git keeps this name for itself"
    if match := re.search(r"[\x00-\x20\x7f~^:?*\[\\]", name):
        return "it contains a space" if match[0] == " " else f"it contains {match[0]!r}"
    if len(name.encode(errors="replace")) > LONGEST_BRANCH:
        return f"it is longer than {LONGEST_BRANCH} bytes"
    try:
        ref = f"refs/heads/{name}".encode()
    except UnicodeEncodeError:
        return "it is not text"
    checked = subprocess.run(
        [b"git", b"check-ref-format", ref], capture_output=True, env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
    )
    return "git does not allow this combination of dots, slashes or '@{'" if checked.returncode else ""


def folder_of(branch: str) -> str:
    """The branch as one folder name. Git forbids ``~`` in names, so that this loses nothing."""
    return branch.replace("/", "~")


def branch_of(folder: str) -> str:
    """The inverse of :func:`folder_of`."""
    return folder.replace("~", "/")
