"""What an environment must hold for a notebook to run in it and for each kind of cluster.

pyspark is published as a source archive only, so that installing it takes
`uv pip install --only-binary :all: --no-binary pyspark`. pyspark 4.3 cannot import its pandas API with pandas 3.
It also needs Java, see `workspace_ext.engines.java`.
"""

from __future__ import annotations

KERNEL = ["ipykernel>=6.29", "pandas>=2.2", "pyarrow>=18", "deltalake>=1.2", "duckdb>=1.4"]

# Bokeh draws the pages on which a cluster is watched. Of no version: the one that a project asks for is kept.
DASK = ["bokeh", "dask[dataframe]>=2025.1", "distributed>=2025.1"]

# Workers with a GPU each, by the newest CUDA that the machine's driver runs. Older ones than 26.4 know no `cuda.core`;
# without a bound one of 2021 would be taken, as each later one wants one exact version of Dask. Who packages for one
# CUDA, as PyTorch does, asks for `cuda-bindings` of the same: its bound makes that a CUDA that the driver runs.
GPU = {
    "cu12": ["dask-cuda>=26.4", "cuda-bindings>=12,<13"],
    "cu13": ["dask-cuda>=26.4", "cuda-bindings>=12,<14"],
}

# What a client, the scheduler and its workers have to have in the same version.
SHARED = ["dask", "distributed", "cloudpickle", "msgpack"]

SPARK = [
    "pyspark==4.3.*",
    "pandas>=2.2,<3",
    "pyarrow>=18",
    "numpy>=1.23.2",
    "grpcio>=1.76",
    "grpcio-status>=1.76",
    "googleapis-common-protos>=1.71",
    "zstandard>=0.25",
]

# Published as a source archive only, and the one exception to "wheels only".
SOURCE_BUILDS = ["pyspark"]

CONDA = "# What conda installs, as pixi locks it:\n"
"""In a lock, what comes before the packages of conda. uv reads none that has any: they are of one machine's folder."""
