"""The processes that are a cluster: started from an environment's own Python, one per cluster."""
