"""Makes a dataset with a stronger test for each problem, once; whoever evaluates with it only runs it.

The order in which a problem travels: ``comparing`` (how its test compares), ``domain`` and ``traits`` (what its known
inputs have in common) and ``promises`` (what its docstring says of them), ``drawing`` (more inputs, by hypothesis) and
``simpler`` (smaller ones), ``batches`` (what programs make of them, in the sandbox), ``agreement`` (which inputs are
defensible), ``choosing`` (few that tell most), ``writing`` (the stronger test). hypothesis is imported by ``drawing``
and ``seeded_examples`` alone, where they draw; strategies draw by ``plain_values`` instead, from what they may see
(prompting/visible_inputs.py).
"""
