"""The followed branch: published as read-only checkouts, pinned, told of by webhooks."""
