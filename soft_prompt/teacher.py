"""What a teacher answers: a body for each problem, kept in OUTPUT/teacher.jsonl as they are made.

There are three ways to them (``teacher_engine``, ``teacher_url``, ``teacher_file``):

* the model that the training has loaded decodes them, for a few problems;
* the command ``generate`` makes them, with any strategy and engine that an evaluation has: vLLM with the same model,
  guided strategies, or a server with a larger one;
* a file has them already.

Only problems of the training's own data are asked, and a file that names problems of HumanEval is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.dataset.kinds import FIELDS
from pytest_humaneval.engine.decoding import Continuation, Decoding, end_tokens
from pytest_humaneval.engine.encoding import encode_prompt
from pytest_humaneval.exceptions import ConfigError, DatasetError, InfrastructureError
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.problem import Problem
from pytest_humaneval.sample import Sampling
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.text.printable import counted

from .assertions import Judge
from .bodies import as_body
from .config import Config
from .contamination import refuse_humaneval
from .model import FrozenModel

ANSWERS = "teacher.jsonl"
AT_ONCE = 32  # answers that are decoded together
WORTH_AN_ENGINE = 64  # problems, from which on vLLM's start is paid back
LOADED, VLLM = "loaded", "vllm"

Say = Callable[[str], None]


def check_teacher(config: Config, teacher: Strategy) -> None:
    """Refuse keys of a teacher that exclude each other, before a model is loaded.

    Raises:
        ConfigError: there are some; names them.
    """
    if config.teacher_url and not config.teacher_url.startswith(("http://", "https://")):
        raise ConfigError(
            f"teacher_url: {config.teacher_url!r} is not the URL of a server, such as http://localhost:8000/v1"
        )
    given = [name for name in ("teacher_url", "teacher_file") if getattr(config, name)]
    if config.teacher_engine != "auto":
        given.append("teacher_engine")
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)} exclude each other: answers come from one place; leave one out")
    if config.teacher_model and not config.teacher_url:
        raise ConfigError("teacher_model: is a server's name of a model; give the server's teacher_url too")
    if teacher.guided and config.teacher_engine == LOADED:
        raise ConfigError(
            f"teacher: {teacher.name} asks more than once, which teacher_engine = 'loaded' cannot; leave it out"
        )


def learns_text(config: Config, teacher: Strategy) -> bool:
    """Whether the student learns the answers as text: of another model, or of several questions, no more is known."""
    return config.teacher_text or bool(config.teacher_url) or teacher.guided


def answered(
    problems: Sequence[Problem], teacher: Strategy, frozen: FrozenModel, config: Config, output: Path, say: Say
) -> dict[str, str]:
    """The body that the teacher writes for each problem; where a file has the answers, for those that it has.

    Raises:
        DatasetError: a file that cannot be read, or that has answers to HumanEval.
        InfrastructureError: the command that generates them failed.
    """
    if config.teacher_file:
        return dict(_read(Path(config.teacher_file), must_be=True))
    output.mkdir(parents=True, exist_ok=True)
    path = output / ANSWERS
    drop_cut_line(path)
    answers = dict(_read(path))
    missing = sorted(
        (problem for problem in problems if problem.task_id not in answers), key=lambda problem: -len(problem.prompt)
    )
    if not missing:
        return answers
    if (engine := _engine(config, teacher, len(missing))) != LOADED:
        say(f"the teacher answers: {counted(len(missing), 'problem', 'problems')}, with {config.teacher_url or engine}")
        return {**answers, **_kept(path, _by_command(missing, teacher, frozen, config, engine, output))}
    for start in range(0, len(missing), AT_ONCE):
        say(f"the teacher answers: {len(answers)} of {len(problems)}")
        part = missing[start : start + AT_ONCE]
        bodies = _generate(part, teacher, frozen, config)
        answers |= _kept(path, dict(zip((problem.task_id for problem in part), bodies, strict=True)))
    return answers


def usable(
    problems: Sequence[Problem], answers: Mapping[str, str], teacher: Strategy, config: Config, say: Say
) -> dict[str, str]:
    """The answers that can be learned: those that say something, and with ``teacher_passing`` pass their assertions.

    Raises:
        DatasetError: there is none; says what became of them, and what to do.
    """
    said = {problem.task_id: as_body(problem, answers.get(problem.task_id, "")) for problem in problems}
    kept = {task_id: body for task_id, body in said.items() if body.strip()}
    what = f"the teacher, {teacher.name}, answered {len(kept):,} of {counted(len(problems), 'problem', 'problems')}"
    if config.teacher_passing and kept:
        with closing(Judge()) as judge:
            by_id = {problem.task_id: problem for problem in problems}
            kept = {task_id: body for task_id, body in kept.items() if judge.share(by_id[task_id], body) == 1.0}
        what += f", {len(kept):,} of them rightly"
    say(what)
    if not kept:
        source = config.teacher_file or ANSWERS
        raise DatasetError(
            f"{what}: there is no training example. Look at {source} (remove it, and the teacher answers again); "
            "another teacher, a larger max_completion_length, or teacher_passing left out may help"
        )
    return kept


def decode(decoding: Decoding) -> None:
    """Go on until every sequence is done."""
    while decoding.num_rows:
        decoding.step()


def _engine(config: Config, teacher: Strategy, num_problems: int) -> str:
    if config.teacher_url:
        return "openai"
    if config.teacher_engine != "auto":
        return config.teacher_engine
    there = find_spec("vllm") is not None
    if teacher.guided:
        return VLLM if there else "transformers"
    return VLLM if there and num_problems >= WORTH_AN_ENGINE else LOADED


def _by_command(
    problems: Sequence[Problem], teacher: Strategy, frozen: FrozenModel, config: Config, engine: str, output: Path
) -> dict[str, str]:
    """Have the command ``generate`` answer; it goes on where it was stopped, and has the store of evaluations."""
    rows = ({name: value for name, value in asdict(problem).items() if name in FIELDS} for problem in problems)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    options = [
        f"--strategy={teacher.name}", f"--engine={engine}", f"--max-tokens={config.max_completion_length}",
        *([f"--engine-url={config.teacher_url}"] if config.teacher_url else [f"--model={frozen.spec}"]),
        *([f"--model={config.teacher_model}"] if config.teacher_model else []),
    ]  # fmt: skip
    name = hashlib.sha256(f"{options} {text}".encode()).hexdigest()[:12]  # the command adds to a file of the same only
    questions, samples = output / f"teacher-{name}.problems.jsonl", output / f"teacher-{name}.samples.jsonl"
    questions.write_text(text)
    command = [sys.executable, "-m", "pytest_humaneval", "generate", *options]
    status = subprocess.run(
        [*command, f"--dataset={questions}", f"--output={samples}"], check=False, stdout=sys.stderr
    ).returncode
    if status:
        raise InfrastructureError(
            f"teacher: generating its answers ended with status {status}; what it said is above, and what it has "
            f"is kept in {samples}: the same command goes on"
        )
    return {str(row["task_id"]): str(row["completion"]) for _, row in jsonl.objects(samples, jsonl.read_text(samples))}


def _kept(path: Path, made: Mapping[str, str]) -> Mapping[str, str]:
    """The same, and a line for each in the file."""
    with path.open("a") as file:
        file.writelines(json.dumps({"task_id": task_id, "body": body}) + "\n" for task_id, body in made.items())
    return made


def _generate(problems: Sequence[Problem], teacher: Strategy, frozen: FrozenModel, config: Config) -> list[str]:
    prompts = [teacher.build_prompt(problem.visible()) for problem in problems]
    sampling = Sampling(max_tokens=config.max_completion_length)
    rows = [
        Continuation(problem.task_id, encode_prompt(frozen.tokenizer, prompt, frozen.name), sampling, stop=prompt.stop)
        for problem, prompt in zip(problems, prompts, strict=True)
    ]
    decode(Decoding(frozen.model, frozen.tokenizer, rows, ends=end_tokens(frozen.model, frozen.tokenizer)))
    return [
        postprocess(teacher.postprocess, problem.visible(), prompt, row.text).text
        for problem, prompt, row in zip(problems, prompts, rows, strict=True)
    ]


def _read(path: Path, *, must_be: bool = False) -> Iterable[tuple[str, str]]:
    if not must_be and not path.exists():
        return
    for number, line in jsonl.lines(jsonl.read_text(path)):
        try:
            row = json.loads(line)
            task_id, body = row["task_id"], row["body"]
        except (ValueError, KeyError, TypeError) as error:
            hint = "expected task_id and body" if must_be else "remove it, and the teacher answers again"
            raise DatasetError(f"{path}:{number}: is damaged ({error}); {hint}") from error
        refuse_humaneval([task_id], str(path))
        yield str(task_id), str(body)


def drop_cut_line(path: Path) -> None:
    """Leave out a last line that a kill cut short, so that the next one does not stand behind it."""
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)
