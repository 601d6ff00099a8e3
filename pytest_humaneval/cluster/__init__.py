"""Judges files of millions of samples on a Ray cluster: ``python -m pytest_humaneval evaluate --ray``.

The file is read twice, a line at a time: to check it, then to judge it. Chunks of samples go out as Ray tasks, come
back in any order, and are written in the order of the file, so that a run that was killed goes on after its last line.

    chunking.py  samples of the file -> chunks
    judging.py   chunks -> verdicts in the file's order, whatever dies meanwhile      (knows nothing of Ray)
    nodes.py     Ray: joins the cluster, hands pieces of chunks out, says what became of them
    bench.py     what a worker process of Ray's does with a piece: one sandbox, kept
    folder.py    results.jsonl and how far it is
    totals.py    what the verdicts add up to, without keeping them
    evaluate.py  the subcommand

Nothing here imports Ray before a cluster is wanted.
"""
