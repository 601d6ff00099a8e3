"""Problems that ask the same in other words, by rules and a seed.

May import the nouns, ``dataset/`` and ``sandbox/``. A file for each rewrite; ``rewriting`` says what one is, and
``rewrite_catalogue`` names those that are bundled.
"""
