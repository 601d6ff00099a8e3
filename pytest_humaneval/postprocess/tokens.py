"""Takes out control tokens that a server wrote as text."""

from __future__ import annotations

import re

from pytest_humaneval.postprocess.quoting import unquoted
from pytest_humaneval.postprocess.source import compiles
from pytest_humaneval.problem import Problem

# Where one of these stands the answer is over: what follows is another text, or another turn.
ENDS = re.compile(
    r"<[|｜](?:endoftext|im_end|im_start|eot_id|eom_id|eot|eos|eod|end|end_of_text|begin_of_text|startoftext"
    r"|end_of_turn|endofturn|return|user|assistant|system|end_of_turn_token|end_of_solution|end_response|end_of_box"
    r"|file_separator|file_sep|repo_name|fim_\w+|end[▁_ ]of[▁_ ]sentence)[|｜]>"
    r"|</s>|<eos>|<eot>|<sep>|<end_of_turn>|<turn\|>|<file_sep>|<fim[-_]\w+>|\[/INST\]|\[\|endofturn\|\]"
    r"|</(?:answer|solution|code|python|assistant|response|output)>|<extra_id_\d+>"
    # StarCoder's
    r"|<(?:reponame|gh_stars|filename|empty_output|(?:issue|jupyter|commit)_\w+)>",
    re.IGNORECASE,
)
# These open an answer, or stand in it without a meaning.
OTHERS = re.compile(
    r"<\|start_header_id\|>\s*\w*\s*<\|end_header_id\|>|<[|｜][\w▁ ]{1,40}[|｜]>|<s>|<bos>|<pad>|<unk>|<mask>"
    r"|<start_of_turn>(?:model)?|\[INST\]|<answer>|<solution>",
    re.IGNORECASE,
)
TURN = re.compile(r"\s*<\|im_start\|>\s*assistant\b", re.IGNORECASE)


def drop_tokens(problem: Problem, text: str) -> str:
    """``text`` without control tokens, up to the first that ends an answer; a program as it is stays as it is."""
    if ("<" not in text and "[/" not in text and "[|" not in text) or compiles(problem.program(text)):
        return text
    parts = iter(_split(ENDS, TURN.sub("", text)))
    answer = next((part for part in parts if part.strip()), "")
    return "".join(_split(OTHERS, answer))


def _split(pattern: re.Pattern[str], text: str) -> list[str]:
    """The parts of ``text`` between matches; those that are quoted are no tokens but texts about them."""
    parts, start = [], 0
    for match in unquoted(pattern, text):
        parts.append(text[start : match.start()])
        start = match.end()
    return [*parts, text[start:]]
