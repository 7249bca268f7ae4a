"""What git signs in with on other hosts. A secret goes in, and never comes out again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

CredentialKind = Literal["token", "ssh_key"]


@dataclass(frozen=True)
class Credential:
    """``host``: scheme, host and port that it is for, and no other. ``last_used`` is empty until git was given it.

    ``fingerprint``: of a token 4 digits to tell it from another one, of an SSH key what its host shows of it.
    """

    id: str
    host: str
    kind: CredentialKind
    user: str
    label: str
    fingerprint: str
    created: str
    last_used: str = ""


@dataclass(frozen=True)
class CredentialList:
    credentials: list[Credential]


@dataclass(frozen=True)
class KeepCredential:
    """``host``: also a repository's address. ``user`` is needed with a token. It replaces the one for the same host."""

    host: str
    kind: CredentialKind
    secret: str = field(repr=False)
    user: str = ""
    label: str = ""


@dataclass(frozen=True)
class KeepServiceCredential:
    """The same for following a project: its host is the project's."""

    kind: CredentialKind
    secret: str = field(repr=False)
    user: str = ""
    label: str = ""


@dataclass(frozen=True)
class ServiceCredential:
    """What following a project signs in with on ``host``; None: nothing."""

    host: str
    credential: Credential | None = None


@dataclass(frozen=True)
class TryCredential:
    """``url``: a repository's address on the credential's host."""

    url: str


@dataclass(frozen=True)
class CredentialTried:
    """The repository could be read: how many branches it has, and the default one."""

    url: str
    branches: int
    default: str
