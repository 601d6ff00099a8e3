"""Self-play in its honest small form: the model writes variants of MBPP's training problems, to learn from later.

A variant is kept where its reference solution holds under the variant's own assertions in the sandbox, a function that
returns nothing does not, and it repeats nothing: no problem of the data, no other variant, none of MBPP's test split.
What is near HumanEval goes, by the same guard as all training data. What became of every answer is counted.

(Problems by the model itself, kept by execution: Haluptzok et al. 2022, arXiv:2207.14502.)
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from string import Template

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.dataset.kinds import FIELDS
from pytest_humaneval.dataset.mbpp import Task, in_docstring
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt, chat_prompt
from pytest_humaneval.prompting.text_strategy import CLOSING_FENCE, FENCE
from pytest_humaneval.sample import Sampling
from pytest_humaneval.text.syntax import tree_of

from .asking import Asker
from .assertions import Judge
from .config import Config
from .contamination import Fingerprint, fingerprint, near_duplicate, near_humaneval
from .teacher import drop_cut_line
from .training_data import TrainingData, held_out, single_assertions

ANSWERS, VARIANTS = "answers.jsonl", "variants.jsonl"
AT_ONCE = 64  # questions, after which answers are kept
LEAST_ASSERTIONS = 2
STUB = "    return None\n"

ASK = Template("""\
Here is a programming problem with its solution and its tests:
```python
$example
```
Write a new problem of this kind: another task of about the same difficulty, in a function with another name. Give the \
function with a docstring of one sentence, and three assertions that call it, in one Python code block.
""")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """The variants that were kept, and how many answers went which way."""

    variants: tuple[Problem, ...]
    counts: Counter[str]

    def lines(self) -> list[str]:
        """For the terminal."""
        return [f"{count:6,}  {what}" for what, count in self.counts.most_common()]


def write_variants(config: Config, model: str, cache_dir: Path, output: Path, per_problem: int, say: Say) -> Written:
    """Ask ``per_problem`` times for a variant of every training problem; a file of the kept ones goes to ``output``.

    Raises:
        InputError: data, model or folder that cannot be used.
        DatasetError: no variant is left; says what became of them.
    """
    from .session import check_output, load

    check_output(output)
    loaded = load(config, model, cache_dir, say)
    known = [*loaded.data.train, *loaded.validation, *held_out(config.data)]
    with closing(Asker(loaded.frozen, config, say)) as asker, closing(Judge()) as judge:
        answers = _answers(loaded.data, asker, config, output / ANSWERS, loaded.frozen.digest, per_problem, say)
        written = kept_of(answers, known, judge)
    if not written.variants:
        raise DatasetError("\n".join(["self-play: no variant is left of", *written.lines()]))
    rows = ({name: value for name, value in asdict(variant).items() if name in FIELDS} for variant in written.variants)
    (output / VARIANTS).write_text("".join(json.dumps(row | {"split": "train"}) + "\n" for row in rows))
    return written


def question(problem: Problem) -> Prompt:
    """Asks for a variant of ``problem``, which is shown whole: it is one to learn from."""
    asserts = (ast.unparse(statement) for single in single_assertions(problem) for statement in _asserts(single))
    example = "\n".join([f"{problem.prompt}{problem.canonical_solution}".rstrip(), "", *asserts])
    return chat_prompt(ASK.substitute(example=example), prefill=FENCE, stop=(CLOSING_FENCE,))


def kept_of(answers: Iterable[tuple[str, str]], known: Sequence[Problem], judge: Judge) -> Written:
    """Judge answers, each with the id that its variant gets."""
    counts: Counter[str] = Counter()
    variants: list[Problem] = []
    before = [fingerprint(problem) for problem in known]
    for task_id, text in answers:
        variant, fate = judged(task_id, text, before, judge)
        counts[fate] += 1
        if variant is not None:
            variants.append(variant)
            before.append(fingerprint(variant))
    return Written(tuple(variants), counts)


def judged(task_id: str, text: str, before: Sequence[Fingerprint], judge: Judge) -> tuple[Problem | None, str]:
    """The variant in an answer, or None; and what became of it."""
    variant = variant_in(text, task_id)
    if variant is None:
        return None, "no function with a docstring and assertions that call it"
    if near_humaneval(variant):
        return None, "near a problem of HumanEval"
    if near_duplicate(fingerprint(variant), before):
        return None, "near a problem of the data, or another variant"
    if judge.share(variant, variant.canonical_solution) < 1.0:
        return None, "its solution fails its assertions"
    if judge.share(variant, STUB) == 1.0:
        return None, "a function that returns nothing passes"
    return variant, "kept"


def variant_in(text: str, task_id: str) -> Problem | None:
    """The problem that an answer has: in MBPP's parts, of which its usual shape is made."""
    module = tree_of(text)
    if module is None:
        return None
    asserts = tuple(ast.unparse(node) for node in module.body if isinstance(node, ast.Assert))
    module.body = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom)]
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    if not functions or len(asserts) < LEAST_ASSERTIONS:
        return None
    docstring = ast.get_docstring(functions[-1]) or ""
    description = docstring.partition(">>>")[0].strip()
    if not description or len(functions[-1].body) < 2:
        return None
    del functions[-1].body[0]  # the docstring, which is made anew
    problem, _ = in_docstring(Task(0, description, ast.unparse(module), "", asserts))
    return None if problem is None else replace(problem, task_id=task_id)


def _answers(
    data: TrainingData, asker: Asker, config: Config, path: Path, model_digest: str, per_problem: int, say: Say
) -> list[tuple[str, str]]:
    """What the model answers, by the variant's id; kept, so that a run that was stopped goes on."""
    made_by = f"{model_digest} {config.precision} {config.temperature} {config.max_completion_length} {config.seed}"
    known = dict(_read(path, made_by))
    wanted = [(problem, number) for number in range(per_problem) for problem in data.train]
    ids = [f"self-play/{problem.task_id.replace('/', '-')}-{number}" for problem, number in wanted]
    missing = [place for place, task_id in enumerate(ids) if task_id not in known]
    sampling = Sampling(temperature=config.temperature, max_tokens=config.max_completion_length)
    for start in range(0, len(missing), AT_ONCE):
        say(f"variants: {len(known)} of {len(ids)} are written")
        part = missing[start : start + AT_ONCE]
        seeds = [config.seed * 1_000_003 + place for place in part]
        texts = asker.texts([question(wanted[place][0]) for place in part], sampling, seeds)
        with path.open("a") as file:
            for place, text in zip(part, texts, strict=True):
                known[ids[place]] = text
                file.write(json.dumps({"task_id": ids[place], "text": text, "by": made_by}) + "\n")
    return [(task_id, known[task_id]) for task_id in ids]


def _read(path: Path, made_by: str) -> Iterator[tuple[str, str]]:
    if not path.exists():
        return
    drop_cut_line(path)
    for where, row in jsonl.objects(path, jsonl.read_text(path)):
        if row["by"] != made_by:
            raise DatasetError(f"{where}: was written by another model or configuration; give another --output")
        yield row["task_id"], row["text"]


def _asserts(problem: Problem) -> Iterator[ast.Assert]:
    module = tree_of(problem.test)
    yield from (node for node in ast.walk(module) if isinstance(node, ast.Assert)) if module else ()
