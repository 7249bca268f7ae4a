"""What conda's packages want to have set where they run: a few variables, and what their own scripts say.

conda does this in a shell that somebody activates. Nobody does for a kernel, a worker or a run: here it is done as
their Python starts, once for all that it starts in turn.
"""

from __future__ import annotations

PROGRAM = """
def _activate():
    prefix = sys.prefix
    if os.environ.get("ATRIUM_CONDA") == prefix:
        return
    import json, subprocess
    os.environ["ATRIUM_CONDA"] = os.environ["CONDA_PREFIX"] = prefix
    programs, path = os.path.join(prefix, "bin"), os.environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != programs:
        os.environ["PATH"] = programs + os.pathsep + path

    def files(folder, ending):
        try:
            names = sorted(os.listdir(os.path.join(prefix, "etc", "conda", folder)))
        except OSError:
            return []
        return [os.path.join(prefix, "etc", "conda", folder, one) for one in names if one.endswith(ending)]

    for path in files("env_vars.d", ".json"):
        with open(path) as file:
            os.environ.update({name: str(value) for name, value in json.load(file).items()})
    shell = {"_", "SHLVL", "PWD", "OLDPWD"}
    for script in files("activate.d", ".sh"):
        # What it has set until it ends, however it does.
        said = subprocess.run(
            ["bash", "-c", 'exec 3>&1 >/dev/null; trap "env -0 >&3" EXIT; . "$1"', "activate", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30,
        ).stdout.decode(errors="surrogateescape")
        told = dict(one.split("=", 1) for one in said.split(chr(0)) if "=" in one)
        if told:
            for name in set(os.environ) - set(told) - shell:
                del os.environ[name]
            os.environ.update({name: value for name, value in told.items() if name not in shell})

try:
    _activate()
except Exception as _error:
    print(f"What conda's packages set could not be set: {_error}", file=sys.stderr)
"""
