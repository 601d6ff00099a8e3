"""From a guided strategy to its solution: draws answers, tries them on what the problem shows, and draws again.

What a guided strategy is, and how people write one, is said in ``prompting/guided.py``.
"""
