"""vLLM in a process of its own, for a caller that has tokens and virtual tokens in hand, as a training does.

Nothing is loaded anew when the virtual tokens change: they come with each sequence. Of its own, as vLLM changes threads
and random numbers of the process that it is in.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.virtual_tokens import embedded_prompt
from pytest_humaneval.engine.vllm import VllmEngine
from pytest_humaneval.exceptions import EngineError, HumanEvalError
from pytest_humaneval.models.find import Model
from pytest_humaneval.prompt import VirtualTokens
from pytest_humaneval.sample import Sampling

if TYPE_CHECKING:
    from torch import Tensor

    from pytest_humaneval.engine.decoding import Continuation

PATIENCE = 10.0  # seconds for its end


@dataclass(frozen=True, slots=True)
class Question:
    """A sequence as it crosses to the other process; ``virtual`` is an array (num_virtual_tokens, dim), or None."""

    tokens: list[int]
    virtual: Any
    sampling: Sampling
    seed: int
    stop: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Continued:
    """What a sequence goes on with: its tokens, their text up to a stop string, and ``stop`` or ``length``."""

    tokens: list[int]
    text: str
    finish_reason: str


class VllmProcess:
    """Continues sequences; between two calls nothing is in it. What breaks ends it."""

    def __init__(self, options: EngineOptions, model: Model) -> None:
        """Begin to load the model."""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, options, model), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def cpu_seconds(self) -> float:
        """What it took of the processors so far, all of its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def fill(self, rows: Sequence[Continuation], deep: Tensor | None = None) -> None:
        """Give each row its new tokens, its text and why it ended, as :class:`Decoding` does.

        ``deep``: a deep prompt (num_virtual_tokens, all layers) in front of every row.

        Raises:
            EngineError: vLLM cannot load the model, does not accept a row, or breaks.
        """
        try:
            self._connection.send(([_question(row) for row in rows], _array(deep)))
            answer = self._connection.recv()
        except (OSError, EOFError) as error:
            raise EngineError("vLLM's process ended while it was sampling; what it said is above") from error
        if isinstance(answer, str):
            raise EngineError(answer)
        for row, continued in zip(rows, answer, strict=True):
            row.new_tokens, row.text, row.finish_reason = continued.tokens, continued.text, continued.finish_reason

    def close(self) -> None:
        """End it: at once, as it keeps nothing, and taking a model apart takes seconds."""
        self._connection.close()
        self._process.terminate()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class _Continuing(VllmEngine):
    """The engine that is in the other process."""

    def continued(self, questions: Sequence[Question], deep: Any) -> list[Continued]:
        if deep is not None:
            self._refuse_without_connector("what stands in front")
        done: dict[str, Continued] = {}
        of_deep = None if deep is None else _in_hand(deep)
        for number, question in enumerate(questions):
            asked, extra = _vllm_s(question) if of_deep is None else of_deep(question.tokens)
            self._llm.add_request(str(number), asked, _sampling(question, extra))
        while self._llm.has_unfinished_requests():
            for output in self._llm.step():
                if output.finished:
                    answer = output.outputs[0]
                    ended = Continued(list(answer.token_ids), answer.text, answer.finish_reason or "")
                    done[output.request_id] = ended
            if self._freed is not None:
                self._freed.bound()
        return [done[str(number)] for number in range(len(questions))]


def _serve(connection: Connection, options: EngineOptions, model: Model) -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the training hears Ctrl-C, and ends this
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")  # a training's progress is not to be lost in its log
    warnings.simplefilter("ignore")
    engine = _Continuing(options, model, lambda text: print(text, file=sys.stderr, flush=True))
    with suppress(OSError):  # nobody listens any more
        try:
            engine.start()
            for questions in iter(lambda: _questions_from(connection), None):
                connection.send(engine.continued(*questions))
        except HumanEvalError as error:
            connection.send(str(error))
        except Exception as error:  # vLLM has no exception of its own
            connection.send(f"vLLM broke while sampling: {type(error).__name__}: {error}")


def _questions_from(connection: Connection) -> tuple[list[Question], Any] | None:
    """What is to be continued next, and the deep prompt in front of it or None; None when that was all."""
    try:
        questions: tuple[list[Question], Any] = connection.recv()
    except (OSError, EOFError):
        return None
    return questions


def _question(row: Continuation) -> Question:
    return Question(row.tokens, _array(row.virtual), row.sampling, row.seed, row.stop)


def _array(tensor: Tensor | None) -> Any:
    """As it crosses: float32, or None."""
    return None if tensor is None else tensor.detach().float().cpu().numpy()


def _vllm_s(question: Question) -> tuple[dict[str, Any], None]:
    if question.virtual is None:
        return {"prompt_token_ids": question.tokens}, None
    import torch

    return embedded_prompt(torch.from_numpy(question.virtual), question.tokens), None


def _in_hand(deep: Any) -> Callable[[list[int]], tuple[dict[str, Any], dict[str, Any]]]:
    """Have vLLM know a deep prompt, and no earlier one; returns what puts it in front of tokens."""
    import torch

    from pytest_humaneval.engine.vllm_deep import IN_HAND, deep_question

    prompt = VirtualTokens("", hashlib.sha256(deep.tobytes()).hexdigest())
    IN_HAND.clear()
    IN_HAND[prompt.digest] = torch.from_numpy(deep)
    return partial(deep_question, prompt, len(deep))


def _sampling(question: Question, extra: dict[str, Any] | None) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    sampling = question.sampling
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=1.0 if sampling.greedy else sampling.top_p,
        seed=None if sampling.greedy else question.seed,
        max_tokens=sampling.max_tokens,
        stop=list(question.stop),
        extra_args=extra,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
