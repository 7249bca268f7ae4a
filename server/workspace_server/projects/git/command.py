"""The one way to run git: this module owns every argument list's frame and the whole environment.

A repository that someone clones is not trusted, and neither is what a terminal may have put into a git directory's
config: no hooks, no filters, no external diff, no file-system monitor, no helper ever runs from here, and git speaks
only the protocols that the address was allowed. Runs inside worker processes, never on the event loop.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import git

from ..credentials.sign_in import NOBODY, SignIn
from .errors import explain

SAFE = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.askPass": "",
    "core.gitProxy": "",
    "core.alternateRefsCommand": "",
    "core.quotePath": "false",
    "safe.bareRepository": "explicit",
    "transfer.fsckObjects": "true",
    # Few objects would be unpacked, and stay although they were refused; see also :mod:`.fetching`.
    "fetch.unpackLimit": "1",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "push.recurseSubmodules": "no",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "commit.gpgSign": "false",
    "push.gpgSign": "false",
    "gc.autoDetach": "false",
}
# Drivers have names that only the config knows, so they are looked up and overridden one by one.
_DRIVER = re.compile(
    r"(filter)\..*\.(clean|smudge|process|required)|(diff)\..*\.(command|textconv)|(merge)\..*\.driver", re.S
)
_PROGRESS = re.compile(rb"([A-Z][\w ]+):\s+\d+% \((\d+)/(\d+)\)(?:, ([\d.]+ [KMG]?i?B))?")

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Git:
    """A git directory, and optionally one worktree of it.

    Parameters
    ----------
    directory
        The bare git directory, outside of what people write.
    home
        An empty folder that git takes for ``$HOME``.
    url, protocols
        The remote's address, and ``GIT_ALLOW_PROTOCOL`` for it.
    tree, admin
        A worktree's folder and its part of the git directory. Both are named to git explicitly: the `.git` file in the
        folder could have been swapped.
    author
        ``(name, e-mail)`` of the person on whose behalf this runs.
    sign_in
        Who git is on the remote.
    inside
        Whether the remote may be in the network around this server; and so may be where it sends to.
    held_to
        The addresses that the remote's name stands for, as ``http.curloptResolve``.
    strip_outputs
        Whether commits of changed notebooks are made without their outputs.
    """

    directory: Path
    home: Path
    url: str = ""
    protocols: str = "https:ssh"
    tree: Path | None = None
    admin: Path | None = None
    author: tuple[str, str] | None = None
    sign_in: SignIn = NOBODY
    inside: bool = False
    held_to: str = ""
    strip_outputs: bool = False
    _drivers: dict[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, repository: Mapping[str, Any]) -> Git:
        """From the JSON that the service sends to a worker."""
        given = dict(repository)
        for name in ("directory", "home", "tree", "admin"):
            if given.get(name):
                given[name] = Path(given[name])
        if given.get("author"):
            given["author"] = tuple(given["author"])
        if given.get("sign_in"):
            given["sign_in"] = SignIn(**given["sign_in"])
        return cls(**given)

    def within(self, tree: Path | None, admin: Path | None) -> Git:
        """The same git directory, seen from a worktree."""
        return replace(self, tree=tree, admin=admin)

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment of a git process."""
        config = [*SAFE.items(), *self._driver_overrides().items(), *self.sign_in.config()]
        if self.held_to:
            config.append(("http.curloptResolve", self.held_to))
        env = {
            "GIT_DIR": str(self.admin or self.directory),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": str(len(config)),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": self.protocols,
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_SSH_COMMAND": self.sign_in.ssh(),
            "GIT_SSH_VARIANT": "ssh",
            "GIT_EDITOR": ":",
            "GIT_PAGER": "cat",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "LC_ALL": "C.UTF-8",
        }
        if self.tree is not None:
            env["GIT_WORK_TREE"] = str(self.tree)
        if self.author is not None:
            name, mail = self.author
            for role in ("AUTHOR", "COMMITTER"):
                env[f"GIT_{role}_NAME"] = name
                env[f"GIT_{role}_EMAIL"] = mail
        for number, (key, value) in enumerate(config):
            env[f"GIT_CONFIG_KEY_{number}"] = key
            env[f"GIT_CONFIG_VALUE_{number}"] = value
        return {**env, **more}

    def run(
        self,
        *arguments: str,
        ok: Sequence[int] = (0,),
        env: Mapping[str, str] | None = None,
        given: bytes | None = None,
    ) -> bytes:
        """What ``git <arguments>`` prints when it reads ``given``.

        Raises
        ------
        AtriumError
            It ended with another status than those of ``ok``; see :mod:`.errors`.
        """
        return self.attempt(*arguments, ok=ok, env=env, given=given)[1]

    def attempt(
        self,
        *arguments: str,
        ok: Sequence[int] = (0,),
        env: Mapping[str, str] | None = None,
        given: bytes | None = None,
        mark: bytes = b"",
    ) -> tuple[int, bytes]:
        """Exit status and output, where more than one status is an answer; one beyond 0 only if it prints ``mark``."""
        self._forget_surroundings()
        with _as_input(given) as stdin:
            return self._attempt(arguments, ok, env, stdin, mark)

    def _attempt(
        self,
        arguments: Sequence[str],
        ok: Sequence[int],
        env: Mapping[str, str] | None,
        stdin: BinaryIO | None,
        mark: bytes,
    ) -> tuple[int, bytes]:
        status, out, err = git.Git(str(self.tree or self.directory)).execute(
            ["git", *arguments],
            istream=stdin,
            env=self.environment(**(env or {})),
            with_exceptions=False,
            with_extended_output=True,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
        )
        if status not in ok or (status and mark not in bytes(out)):
            raise explain(arguments, status, str(err), self.url, self.sign_in)
        return status, bytes(out)

    def text(
        self,
        *arguments: str,
        ok: Sequence[int] = (0,),
        env: Mapping[str, str] | None = None,
        given: bytes | None = None,
    ) -> str:
        """What it prints, as text without the line end."""
        return self.run(*arguments, ok=ok, env=env, given=given).decode(errors="surrogateescape").rstrip("\n")

    def follow(self, report: Report, *arguments: str) -> None:
        """Run something that tells its progress (``--progress``); ``report(message, done, total)`` as it goes."""
        self._forget_surroundings()
        running = git.Git(str(self.directory)).execute(
            ["git", *arguments], env=self.environment(), as_process=True, with_stdout=False
        )
        process: Any = running.proc
        tail = b""
        said = b""
        while chunk := process.stderr.read1(65536):
            *lines, tail = re.split(rb"[\r\n]", tail + chunk)
            for line in lines:
                if match := _PROGRESS.search(line):
                    size = f", {match[4].decode()}" if match[4] else ""
                    report(f"{match[1].decode()}{size}", int(match[2]), int(match[3]))
                elif line.strip():
                    said = (said + line + b"\n")[-20_000:]
        process.stderr.close()
        status = process.wait()
        if status:
            raise explain(arguments, status, (said + tail).decode(errors="replace"), self.url, self.sign_in)

    def exists(self, ref: str) -> bool:
        return bool(self.commit(ref))

    def commit(self, ref: str) -> str:
        """The commit that a full reference or id stands for; an empty string when there is none."""
        return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", ok=(0, 1, 128))

    def _driver_overrides(self) -> dict[str, str]:
        if not self._drivers and (self.directory / "config").exists():
            self._forget_surroundings()
            listed = git.Git(str(self.directory)).execute(
                [
                    "git",
                    "config",
                    "--file",
                    str(self.directory / "config"),
                    "--includes",
                    "--name-only",
                    "--null",
                    "--list",
                ],
                env={"HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_DIR": str(self.directory)},
                with_exceptions=False,
                stdout_as_string=False,
            )
            for key in bytes(listed).decode(errors="surrogateescape").split("\0"):
                if match := _DRIVER.fullmatch(key):
                    # An empty filter is none; a merge driver that fails leaves a conflict rather than a wrong merge.
                    self._drivers[key] = "false" if match[5] or key.endswith(".required") else ""
            self._drivers["core.pager"] = "cat"
        return self._drivers

    @staticmethod
    def _forget_surroundings() -> None:
        """GitPython hands on this process's environment; nothing in it may bend git."""
        for name in list(os.environ):
            if name.startswith("GIT_") or name in ("SSH_ASKPASS", "SSH_AUTH_SOCK", "PREFIX"):
                del os.environ[name]


@contextmanager
def _as_input(given: bytes | None) -> Iterator[BinaryIO | None]:
    if given is None:
        yield None
        return
    with tempfile.TemporaryFile(prefix="atrium-") as file:
        file.write(given)
        file.seek(0)
        yield file
