"""Judges completions in isolation."""
