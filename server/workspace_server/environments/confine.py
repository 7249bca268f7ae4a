"""Where uv runs: never in a project, and with a home of its own and nothing secret in its environment variables where
it runs the code of packages to build them."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

OWN = Path(__file__).parent
# What finding compilers, certificates and proxies needs; a proxy with a password is left out below.
KEPT = re.compile(
    r"PATH|LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_\w+|C[CX]X?|C(XX|PP)?FLAGS|LDFLAGS|NO_COLOR|(https?|all|no)_proxy"
    r"|UV_(CACHE_DIR|PYTHON_DOWNLOADS|NO_PROGRESS|HTTP_\w+|NATIVE_TLS|SYSTEM_CERTS|OFFLINE)",
    re.IGNORECASE,
)


@contextmanager
def place(variables: Mapping[str, str], settings: str, confined: bool) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A working folder and environment variables for uv.

    Parameters
    ----------
    variables
        The server's own, for uv.
    settings
        Further ones in the form of ``uv.toml``, tables only.
    confined
        Whether code of packages is run.
    """
    if not settings and not confined:
        yield OWN, variables
        return
    with tempfile.TemporaryDirectory(prefix="atrium-uv-") as name:
        folder = Path(name)
        if confined:
            settings += _indexes(variables)
            variables = _without_secrets(variables) | {"HOME": str(_home(folder / "home"))}
        (folder / "uv.toml").write_text(f"{(OWN / 'uv.toml').read_text()}\n{settings}")
        yield folder, variables


def _without_secrets(variables: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in variables.items() if KEPT.fullmatch(name)}
    return {name: value for name, value in kept.items() if not re.search(r"//[^/\s]*@", value)}


def _indexes(variables: Mapping[str, str]) -> str:
    """The machine's indexes, which may have passwords, as a file says them."""
    named = [one for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL") for one in variables.get(name, "").split()]
    tables = [f"[[index]]\nurl = '{_url(one)}'\n" for one in named]
    if default := variables.get("UV_DEFAULT_INDEX") or variables.get("UV_INDEX_URL"):
        tables.append(f"[[index]]\nurl = '{_url(default)}'\ndefault = true\n")
    return "\n".join(tables)


def _url(text: str) -> str:
    """Without the name that an index may have in front."""
    return re.sub(r"^[\w-]+=", "", text)


def _home(folder: Path) -> Path:
    """An empty one, but for how the account has set uv up."""
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "uv" / "uv.toml"
    folder.mkdir(mode=0o700)
    if settings.is_file():
        copy = folder / ".config" / "uv" / "uv.toml"
        copy.parent.mkdir(parents=True)
        shutil.copyfile(settings, copy)
    return folder
