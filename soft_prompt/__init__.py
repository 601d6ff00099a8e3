"""Soft prompts: learned virtual tokens in front of the prompt, the model frozen.

Lester et al. 2021 (arXiv:2104.08691). 20 tokens of 896 numbers are all there is to learn for a model of 0.5 billion.

=================== ===================================================================================================
config.py           what a training does, from one TOML file; exclusions.py: what does not go together
training_data.py    problems in HumanEval's shape; contamination.py removes what is too similar to HumanEval's
batches.py          problems -> prompt and solution tokens -> padded batches, the same in every run of one seed
model.py            the frozen model, and the virtual tokens in front of its embeddings; the interface of all kinds
deep.py             keys and values in front of every layer; mixture.py: of words of the vocabulary; gated.py: cut short
routed.py           one soft prompt for each category of problem; meta.py: one that is soon adapted to each
question_prompts.py prompts that depend on the question: attention.py, prototypes.py, network.py
lora.py             the control: a change of the model instead
initial.py          what they are before the first step
objectives.py       the interface of what is minimised, and the plain one: the solution's likelihood
distillation.py     behave as under a better text prompt, kept in kept_logits.py; contrast.py, mixup.py: beside others
sampled.py          learns from its own completions, drawn by samplers.py: reward.py with shaping.py, preference.py,
                    passing.py; bodies.py and assertions.py: whether one holds
teacher.py          answers of a larger model to learn from; self_play.py: problems that the model has varied itself
train.py            the loop, in the usual order; schedule.py: its learning rate; meter.py: the tokens it took
session.py          one training from configuration to report; search.py: tries several; bench.py, bench_config.py:
                    compares methods with one budget, and with text_alone.py
text_search.py      the best text prompt, for comparison; asking.py puts many to the model
checkpoint.py       PEFT's format, atomic, best and last, and what it takes to go on after a kill
watch.py            progress line, TensorBoard, metrics.jsonl; heartbeat.py: never silent; report.py: figure and table
before_and_after.py pass@1 before and after, by the same harness as any strategy
=================== ===================================================================================================

``python -m soft_prompt`` in a checkout, ``python -m pytest_humaneval.soft_prompt`` when installed. Nothing here knows
pytest, but for the command line that evaluates.
"""
