"""Projects, branches and what git knows of them. Paths are relative to the workspace's ``work`` folder unless said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .detached import Detached
from .operations import WireError

Change = Literal["modified", "added", "deleted", "untracked", "conflicted"]

Rest = Literal["order", "metadata", "settings", "counts"]
"""What can change in a notebook beyond the sources and outputs of its cells: their order, their metadata and
attachments, the notebook's own metadata, the numbers of executions."""

Because = Literal[
    "cloned", "polled", "webhook", "asked", "pushed", "merged", "branch", "pinned", "rolled_back", "unpinned"
]


@dataclass(frozen=True)
class Pin:
    """Production stays where it is, whatever is pushed. ``by``: the name of the person who said so.

    ``behind``: how many commits of the followed branch it lacks; ``rewritten``: that branch no longer has this commit.
    """

    why: str
    by: str
    since: str
    behind: int = 0
    rewritten: bool = False


@dataclass(frozen=True)
class Production:
    """The published state of the followed branch. ``path`` is the absolute folder of the read-only checkout."""

    project: str
    branch: str
    sha: str
    path: str
    published: str
    pin: Pin | None = None


@dataclass(frozen=True)
class Publication:
    """A change of production. ``by``: the name of the person behind it, empty for none; ``why``: what they said.

    ``before``: the commit until then; ``forced``: it is not in the history of the new one, as the branch was rewritten.
    """

    sha: str
    summary: str
    branch: str
    published: str
    because: Because
    by: str = ""
    why: str = ""
    before: str = ""
    forced: bool = False


@dataclass(frozen=True)
class ProductionHistory:
    """Newest first."""

    publications: list[Publication]


@dataclass(frozen=True)
class HistoryQuery:
    limit: int = 50


@dataclass(frozen=True)
class PinRequest:
    """``sha``: full, or its first 7 digits or more; empty for where production is now."""

    why: str
    sha: str = ""


@dataclass(frozen=True)
class Inclusion:
    """Whether production is at a commit (``current``), or at one that has it in its history (``included``)."""

    sha: str
    included: bool
    current: bool


@dataclass(frozen=True)
class Webhook:
    """``path``: where deliveries go, below the workspace's address. ``last``: what became of the last one.

    ``made`` is empty while there is no secret; ``last`` is forgotten when the server ends.
    """

    path: str
    made: str = ""
    by: str = ""
    last: Literal["", "looking", "ping", "repeated", "refused"] = ""
    last_time: str = ""


@dataclass(frozen=True)
class WebhookSecret:
    """Shown once."""

    path: str
    secret: str


@dataclass(frozen=True)
class Delivery:
    """What becomes of a webhook's delivery: the remote is looked at, or nothing happens."""

    outcome: Literal["looking", "ping", "repeated"]


@dataclass(frozen=True)
class Branch:
    """``folder`` is None where the branch has no worktree yet; ``upstream``: it exists on the remote.

    ``changes`` counts files that differ from its last commit; ``ahead`` and ``behind`` compare with the remote's.
    ``people``: the names of those who have something of it open now.
    """

    name: str
    folder: str | None = None
    head: str = ""
    upstream: bool = False
    changes: int = 0
    ahead: int = 0
    behind: int = 0
    conflicts: int = 0
    people: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Project:
    """``url`` is empty where the workspace keeps the remote itself.

    ``problem``: why the followed branch could not be published last time; the last good state stays.
    ``archived``: since when it rests; empty while it does not. Then ``branches`` is empty.
    ``strip_outputs``: commits of notebooks are made without their outputs, which stay in the files here.
    ``shallow``: only the last commits were cloned; the rest of the history can be fetched. ``detached``: folders that
    are on no branch. ``folders``: those that are checked out, None where everything is; ``large``: then it has so many
    files that a part of them would be quicker to work with. ``may_write`` and ``may_administer``: whether who asks may
    change it, and decide about it.
    """

    id: str
    name: str
    url: str
    folder: str
    default_branch: str
    followed_branch: str
    created: str
    branches: list[Branch]
    production: Production | None = None
    problem: WireError | None = None
    archived: str = ""
    strip_outputs: bool = False
    shallow: bool = False
    detached: list[Detached] = field(default_factory=list)
    folders: list[str] | None = None
    large: bool = False
    may_write: bool = False
    may_administer: bool = False


@dataclass(frozen=True)
class ProjectList:
    projects: list[Project]


@dataclass(frozen=True)
class BranchList:
    branches: list[Branch]


@dataclass(frozen=True)
class CloneProject:
    """``name``: the address's last part unless given. ``depth``: only so many of the last commits; 0: all.

    ``folders``: check out only these and the files at the top, so with none nothing but those; None: everything.
    """

    url: str
    name: str = ""
    depth: int = 0
    folders: list[str] | None = None


@dataclass(frozen=True)
class SizeQuery:
    url: str


@dataclass(frozen=True)
class RepositorySize:
    """``bytes``: what its host says, history included; None where it says nothing. ``large``: only the last commits
    would be much quicker."""

    url: str
    bytes: int | None = None
    large: bool = False


@dataclass(frozen=True)
class UpdateProject:
    """What is absent stays as it is."""

    followed_branch: str = ""
    strip_outputs: bool | None = None


@dataclass(frozen=True)
class OpenedBranch:
    """A worktree to go to. ``notebook``: the same notebook if it was named and is there, else the first one.

    ``kept``: uncommitted files that were copied but also stay where they were, and who has them open.
    """

    project: str
    name: str
    branch: str
    folder: str
    notebook: str | None
    readme: str | None
    carried: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class CreateBranch:
    """From branch ``source`` (default: the followed one) with its uncommitted edits, unless ``carry`` is false.

    ``notebook``: the path (in work) of the notebook that the person looks at.
    """

    name: str
    source: str = ""
    carry: bool = True
    notebook: str = ""


@dataclass(frozen=True)
class SwitchBranch:
    branch: str
    notebook: str = ""


@dataclass(frozen=True)
class FileChange:
    """``path`` is relative to the worktree. ``cells`` counts changed cells of a notebook, None for other files."""

    path: str
    change: Change
    cells: int | None = None
    added: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Editor:
    """Somebody else who edited files since they were committed last. ``name``: what they sign in with."""

    name: str
    display_name: str
    paths: list[str]


@dataclass(frozen=True)
class Status:
    """``summary`` is a suggestion for the commit; ``truncated``: there are more files than listed."""

    branch: str
    head: str
    upstream: bool
    ahead: int
    behind: int
    files: list[FileChange]
    summary: str
    truncated: bool = False
    editors: list[Editor] = field(default_factory=list)


@dataclass(frozen=True)
class CellDiff:
    """One cell. ``index`` counts from 1, in the new notebook (in the old one for a removed cell).

    ``diff`` is a unified diff of the source without a header; ``outputs``: how many outputs differ. ``part`` names the
    change among those of the notebook. ``old_id``: its id before, where that was another.
    """

    index: int
    id: str
    kind: str
    change: Literal["modified", "added", "removed"]
    diff: str
    outputs: int = 0
    part: str = ""
    old_id: str = ""


@dataclass(frozen=True)
class FileDiff:
    """A file against another state of it. Notebooks have ``cells``, texts have ``text`` (a unified diff).

    ``parts``: what can be committed or discarded by itself; the names of the cells, and ``rest`` for everything else
    that changed in a notebook (``rest`` says what that is); of a text one for each hunk, in their order. Empty where
    the file is one whole. ``size``: bytes of one that is stored in Git LFS (``lfs``).
    """

    path: str
    kind: Literal["notebook", "text", "binary", "large", "lfs"]
    change: Change
    cells: list[CellDiff] = field(default_factory=list)
    text: str = ""
    added: int = 0
    removed: int = 0
    outputs: int = 0
    parts: list[str] = field(default_factory=list)
    rest: list[Rest] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True)
class DiffQuery:
    path: str


@dataclass(frozen=True)
class Commit:
    sha: str
    summary: str
    description: str
    author: str
    email: str
    time: str


@dataclass(frozen=True)
class CommitList:
    commits: list[Commit]


@dataclass(frozen=True)
class LogQuery:
    limit: int = 20


@dataclass(frozen=True)
class PathList:
    paths: list[str]


@dataclass(frozen=True)
class Review:
    """What merging ``branch`` into the remote's ``target`` would bring. Without ``conflicts`` (files) it merges.

    ``files`` are those that differ between ``fork``, the commit that both branches come from, and ``head``.
    """

    branch: str
    target: str
    head: str
    base: str
    commits: list[Commit]
    files: list[FileDiff]
    conflicts: list[str]
    behind: int
    unpushed: int
    truncated: bool = False
    fork: str = ""


@dataclass(frozen=True)
class MergeRequest:
    """``summary`` of the merge commit; default: "Merge <branch>"."""

    summary: str = ""


@dataclass(frozen=True)
class Suggestion:
    name: str
    url: str


@dataclass(frozen=True)
class SuggestionList:
    suggestions: list[Suggestion]
