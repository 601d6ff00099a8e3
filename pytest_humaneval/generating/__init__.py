"""Generates samples into a file, without a pytest item for each.

samples_file.py   the file, which grows, and is continued where it ends
stream.py         plan -> samples, a window of them at a time, by the run's engine
generate.py       the command
"""
