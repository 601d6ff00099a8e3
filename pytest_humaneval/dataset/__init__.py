"""Problems, and where they come from: reading files, and what a problem shows of itself (examples, category).

Nothing here knows strategies, engines or pytest.
"""
