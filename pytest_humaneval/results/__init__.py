"""Outcomes kept, written and read: the ledger of a run, its files, and other people's formats.

    ledger.py           the only place where outcomes come in; stopping.py: which strategies are decided by them;
                        item_names.py: which sample an item evaluates
    rows.py             what they come to, a row for each strategy; parts.py: for each of several datasets
    cause.py            what kind of mistake an answer is; headline.py and explanation.py say it in a line and in words
    record.py           writes the files of --humaneval-output, run_json.py what run.json says, prompts.py the prompts,
                        sampling.py how was drawn; former.py: what an earlier run has left there
    read.py             reads them again; joining.py: those of the parts of one run
    preregistration.py  the plan that was written beforehand
    preregistration_check.py  what deviates from it, or was added
    scored_solutions.py how likely the model finds the canonical solutions
    history.py          a line for each run, in the cache folder
    interchange.py      other people's formats, and publication.py where figures are published

docs/files.md has every key of the files. Nothing here generates, judges or prints.
"""
