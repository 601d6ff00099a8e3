"""``--strategy=text:DIR``: a text prompt that is put together from parts, as a search found them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from string import Template
from typing import Literal, get_args

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt, chat_prompt, completion_prompt
from pytest_humaneval.prompting.soft_strategy import named_folder
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.text.wording import cannot_be_read, unknown

TEXT_PREFIX = "text:"
FILE = "text_prompt.json"
FENCE, CLOSING_FENCE = "```python\n", "\n```"

Form = Literal["chat", "completion"]


@dataclass(frozen=True, slots=True)
class TextPrompt:
    """The parts: who the model is said to be, what it is told to do, and how its answer begins.

    In chat form they are the system message, the sentence above the fenced problem, and the start of the answer, in
    which ``$prompt`` stands for the problem; in completion form the first two are comments above the problem, and the
    last follows it. An empty part is left out.
    """

    form: Form = "chat"
    persona: str = ""
    instruction: str = ""
    prefill: str = ""

    def build(self, problem: Problem) -> Prompt:
        """The question that they make of a problem."""
        begun = Template(self.prefill).substitute(prompt=problem.prompt)
        above = [part for part in (self.persona, self.instruction) if part]
        if self.form == "completion":
            comments = "".join(f"# {line}\n" for part in above for line in part.splitlines())
            return completion_prompt(comments + problem.prompt + begun, completion_prefix=begun)
        question = f"{self.instruction}\n{FENCE}{problem.prompt}{CLOSING_FENCE}\n".removeprefix("\n")
        return chat_prompt(
            question,
            system=self.persona,
            prefill=begun,
            stop=(CLOSING_FENCE,) if FENCE in begun else (),
            # What follows a fence alone is the answer's code; after the problem it is a body, as in lm_eval_instruct.
            completion_prefix=FENCE if begun.endswith(FENCE) else "",
        )


def text_strategy(directory: Path, known: Mapping[str, Strategy]) -> Strategy:
    """The strategy of a folder with a text prompt, called ``text:`` and the folder's name.

    Raises:
        StrategyError: the folder has none, or one with other parts.
    """
    directory = named_folder(directory)
    text_prompt = read_text_prompt(directory / FILE)
    parts = ", ".join(name for name in ("persona", "instruction", "prefill") if getattr(text_prompt, name))
    description = f"a {text_prompt.form} prompt of {parts or 'the problem alone'}"
    return Strategy(f"{TEXT_PREFIX}{directory.name}", description, text_prompt.build, text_prompt.form)


def read_text_prompt(path: Path) -> TextPrompt:
    """The parts in a file.

    Raises:
        StrategyError: it cannot be read, or has other parts; says which.
    """
    try:
        given = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise StrategyError(f"--strategy: {cannot_be_read(path, error)}") from error
    except (ValueError, RecursionError) as error:
        raise StrategyError(f"--strategy: {path}: not JSON: {error}") from error
    names = [field.name for field in fields(TextPrompt)]
    if not isinstance(given, dict):
        raise StrategyError(f"--strategy: {path}: expected an object with {', '.join(names)}")
    for name, value in given.items():
        if name not in names:
            raise StrategyError(f"--strategy: {path}: {unknown('part', name, names)}")
        if not isinstance(value, str):
            raise StrategyError(f"--strategy: {path}: {name} must be text, not {value!r}")
    text_prompt = TextPrompt(**given)
    if text_prompt.form not in get_args(Form):
        raise StrategyError(f"--strategy: {path}: {unknown('form', text_prompt.form, get_args(Form))}")
    template = Template(text_prompt.prefill)
    if not template.is_valid() or set(template.get_identifiers()) - {"prompt"}:
        raise StrategyError(f"--strategy: {path}: prefill may have $prompt, and $$ for a dollar sign, but no other '$'")
    return text_prompt
