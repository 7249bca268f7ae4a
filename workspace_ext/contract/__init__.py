"""The types of the wire, one module a room: frozen dataclasses, standard library only, no I/O.

Times are ISO 8601 in UTC, identifiers are strings. OpenAPI and TypeScript are generated from these.
"""
