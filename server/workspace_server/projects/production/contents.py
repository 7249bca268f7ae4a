"""What of a commit git itself does not have: large files and submodules, had here before it is published."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from workspace_ext.contract.projects import Production

from ...kit.errors import Conflict
from ..places import Places, ProjectFacts
from ..runner import GitRunner
from ..submodules import Submodules

GIB = 2**30
PATIENCE = 24 * 3600


class Contents:
    """Production holds up to ``most`` GiB of large files for each commit: ``ATRIUM_LARGE_FILES_GIB``, 50 unless set."""

    def __init__(self, places: Places, runner: GitRunner, submodules: Submodules) -> None:
        self._places = places
        self._runner = runner
        self.submodules = submodules
        self.most = float(os.environ.get("ATRIUM_LARGE_FILES_GIB", "50"))

    async def missing(self, project: ProjectFacts, sha: str, published: Production | None) -> bool:
        """Whether something has to be fetched, or looked for, before a commit is published whole.

        Raises
        ------
        Conflict
            Its large files are larger than production takes.
        """
        paths = await self.submodules.paths(project, sha)
        if published is not None and published.sha == sha:
            return await asyncio.to_thread(_any_empty, Path(published.path), paths)
        sizes = await self._runner.read(project, "git.lfs:sizes", commit=sha)
        if sizes["total"] > self.most * GIB:
            raise Conflict(
                "large_files_too_large",
                f"The large files of {sha[:7]} have {sizes['total'] / GIB:.1f} GiB together, and production takes "
                f"{self.most:g} GiB of a commit.",
                "Production stays as it was. Keep such data in tables or on object storage; or the operator starts "
                "the server with a larger ATRIUM_LARGE_FILES_GIB.",
            )
        return bool(sizes["missing"] or paths)

    async def fetch(self, project: ProjectFacts, sha: str) -> None:
        """Have it here. Nobody holds ``remote`` meanwhile: it may take hours, and others push and pull."""
        async with self._runner.lock(project, "large files"):
            await self._runner.remote(project, "git.lfs:fetch", timeout=PATIENCE, commit=sha)
        await self.submodules.have(project, sha)


def _any_empty(folder: Path, paths: list[str]) -> bool:
    return any((folder / path).is_dir() and not any((folder / path).iterdir()) for path in paths)
