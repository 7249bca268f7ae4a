"""Schedules, the clock that fires them, and runs that outlive the server."""
