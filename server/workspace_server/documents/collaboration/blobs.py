"""Placeholder until the real one lands."""
class Blobs:
    def __init__(self, folder): self.folder = folder
    def shrink_notebook(self, content): return content
    def read(self, hash): raise FileNotFoundError(hash)
