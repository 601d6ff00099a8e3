"""The pytest plugin: the only folder that imports pytest. ``hooks`` is its table of contents.

What could be of use without pytest belongs into another folder.
"""
