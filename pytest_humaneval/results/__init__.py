"""Outcomes kept, written and read: the ledger of a run, its files, and other people's formats.

ledger.py is the only place where outcomes come in, record.py and read.py the only ones that write and read the files of
--humaneval-output; docs/files.md has every key of them. Nothing here generates, judges or prints.
"""
