"""Hosts of repositories: which one an address is on, and what is asked of its API."""
