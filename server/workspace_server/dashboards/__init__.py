"""Notebooks as pages for people who decide: a snapshot of each run, widgets that re-run what depends on them."""
