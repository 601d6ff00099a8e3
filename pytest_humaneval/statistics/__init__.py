"""Pure functions over counts and pairs: pass@k, intervals, paired tests. Each names the paper it is from.

metrics.py has pass@k. Nothing here reads a file, knows a plan or draws at random without a seed of its own, so that
the same outcomes always give the same figures.
"""
