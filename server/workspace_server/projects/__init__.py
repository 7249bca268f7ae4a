"""Git-backed projects: a worktree per branch, and a followed branch published as read-only checkouts."""
