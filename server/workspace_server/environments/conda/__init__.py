"""Packages of conda, where the library that installs them is there: what asks for them, their lock, their folder."""
