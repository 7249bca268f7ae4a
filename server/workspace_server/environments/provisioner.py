"""Starts a kernel in the environment that its notebook declares, and waits for it as long as it takes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from ..kit.errors import Unavailable

# Not `-m ipykernel_launcher`, which would look for that module in the notebook's folder first: opening a cloned
# project must run nothing of it.
LAUNCHER = (
    "import sys; del sys.path[0]; from runpy import run_module; run_module('ipykernel_launcher', None, '__main__')"
)


@dataclass(frozen=True)
class Launch:
    """What a kernel starts with: an interpreter, and the whole of its environment variables."""

    python: Path
    variables: dict[str, str] = field(default_factory=dict)


class Launcher(Protocol):
    """Knows what a kernel needs; the documents room is one."""

    async def prepare(self, kernel_id: str, session_name: str, folder: Path) -> Launch:
        """Wait until the kernel can start.

        Parameters
        ----------
        session_name
            The notebook's absolute path as Jupyter passes it; may be empty or a folder.
        folder
            Where the kernel will run.
        """


class EnvironmentProvisioner(LocalProvisioner):
    """Jupyter's local provisioner, with the interpreter swapped for that of the declared environment."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        given = kwargs.get("env") or os.environ
        folder = Path(kwargs.get("cwd") or Path.cwd())
        launch = await self._launcher().prepare(self.kernel_id, given.get("JPY_SESSION_NAME", ""), folder)
        kwargs["env"] = dict(launch.variables)
        kwargs = await super().pre_launch(**kwargs)
        arguments = kwargs["cmd"][kwargs["cmd"].index("ipykernel_launcher") + 1 :]
        kwargs["cmd"] = [str(launch.python), "-c", LAUNCHER, *arguments]
        return kwargs

    def _launcher(self) -> Launcher:
        manager = getattr(self.parent, "parent", None)
        application = getattr(getattr(manager, "parent", None), "web_app", None)
        atrium = application.settings.get("atrium") if application is not None else None
        if atrium is None:
            raise Unavailable(
                "no_workspace",
                "The kernel 'Project environment' starts only where Atrium is loaded.",
                "Choose another kernel, or start this server with `atrium up`.",
            )
        launcher: Launcher = atrium.documents.launcher
        return launcher
