"""Notebooks and texts as plain data: how they are written, compared and merged. Nothing here knows of documents."""
