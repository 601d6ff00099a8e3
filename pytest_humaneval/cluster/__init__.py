"""Many machines: a Ray cluster judges files of millions of samples, or generates them.

``python -m pytest_humaneval evaluate --ray`` reads the file twice, a line at a time: to check it, then to judge it.
Chunks of samples go out as Ray tasks, come back in any order, and are written in the order of the file, so that a run
that was killed goes on after its last line. ``generate --ray`` has an engine on each node.

    ray_cluster.py    joins a cluster, or starts one of this machine alone
    evaluate.py       the subcommand; ray_arguments.py: its command line
    chunking.py       samples of the file -> chunks
    judging.py        chunks -> verdicts in the file's order, whatever dies meanwhile      (knows nothing of Ray)
    nodes.py          Ray: hands pieces of chunks out, says what became of them
    workbench.py      what a worker process of Ray's does with a piece: one sandbox, kept
    folder.py         results.jsonl and how far it is
    totals.py         what the verdicts add up to, without keeping them
    ray_engines.py    engines on the nodes, which together are one engine
    spreading.py      which of them has which request, whatever dies meanwhile             (knows nothing of Ray)

Nothing here imports Ray before a cluster is wanted.
"""
