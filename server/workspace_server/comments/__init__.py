"""The comments room: threads on cells, kept outside of the notebook's file."""
