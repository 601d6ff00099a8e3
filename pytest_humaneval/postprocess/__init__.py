"""Turns generations into completions."""
