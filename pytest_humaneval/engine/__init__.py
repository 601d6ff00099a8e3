"""Turns requests into generations: one process per run, shared by every worker."""
