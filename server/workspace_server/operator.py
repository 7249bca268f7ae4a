"""The operator's commands: they own the home, so they need no server and no token."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import warnings
from pathlib import Path

from .access.roles import RANK
from .access.service import Access
from .kit.errors import AtriumError, Invalid
from .kit.events import Events
from .kit.home import Home
from .kit.storage import Storage
from .projects.credentials import known_hosts
from .projects.places import Places

# Not for the people of a shared server: Jupyter's news, installing extensions for everybody, and a "Share" that hands
# out the server's address (a dashboard's link is made in the dashboard). And the debugger, which talks to kernels past
# the queue of cells.
DISABLED = (
    "@jupyter/collaboration-extension:shared-link",
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/debugger-extension",
    "@jupyterlab/extensionmanager-extension",
)

# There is one kernel, and the environment's chip says more than its name; the toolbar needs the room.
SETTINGS = {"@jupyterlab/notebook-extension:panel": {"toolbar": [{"name": "kernelName", "disabled": True}]}}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="atrium", description="Atrium, for the one who operates it.")
    verbs = parser.add_subparsers(dest="verb", required=True)

    up = verbs.add_parser("up", help="start the workspace")
    _home(up)
    up.add_argument("--ip", default="127.0.0.1", help="address to listen on (default: this machine only)")
    up.add_argument("--port", type=int, default=8888, help="0: a free one")
    up.add_argument("--open", action="store_true", help="open a browser")

    users = verbs.add_parser("users", help="people of the workspace")
    actions = users.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="add a person")
    _home(add)
    add.add_argument("name")
    add.add_argument("--display-name", default="", help="how others see them")
    add.add_argument("--role", choices=list(RANK), help="default: owner for the first person, editor for the next")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    token = actions.add_parser("token", help="print a new API token of a person")
    _home(token)
    token.add_argument("name")
    role = actions.add_parser("role", help="give a person a role, everywhere or in one project")
    _home(role)
    role.add_argument("name")
    role.add_argument("role", choices=[*RANK, "none"], help="with --project, none takes the role there away")
    role.add_argument("--project", metavar="P", help="name of the project; default: wherever they have no other role")
    listed = actions.add_parser("list", help="everybody, and their roles")
    _home(listed)

    host = verbs.add_parser("trust-host", help="let git and clusters talk to an SSH host, after its key was compared")
    _home(host)
    host.add_argument("host", help="its name, or name:port")
    host.add_argument("--yes", action="store_true", help="do not ask: the network to it is trusted")

    doctor = verbs.add_parser("doctor", help="what is there, what is missing, and the command that mends it")
    _home(doctor)
    doctor.add_argument("--json", action="store_true", help="print JSON")

    demo = verbs.add_parser("demo", help="start a workspace with the forecasting example")
    _home(demo, "~/.atrium-demo")
    demo.add_argument("--port", type=int, default=8888, help="0: a free one; when taken, the next free one")
    demo.add_argument("--check", action="store_true", help="play the journey on a temporary home and report")
    demo.add_argument("--csv", help="with --check: forecast this file (columns ds, y) instead of the example's tables")
    demo.add_argument("--break", dest="broken", metavar="STEP", help="with --check: break this step, to see it found")
    demo.add_argument("--keep", action="store_true", help="with --check: keep the temporary home")

    arguments = parser.parse_args(argv)
    run = {"up": _up, "users": _users, "doctor": _doctor, "demo": _demo, "trust-host": _trust}[arguments.verb]
    try:
        return run(arguments)
    except AtriumError as error:
        print(f"atrium: {error}", file=sys.stderr)
        return 1


def _home(parser: argparse.ArgumentParser, default: str = "~/.atrium") -> None:
    parser.add_argument(
        "--home", default=os.environ.get("ATRIUM_HOME", default), help=f"the data folder (default: {default})"
    )


def _doctor(arguments: argparse.Namespace) -> int:
    from .doctor import examine, report

    return report(examine(Home(arguments.home)), as_json=arguments.json)


def _demo(arguments: argparse.Namespace) -> int:
    if arguments.check:
        from .demo.check import check

        return check(csv=arguments.csv, broken=arguments.broken, keep=arguments.keep)
    from .demo.example import prepare

    print(f"The example to clone: {prepare(Home(arguments.home))}\n", flush=True)
    return _up(argparse.Namespace(home=arguments.home, ip="127.0.0.1", port=arguments.port, open=False))


def _users(arguments: argparse.Namespace) -> int:
    home = Home(arguments.home)
    home.prepare()
    storage = Storage(home.database)
    storage.migrate()
    access, projects = Access(home, storage, Events()), Places(home, storage)
    access.wire(projects)
    access.load()
    if arguments.action == "add":
        added = access.add(arguments.name, _password(arguments.password_stdin), arguments.display_name, arguments.role)
        print(f"{arguments.name} can sign in now, as {added.role}.")
    elif arguments.action == "role":
        role = None if arguments.role == "none" else arguments.role
        project = projects.by_name(arguments.project) if arguments.project else None
        access.set_role(access.by_name(arguments.name).id, role, project.id if project else None)
        where = f" in {arguments.project}" if project else ""
        print(f"{arguments.name} is {role or 'what they are elsewhere'}{where} now.")
    elif arguments.action == "token":
        print(access.add_token(access.by_name(arguments.name)))
    else:
        for person in access.people():
            there = [f"{projects.get(id).name}: {role}" for id, role in access.roles(person.id).projects.items()]
            print("\t".join([person.name, person.display_name, person.role, *sorted(there)]))
    return 0


def _trust(arguments: argparse.Namespace) -> int:
    home = Home(arguments.home)
    home.prepare()
    lines = known_hosts.scan(arguments.host)
    print(f"{arguments.host} shows:\n{known_hosts.fingerprints(lines)}", flush=True)
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise Invalid("no_terminal", "There is no terminal to ask on.", "Compare, then add --yes.")
        if input("Are these what the host's documentation says? [y/N] ").strip().lower() not in ("y", "yes"):
            print("Nothing was changed.")
            return 1
    known_hosts.trust(home.settings, lines)
    print(f"Git and clusters talk to {arguments.host} from now on.")
    return 0


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise Invalid("no_password", "There is no terminal to ask for the password.", "Add --password-stdin.")
    from getpass import getpass

    return getpass("Password: ")


def _up(arguments: argparse.Namespace) -> int:
    gc.disable()  # Until it has started.
    home = Home(arguments.home)
    home.prepare()
    # The operator's own Jupyter settings must not bend a shared server.
    config = home.settings / "jupyter"
    os.environ["JUPYTER_CONFIG_DIR"] = str(config)
    lab = config / "labconfig"
    lab.mkdir(parents=True, exist_ok=True)
    (lab / "page_config.json").write_text(json.dumps({"disabledExtensions": dict.fromkeys(DISABLED, True)}))
    (lab / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    os.environ["JUPYTERLAB_SETTINGS_DIR"] = str(config / "lab" / "user-settings")
    os.environ["JUPYTERLAB_WORKSPACES_DIR"] = str(config / "lab" / "workspaces")
    os.environ["ATRIUM_HOME"] = str(home.path)
    os.chdir(home.work)

    from jupyter_server.utils import JupyterServerAuthWarning
    from jupyterlab.labapp import LabApp

    # Two of Jupyter's own handlers do not say who may call them; those are refused to strangers here.
    warnings.simplefilter("ignore", JupyterServerAuthWarning)
    LabApp.launch_instance(_jupyter_arguments(arguments, home.work))
    return 0


def _jupyter_arguments(arguments: argparse.Namespace, work: Path) -> list[str]:
    return [
        f"--ServerApp.ip={arguments.ip}",
        f"--ServerApp.port={arguments.port}",
        f"--ServerApp.root_dir={work}",
        f"--ServerApp.open_browser={arguments.open}",
        "--ServerApp.allow_root=True",
        "--ServerApp.allow_unauthenticated_access=False",
        "--ServerApp.terminals_enabled=True",
        # Named here too, so that a failure to load Atrium can never leave a server without its sign-in.
        "--ServerApp.identity_provider_class=workspace_server.access.identity.AtriumIdentityProvider",
        "--ServerApp.reraise_server_extension_failures=True",
        "--IdentityProvider.token=",
        "--AtriumExtension.workspace=True",
        f"--AtriumExtension.home_path={arguments.home}",
        "--LanguageServerManager.autodetect=False",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
