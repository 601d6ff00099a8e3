"""The confined side: all that runs in the locked-down server, where generated code runs.

With ``wire`` it is all of this package that a namespace or a container sees. It imports nothing but ``wire`` and the
standard library.
"""
