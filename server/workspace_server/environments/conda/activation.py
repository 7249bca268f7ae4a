"""What conda's packages want to have set where they run: a few variables, and what their own scripts say.

conda does this in a shell that somebody activates. Nobody does for a kernel, a worker or a run: here it is done as
their Python starts, once for all that it starts in turn.
"""

from __future__ import annotations

PROGRAM = """
def _activate():
    import json, subprocess, sys
    prefix = sys.prefix
    if os.environ.get("ATRIUM_CONDA") == prefix:
        return
    os.environ["ATRIUM_CONDA"] = os.environ["CONDA_PREFIX"] = prefix
    os.environ.pop("VIRTUAL_ENV", None)  # It is none.
    os.environ["PATH"] = os.path.join(prefix, "bin") + os.pathsep + os.environ.get("PATH", os.defpath)

    def files(folder, ending):
        try:
            names = sorted(os.listdir(os.path.join(prefix, "etc", "conda", folder)))
        except OSError:
            return []
        return [os.path.join(prefix, "etc", "conda", folder, one) for one in names if one.endswith(ending)]

    for path in files("env_vars.d", ".json"):
        with open(path) as file:
            os.environ.update({name: str(value) for name, value in json.load(file).items()})
    if scripts := files("activate.d", ".sh"):
        program = 'for one in "$@"; do . "$one"; done >/dev/null; exec env -0'
        said = subprocess.run(
            ["bash", "-c", program, "activate", *scripts],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30,
        ).stdout.decode(errors="surrogateescape")
        told = dict(one.split("=", 1) for one in said.split(chr(0)) if "=" in one)
        for name in ("_", "SHLVL", "PWD", "OLDPWD"):
            told.pop(name, None)
        os.environ.update(told)
        if told:
            for name in set(os.environ) - set(told) - {"_", "SHLVL", "PWD", "OLDPWD"}:
                del os.environ[name]

try:
    _activate()
except Exception as _error:
    import sys
    print(f"What conda's packages set could not be set: {_error}", file=sys.stderr)
"""
