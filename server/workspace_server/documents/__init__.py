"""Open documents: co-editing, the kernels behind notebooks, and running their cells."""
