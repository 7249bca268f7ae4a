"""What cells install by themselves, and what becomes of an environment's folder beneath a kernel."""

from __future__ import annotations

import pytest

from workspace_server.environments.installs import installs


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("%pip install polars", ["polars"]),
        ("!pip install -q 'polars>=1' tqdm  # fast", ["polars>=1", "tqdm"]),
        ("import sys\n!{sys.executable} -m pip install --upgrade polars[all]==1.2 && echo done", ["polars[all]==1.2"]),
        ("out = !uv pip install polars -i https://example.org/simple six", ["polars", "six"]),
        ("%conda install -c conda-forge xgboost", ["xgboost"]),
        ("%%bash\ncd /tmp\npip3 install polars; ls", ["polars"]),
        ("%%time\n%pip install polars \\\n  tqdm", ["polars", "tqdm"]),
        ("!pip install -r requirements.txt", []),
        ("!pip install git+https://example.org/x.git ./here", []),
        ("!pip uninstall polars\n!pip list", []),
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'polars'])", ["polars"]),
        ("import os\nif True:\n    os.system('pip install polars tqdm')", ["polars", "tqdm"]),
        ("import pip\npip.main(['install', 'polars'])", ["polars"]),
        ("get_ipython().run_line_magic('pip', 'install polars')", ["polars"]),
        ("print('pip install polars')  # pip install polars", []),
        ("text = 'run pip install polars first'", []),
        ("!uv add polars", ["polars"]),
        ("this is no Python", []),
    ],
)
def test_what_a_cell_installs(code: str, found: list[str]) -> None:
    assert installs(code) == found
