"""Outcomes kept, written and read: the ledger of a run, its files, and other people's formats."""
