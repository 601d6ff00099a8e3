"""What crosses from one process to another, and comes back checked: nouns that every folder may import.

plain.py       dataclasses as plain builtins and back
top_level.py   a class or function, by where another process finds it
"""
