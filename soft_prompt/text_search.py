"""Full-text prompts by search, the text's best case: successive halving over what a prompt is put together from.

Candidates are drawn from all combinations of persona, instruction, start of the answer and form. All of them answer a
few of MBPP's training problems, greedily; the better half goes on to twice as many, until one is left (Jamieson and
Talwalkar 2016, arXiv:1502.07943, with a factor of 2). Problems of an earlier round are not asked again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompting.text_strategy import FENCE, FILE, TextPrompt
from pytest_humaneval.sample import Sampling
from pytest_humaneval.statistics.metrics import wilson_interval

from .asking import Asker, solved
from .assertions import Judge
from .config import Config
from .teacher import drop_cut_line

PERSONAS = (
    "",
    "You are an expert Python programmer.",
    "You are an intelligent programming assistant to produce Python algorithmic solutions",
    "You are a careful engineer who checks code against its examples before answering.",
)
INSTRUCTIONS = (
    "",
    "Complete this Python function.",
    "Can you complete the following Python function?",
    "Write a solution to the following problem and make sure that it passes the tests:",
    "Complete this Python function. Mind empty inputs, negative numbers and ties.",
)
PREFILLS = {
    "chat": (
        "", FENCE, f"{FENCE}$prompt", f"Here is the completed function:\n{FENCE}$prompt\n",
        f"The examples show what is asked for.\n{FENCE}$prompt",
    ),
    "completion": ("", "    # Step by step:\n"),
}  # fmt: skip
RECIPE = TextPrompt("chat", "", INSTRUCTIONS[3], PREFILLS["chat"][3])  # nearly lm_eval_instruct: a candidate always
ANSWERS = "text_search.jsonl"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What is left, and how many problems of MBPP's validation split it solves."""

    prompt: TextPrompt
    passed: int
    problems: int

    def lines(self) -> list[str]:
        """For the terminal."""
        low, high = wilson_interval(self.passed, self.problems)
        parts = (f"{name} = {value!r}" for name, value in asdict(self.prompt).items())
        share = self.passed / self.problems
        return [*parts, f"pass@1 on MBPP's validation split: {share:.3f}, [{low:.3f}, {high:.3f}]"]


def candidates(count: int, seed: int) -> list[TextPrompt]:
    """So many different ones, the recipe first."""
    every = [
        TextPrompt(form, persona, instruction, prefill)  # type: ignore[arg-type]
        for form, prefills in PREFILLS.items()
        for persona, instruction, prefill in itertools.product(PERSONAS, INSTRUCTIONS, prefills)
    ]
    every.remove(RECIPE)
    return [RECIPE, *random.Random(seed).sample(every, min(count - 1, len(every)))]


def halved(
    several: Sequence[TextPrompt],
    problems: Sequence[Problem],
    first: int,
    solved: Callable[[TextPrompt, Sequence[Problem]], int],
    say: Say,
) -> TextPrompt:
    """The one that is left; ``solved`` counts the problems that a prompt solves, of the ``first`` few in round one.

    Of equal ones the shorter prompt goes on. Where the problems end, the best on all of them is taken.
    """
    left, seen = list(several), 0
    totals = dict.fromkeys(left, 0)
    while len(left) > 1 and seen < len(problems):
        now = min(len(problems), 2 * seen or first)
        for each in left:
            totals[each] += solved(each, problems[seen:now])
        seen = now
        left.sort(key=lambda each: (-totals[each], _length(each)))
        say(f"{len(left)} prompts, {seen} problems each: {totals[left[0]] / seen:.3f} at best, {_named(left[0])}")
        left = left[: (len(left) + 1) // 2]
    return left[0]


class Answers:
    """Asks a prompt for problems, judges what it answers, and keeps the verdicts, so that a search goes on."""

    def __init__(self, asker: Asker, judge: Judge, config: Config, model_digest: str, path: Path) -> None:
        """Raises ModelError where ``path`` has verdicts on another model's answers."""
        self._asker, self._judge, self._path = asker, judge, path
        self._sampling = Sampling(max_tokens=config.max_completion_length)
        self._made_by = f"{model_digest} {config.precision} {config.max_completion_length}"
        self._known = dict(self._read())

    def solved(self, prompt: TextPrompt, problems: Sequence[Problem]) -> int:
        """How many of the problems its greedy answers solve."""
        if missing := [problem for problem in problems if (_named(prompt), problem.task_id) not in self._known]:
            self._ask(prompt, missing)
        return sum(self._known[_named(prompt), problem.task_id] for problem in problems)

    def _ask(self, prompt: TextPrompt, problems: Sequence[Problem]) -> None:
        questions = [prompt.build(problem.visible()) for problem in problems]
        verdicts = solved(self._asker, self._judge, problems, questions, self._sampling, "post_v1")
        with self._path.open("a") as file:
            for problem, passed in zip(problems, verdicts, strict=True):
                self._known[_named(prompt), problem.task_id] = passed
                line = {"prompt": asdict(prompt), "task_id": problem.task_id, "passed": passed, "by": self._made_by}
                file.write(json.dumps(line) + "\n")

    def _read(self) -> Iterator[tuple[tuple[str, str], bool]]:
        if not self._path.exists():
            return
        drop_cut_line(self._path)
        for where, row in jsonl.objects(self._path, jsonl.read_text(self._path)):
            if row["by"] != self._made_by:
                raise ModelError(f"{where}: is of another model, precision or length; give another --output")
            yield (_named(TextPrompt(**row["prompt"])), row["task_id"]), row["passed"]


def search_text(config: Config, model: str, cache_dir: Path, output: Path, count: int, first: int, say: Say) -> Found:
    """Search with the first ``first`` of the training's problems, drawn by the seed; writes a folder for ``text:``.

    Raises:
        InputError: data, model or folder that cannot be used.
    """
    from .session import check_output, load

    check_output(output)
    loaded = load(config, model, cache_dir, say)
    problems = list(loaded.data.train)
    random.Random(config.seed).shuffle(problems)
    with closing(Asker(loaded.frozen, config, say)) as asker, closing(Judge()) as judge:
        answers = Answers(asker, judge, config, loaded.frozen.digest, output / ANSWERS)
        best = halved(candidates(count, config.seed), problems, first, answers.solved, say)
        best_found = Found(best, answers.solved(best, loaded.validation), len(loaded.validation))
    (output / FILE).write_text(json.dumps(asdict(best), indent=2) + "\n")
    return best_found


def _length(prompt: TextPrompt) -> int:
    return len(prompt.persona) + len(prompt.instruction) + len(prompt.prefill)


def _named(prompt: TextPrompt) -> str:
    """Something short that tells it from all others."""
    return f"{prompt.form} {hashlib.sha256(json.dumps(asdict(prompt)).encode()).hexdigest()[:8]}"
