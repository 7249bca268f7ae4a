"""CUDA on a machine that has none, as far as dask-cuda asks for it; see `pynvml` beside it."""
