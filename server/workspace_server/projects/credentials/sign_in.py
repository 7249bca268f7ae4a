"""How git is told who it is on a remote: one helper or one key, as a file in a folder of one command's own.

Nothing secret is in an argument, an environment or a config: those name the file, which goes when the command ends.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from workspace_ext.engines.ssh import CONFINED, option

from ...kit.errors import AtriumError, Unavailable

# No key of the account's, no agent.
_SSH = (*CONFINED, "-oIdentitiesOnly=yes", "-oIdentityAgent=none", "-oConnectTimeout=20")


@dataclass(frozen=True)
class SignIn:
    """Made by the server for one call of a worker, see :meth:`.credentials.Credentials.lend`.

    Attributes
    ----------
    kind
        What ``file`` holds; empty: git is nobody.
    file
        A file of `git credential-store` with one line, or an SSH key.
    known_hosts
        The SSH hosts' keys that this home trusts.
    follows
        The name of the project for whose following this is; empty: it is for a person.
    """

    kind: Literal["", "token", "ssh_key"] = ""
    file: str = ""
    known_hosts: str = ""
    follows: str = ""

    def config(self) -> list[tuple[str, str]]:
        """Git's helpers: none of any config, then perhaps one: it answers for protocol, host and port of its line."""
        none = ("credential.helper", "")
        return (
            [none, ("credential.helper", f"store --file={shlex.quote(self.file)}")] if self.kind == "token" else [none]
        )

    def pair(self) -> tuple[str, str]:
        """User name and token, for those who ask over HTTP themselves; empty where git is nobody there."""
        if self.kind != "token":
            return "", ""
        lent = urlsplit(Path(self.file).read_text().strip())
        return unquote(lent.username or ""), unquote(lent.password or "")

    def ssh(self) -> str:
        """``GIT_SSH_COMMAND``."""
        options = [option("IdentityFile", self.file) if self.kind == "ssh_key" else "-oIdentityFile=none"]
        if self.known_hosts:
            options.append(option("UserKnownHostsFile", self.known_hosts))
        return shlex.join([*_SSH, *options])

    def refusal(self, said: str, host: str, url: str) -> AtriumError:
        """What it means that the remote did not let git in."""
        where = "Projects → Credentials"
        if self.kind and "could not read" not in said:
            what = "SSH key" if self.kind == "ssh_key" else "token"
            allowed = re.search(r"error: 403|HTTP 403", said)
            why = "it may not be allowed to do this" if allowed else "it may have expired"
            http = "" if self.kind == "ssh_key" else f" (HTTP {403 if allowed else 401})"
            if self.kind == "ssh_key":
                why = "the host may not know it any more"
            whose = f"with which {self.follows} is followed on {host}" if self.follows else f"you keep for {host}"
            replace = f"An owner replaces it in {where}." if self.follows else f"Replace it in {where}."
            return Unavailable("authentication_refused", f"The {what} {whose} was refused{http}: {why}.", replace)
        what = "an SSH key" if "publickey" in said else "a token"
        if self.follows:
            return Unavailable(
                "authentication_needed",
                f"{host} gives {url} only to those who sign in, and {self.follows} has nothing to be followed with.",
                f"An owner adds {what} for following in {where}; a person's own is never used for it.",
            )
        return Unavailable(
            "authentication_needed",
            f"{host} wants to know who you are before it gives or takes {url}.",
            f"Add {what} for {host} in {where}.",
        )


NOBODY = SignIn()
