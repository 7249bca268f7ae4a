"""A worker that is killed at a chosen step of what it does to files and references."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.fakes.remotes import ENV

# What puts files, notes and the index in place; each call is a step, and each reference that git is told of another.
FILES = tuple(f"git.integrate:{name}" for name in ("_replace", "remove_file", "_write", "_follow_index", "_forget"))

_PROGRAM = """
import importlib, json, os, sys
given = json.loads(sys.argv[1])
count = 0
def step():
    global count
    count += 1
    if count == given["step"]:
        os.kill(os.getpid(), 9)
def find(name):
    module, _, name = name.partition(":")
    return importlib.import_module("workspace_server.projects." + module), name
def dies(module, name):
    real = getattr(module, name)
    def call(*arguments, **more):
        step()
        return real(*arguments, **more)
    setattr(module, name, call)
for name in given["counted"]:
    dies(*find(name))
from workspace_server.projects.git.command import Git
real = Git.run
def run(self, *arguments, **more):
    if arguments[0] == "update-ref":
        step()
    return real(self, *arguments, **more)
Git.run = run
for name, arguments in given["calls"]:
    getattr(*find(name))(lambda *_: None, **arguments)
"""


async def dies_at(step: int, counted: Sequence[str], *calls: tuple[str, dict[str, Any]]) -> bool:
    """Have a process make the calls ("module:function" of the room, arguments) and die at a step, the first being 1.

    Returns
    -------
    False where there are not so many steps, so that everything was done.
    """
    given = json.dumps({"step": step, "counted": counted, "calls": calls})
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _PROGRAM, given], capture_output=True, text=True,
        env={**ENV, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0
