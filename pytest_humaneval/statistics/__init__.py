"""Pure functions over counts and pairs: pass@k, intervals, paired tests. Each names the paper it is from."""
