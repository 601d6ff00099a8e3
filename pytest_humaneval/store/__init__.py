"""What is worked out once and kept: rows in a file, and verdicts. What generations are, ``engine/store`` knows.

Nothing that happens to a store ends a run: what cannot be read is worked out again, and that is said.
"""
