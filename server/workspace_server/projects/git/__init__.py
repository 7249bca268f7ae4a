"""What is asked of git: plain functions over one repository, which run in worker processes."""
