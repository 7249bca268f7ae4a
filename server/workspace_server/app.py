"""The only place that wires: rooms to the kit, rooms to each other's ports, all of it to Jupyter Server."""

from __future__ import annotations

import asyncio
import gc
import importlib.metadata
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Unicode
from traitlets.config import Config

from .access.authorizer import AtriumAuthorizer
from .access.identity import AccessGate, AtriumIdentityProvider
from .access.pages import LoginHandler
from .access.personal import make_personal
from .access.routes import routes as access_routes
from .access.service import Access
from .clusters.proxy import handlers as clusters_pages
from .clusters.routes import routes as clusters_routes
from .clusters.service import Clusters
from .clusters.sign_ins import SignIns
from .clusters.watching import Watching
from .comments.places import in_projects
from .comments.reviews import Reviews
from .comments.routes import routes as comments_routes
from .comments.service import Comments
from .dashboards.routes import routes as dashboards_routes
from .dashboards.service import Dashboards
from .demo.files import write as write_example
from .documents.contents import WorkspaceCheckpoints, WorkspaceContentsManager
from .documents.kernels import ProjectKernelSpecManager, WorkspaceKernelManager, WorkspaceSessionManager
from .documents.routes import routes as documents_routes
from .documents.service import Documents
from .documents.websocket import PatientConnection
from .environments.routes import routes as environments_routes
from .environments.service import Environments
from .environments.trust import Trust
from .jobs.keeper import Keeper
from .jobs.routes import routes as jobs_routes
from .jobs.service import Jobs
from .kit import http
from .kit.errors import AtriumError
from .kit.events import Event, Events
from .kit.home import Home
from .kit.http import Caller
from .kit.operations import Operations
from .kit.processes import Workers
from .kit.routes import routes as kit_routes
from .kit.storage import Storage
from .neighbours import Neighbours
from .projects.routes import routes as projects_routes
from .projects.service import Projects
from .tables.routes import routes as tables_routes
from .tables.service import Tables
from .tables.watch import Watch as TablesWatch

VERSION = importlib.metadata.version("jupyter-atrium")


class Atrium:
    """Every room of one workspace, wired. Building it touches the disk; :meth:`start` begins what runs."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.storage = Storage(home.database)
        self.events = Events()
        self.operations = Operations(self.events)
        self.workers = Workers()
        self.access = Access(home, self.storage, self.events)
        self.projects = Projects(home, self.storage, self.events, self.operations, self.workers, self.access)
        self.tables = Tables(home, self.events, self._table_copies)
        self.tables_watch = TablesWatch(self.tables, self.events)
        self.environments = Environments(home, self.events, self.operations, trust=Trust(self.storage))
        self.clusters = Clusters(
            home, self.storage, self.events, self.environments, SignIns(self.access, self.projects.credentials)
        )
        self.watching = Watching(self.clusters, self.access)
        self.environments.extras = self.clusters
        self.documents = Documents(home, self.events, self.access, self.projects, self.tables, self.environments)
        self.environments.documents, self.environments.base = self.documents, self._on_default_branch
        self.environments.project, self.environments.may_consent = self._project, self._may_consent
        self.comments = Comments(self.storage, self.events, self.access, in_projects(self.projects))
        self.reviews = Reviews(self.comments, self.projects)
        self.jobs = Jobs(home, self.storage, self.events, self.projects)
        self.jobs_keeper = Keeper(home, self.jobs, self.events)
        self.dashboards = Dashboards(
            home, self.storage, self.events, self.projects, self.tables, self.environments, self.jobs
        )
        self.jobs_keeper.listen(self.dashboards)
        around = Neighbours(self.projects, self.tables, self.documents, self.comments, self.jobs, self.dashboards)
        self.projects.wire(self.documents, around, write_example)
        self.access.links_by(self.dashboards.links.caller)
        self.access.wire(self.projects, self._subject)

    def routes(self) -> list[http.Route]:
        """The whole table."""
        return [
            *kit_routes(self.events, self.operations, self.describe),
            *access_routes(self.access),
            *projects_routes(self.projects),
            *tables_routes(self.tables),
            *environments_routes(self.environments),
            *clusters_routes(self.clusters, self.watching),
            *documents_routes(self.documents),
            *comments_routes(self.comments, self.reviews),
            *jobs_routes(self.jobs),
            *dashboards_routes(self.dashboards, self.home),
        ]

    def _table_copies(self, notebook: str) -> tuple[str, str] | None:
        """The project (its id) and branch of a notebook that writes copies of tables; the followed branch does not."""
        place = self.projects.locate(Path(notebook))
        if place is None or place.branch == self.projects.followed_branch(place.project):
            return None
        return place.project, place.branch

    def _project(self, notebook: str) -> str:
        """The id of a notebook's project, "" outside of projects."""
        place = self.projects.locate(Path(notebook))
        return place.project if place is not None else ""

    def _may_consent(self, person: str, notebook: str) -> bool:
        caller = Caller("person", person)
        return self.access.admits(caller, "environments:trust", {}, {"notebook": notebook})

    def _on_default_branch(self, notebook: str) -> tuple[str, str] | None:
        """The default branch of a notebook's project, and its path there; None for a notebook that is on it."""
        place = self.projects.locate(Path(notebook))
        branch = self.projects.get(place.project).default_branch if place is not None else ""
        if place is None or place.branch == branch:
            return None
        tree = self.projects.worktree(place.project, branch)
        return (branch, (tree / place.relpath).relative_to(self.home.work).as_posix()) if tree is not None else None

    def _subject(self, room: str, path: Mapping[str, str]) -> str:
        """The project (its id) that a request is about; see :data:`.access.ports.Subject`."""
        if room == "projects":
            return path.get("id", "")
        if room == "jobs" and "id" in path:
            return self.jobs.project_of(path["id"])
        if room == "comments":
            return self.comments.project_of(path["thread"]) if "thread" in path else path.get("id", "")
        if room == "dashboards" and "slug" in path:
            return self.dashboards.project_of(path["slug"])
        if room == "documents" and "id" in path:
            # A kernel's, a request's to run cells, or a version's of a document.
            id = path["id"]
            kernel = self.documents.launcher.start_of(id)
            file = kernel.notebook if kernel is not None else self.documents.notebook_of_request(id)
            file = file or self.documents.history.path_of(id)
            place = self.projects.locate(Path(file)) if file is not None else None
            return place.project if place is not None else ""
        return ""

    def _changed(self, event: Event) -> None:
        if event.room == "access":
            self.documents.collaboration.role_changed()
        if (event.room, event.action) == ("projects", "deleted"):
            asyncio.get_running_loop().run_in_executor(None, self.access.load)
            asyncio.get_running_loop().run_in_executor(None, self.tables.discard_project, event.id)

    def describe(self) -> dict[str, Any]:
        """OpenAPI of the whole table."""
        return http.openapi(self.routes(), VERSION)

    def prepare(self) -> None:
        """Migrate the database and read what lives in memory."""
        self.storage.migrate()
        self.access.load()
        self.dashboards.load()

    async def start(self) -> None:
        """Begin what runs by itself. On the event loop."""
        self.events.bind(asyncio.get_running_loop())
        self.events.on(self._changed)
        await self.access.start()
        self.tables_watch.start()
        await self.documents.start()
        await self.projects.start()
        await asyncio.to_thread(self.environments.start)
        await self.clusters.start()
        await self.jobs_keeper.start()
        await self.dashboards.start()

    async def stop(self) -> None:
        """End it, in the opposite order."""
        await self.jobs_keeper.stop()
        await self.dashboards.close()
        await self.tables_watch.stop()
        await self.documents.close()
        await self.clusters.close()
        await self.projects.close()
        await self.operations.close()
        await self.access.close()
        self.environments.close()
        await self.workers.close()
        self.storage.close()
        self.home.release()


class AtriumExtension(ExtensionApp):
    """Loads Atrium into Jupyter Server, under `atrium up` and under plain `jupyter lab`."""

    name = "workspace_server"
    app_name = "Atrium"
    load_other_extensions = True

    home_path = Unicode(
        os.environ.get("ATRIUM_HOME", "~/.atrium"),
        config=True,
        help="The folder in which the workspace lives.",
    )
    workspace = Bool(False, config=True, help="Whether this server is a whole workspace (`atrium up`).")

    atrium: Atrium | None = None

    def _link_jupyter_server_extension(self, serverapp: Any) -> None:
        super()._link_jupyter_server_extension(serverapp)
        home = Home(self.home_path)
        home.prepare()
        try:
            home.acquire()
        except AtriumError as error:
            if self.workspace:
                raise SystemExit(str(error)) from None
            self.log.error("Atrium is not loaded here: %s", error)
            return
        self.atrium = Atrium(home)
        self.atrium.prepare()
        config = self._jupyter_config(home)
        serverapp.update_config(config)
        # Those that were linked earlier have their own copy.
        for apps in serverapp.extension_manager.extension_apps.values():
            for app in apps:
                app.update_config(config)

    def _jupyter_config(self, home: Home) -> Config:
        """What Jupyter itself is told, whoever starts it."""
        config = Config()
        config.ServerApp.identity_provider_class = AtriumIdentityProvider
        config.AtriumIdentityProvider.login_handler_class = LoginHandler
        config.AtriumIdentityProvider.token_signs_in = not self.workspace
        config.ServerApp.authorizer_class = AtriumAuthorizer
        config.AtriumAuthorizer.in_workspace = self.workspace
        config.ServerApp.kernel_manager_class = WorkspaceKernelManager
        config.ServerApp.session_manager_class = WorkspaceSessionManager
        config.ServerApp.kernel_websocket_connection_class = PatientConnection
        if self.workspace:
            config.ServerApp.kernel_spec_manager_class = ProjectKernelSpecManager
            config.ServerApp.contents_manager_class = WorkspaceContentsManager
            config.WorkspaceContentsManager.checkpoints_class = WorkspaceCheckpoints
            config.WorkspaceContentsManager.staging = str(home.run)
            config.WorkspaceCheckpoints.folder = str(home.checkpoints)
            config.NotebookNotary.data_dir = str(home.secrets)
        return config

    def initialize_settings(self) -> None:
        if self.atrium is not None:
            self.settings["atrium"] = self.atrium

    def initialize_handlers(self) -> None:
        if self.atrium is None or self.serverapp is None:
            return
        app = self.serverapp.web_app
        self.atrium.documents.bind(self.serverapp)
        base = app.settings["base_url"]
        app.add_handlers(".*$", clusters_pages(self.atrium.watching, base))
        app.add_handlers(".*$", http.handlers(self.atrium.routes(), AccessGate(self.atrium.access), base))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        if self.atrium is None:
            return
        self.atrium.documents.started_at(serverapp.connection_url)
        await self.atrium.start()
        if self.workspace:
            make_personal(serverapp.web_app)
        address = self.atrium.home.run / "server.json"
        address.touch(mode=0o600)
        address.write_text(json.dumps({"url": serverapp.connection_url, "pid": os.getpid()}))
        # What is here now stays: a full collection would look at all of it, a tenth of a second during which nobody's
        # keys go anywhere. `atrium up` starts without collecting, which takes a sixth of the time.
        gc.collect()
        gc.freeze()
        gc.enable()
        if self.workspace:
            self._say_where(serverapp.connection_url)

    def _say_where(self, url: str) -> None:
        """The address to open: with the setup code while there is nobody yet."""
        assert self.atrium is not None
        access = self.atrium.access
        where = url if access.people() else f"{url}login?setup={access.setup_code}"
        print(f"\nAtrium is running: {where}\nStop it with Ctrl+C.\n", flush=True)

    async def stop_extension(self) -> None:
        if self.atrium is not None:
            (self.atrium.home.run / "server.json").unlink(missing_ok=True)
            await self.atrium.stop()
