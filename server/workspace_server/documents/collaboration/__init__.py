"""Shared documents: their rooms, their journal, their files, their history."""
