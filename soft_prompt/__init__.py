"""Soft prompts: learned virtual tokens in front of the prompt, the model frozen.

Lester et al. 2021 (arXiv:2104.08691). 20 tokens of 896 numbers are all there is to learn for a model of 0.5 billion.

================ =================================================================================================
config.py        what a training does, from one TOML file
data.py          MBPP as HumanEval-shaped problems; contamination.py removes what is too similar to HumanEval
batches.py       problems -> prompt and solution tokens -> padded batches, the same in every run of one seed
model.py         the frozen model, and the virtual tokens in front of its embeddings; the interface of all kinds
deep.py          keys and values in front of every layer; routed.py: one soft prompt for each category of problem
objectives.py    the interface of what is minimised, and the plain one: the solution's likelihood
distillation.py  behave as under a better text prompt; reward.py: pass the tests in the sandbox
train.py         the loop, in the usual order; schedule.py: its learning rate; search.py: tries several configurations
checkpoint.py    PEFT's format, atomic, best and last, and what it takes to go on after a kill
watch.py         progress line, TensorBoard, metrics.jsonl; report.py: figure and table
evaluate.py      pass@1 before and after, by the same harness as any strategy
================ =================================================================================================

``python -m soft_prompt`` in a checkout, ``python -m pytest_humaneval.soft_prompt`` when installed.
"""
