"""Clusters: started from the project's own environment, attached to notebooks."""
