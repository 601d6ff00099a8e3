"""Makes a dataset with a stronger test for each problem, once; whoever evaluates with it only runs it.

    strengthening.py     the command: a file that is continued; strengthen_arguments.py: its command line
    workers.py           several problems at a time
    programs.py          the programs that samples hold, each once; mutants.py: nearly right ones
    problems.py          one problem's way through what follows:
    comparing.py         how its test compares
    domain.py            what its known inputs have in common, by traits.py at each place and value_shapes.py of one
                         value; promises.py: what its docstring says of them
    drawing.py           more inputs, by hypothesis; seeded_examples.py: the same for a seed
    simpler.py           smaller ones
    running.py           what programs make of them, in the sandbox
    agreement.py         which inputs are defensible
    choosing.py          few that tell most
    writing.py           the stronger test
    plain_values.py      draws without hypothesis, for strategies, from what they may see (guiding/visible_inputs.py)

hypothesis is imported by drawing and seeded_examples alone, where they draw.
"""
