"""Environments: what a project declares, locked, built once, and never changed after."""
