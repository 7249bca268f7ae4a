"""What every room stands on: HTTP, errors, events, storage, processes. Knows no room."""
