"""What one run evaluates, and how: made once in every process from the pytest configuration."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pytest_humaneval.dataset.kinds import Dataset
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.exceptions import InputError, StrategyError
from pytest_humaneval.extensions import BUNDLED, Extensions
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.postprocess import POSTPROCESSOR_SORT, postprocess
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt, completion_prompt
from pytest_humaneval.prompting.request import prompt_of, request_of
from pytest_humaneval.registration import AUTO
from pytest_humaneval.rewrite.rewritten_dataset import Rewritten
from pytest_humaneval.sample import Completion, Generation, Item, ItemId, Request, Sampling
from pytest_humaneval.sandbox import Sandbox, open_sandbox
from pytest_humaneval.sandbox.interface import SandboxOptions
from pytest_humaneval.shard import Shard, Shares
from pytest_humaneval.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Settled:
    """What only the process that owns a run finds out, before there is a plan; its workers are told."""

    identity: Identity
    model: str  # of EngineOptions: a server that was given no name may say which it has
    sandbox: str  # by its own name: what ``auto`` came to
    layers: tuple[str, ...] = ()  # of the sandbox
    left_out: tuple[str, ...] = ()  # the ids of problems that cannot be judged here


@dataclass(frozen=True, slots=True)
class Plan:
    """Problems x strategies x samples, and everything that decides what comes out."""

    dataset_name: str
    dataset_sha256: str
    problems: tuple[Problem, ...]
    strategies: tuple[Strategy, ...]
    sampling: Sampling
    num_samples: int
    ks: tuple[int, ...]
    postprocess: str  # "auto" or the name of a post-processor
    engine: EngineOptions
    identity: Identity
    sandbox: SandboxOptions
    thinking_end: str = ""  # the text with which the model's thinking ends, where that is none of the usual ones
    problems_in_dataset: int = 0  # how many there are to choose from; 0 where that is not known
    given: Mapping[tuple[str, str], frozenset[int]] = field(default_factory=dict, repr=False, compare=False)
    """The samples of a replayed file, by task_id and strategy (empty: any): problems may have unequal numbers."""
    extensions: Extensions = field(default=BUNDLED, repr=False, compare=False)
    datasets: tuple[Dataset, ...] = field(default=(), repr=False, compare=False)
    """Where the problems are of several datasets: those, whole."""
    dataset_of: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """And the name of each problem's, by task_id."""
    pool: bool = False  # whether several datasets are also looked at together
    shard: Shard | None = None  # the part of it that this run evaluates
    shares: Shares = field(default_factory=dict, repr=False, compare=False)
    """Where there is one: what belongs to which part."""
    likelihood: bool = False  # whether it is asked how likely the model finds the canonical solutions
    stop: bool = False  # whether a strategy ends when it is decided that it is better, worse or not worth going on
    control: str = ""  # the dataset whose drops under rewrites the others' are compared with
    rewritten: Rewritten | None = field(default=None, repr=False, compare=False)
    """Where rewritten problems stand beside the original ones: which, of what."""

    def outcome(self, item: ItemId, *, guided: bool = False, detail: str = "") -> Outcome:
        """An outcome of which nothing else is known yet."""
        outcome = Outcome(item.task_id, item.strategy, item.sample_index, guided=guided, detail=detail)
        outcome = replace(outcome, dataset=self.dataset_of.get(item.task_id, ""))
        if self.rewritten is None or (origin := self.rewritten.origins.get(item.task_id)) is None:
            return outcome
        return replace(outcome, original=origin.task_id, rewrite=origin.rewrite)

    def check(self) -> None:
        """Refuse what would waste a run.

        Raises:
            InputError: several samples that are all the same, two items of one name, or an unknown post-processor.
        """
        for strategy in self.strategies:
            processors = self.extensions.postprocessors
            POSTPROCESSOR_SORT.find(self.postprocessor(strategy), processors, f"strategy {strategy.name!r}")
            count = self.num_samples_of(strategy)
            if count > 1 and self.sampling_of(strategy).greedy and not self.identity.by_item:
                raise InputError(
                    f"{strategy.name}: {count} samples of greedy decoding are the same sample every time; "
                    "give a temperature above 0, such as 0.8, or one sample (--humaneval-num-samples=1)"
                )
        names = Counter(name for name, _, _ in self.samples())
        if doubled := [name for name, count in names.items() if count > 1]:
            raise StrategyError(
                f"two items of each problem would be named {doubled[0]!r}; rename a strategy or experiment"
            )

    def prompts_of(self, items: Iterable[Item]) -> dict[tuple[str, str], Prompt]:
        """The prompts of these items, by task_id and strategy; without those whose strategy fails on the problem."""
        problems = {problem.task_id: problem for problem in self.problems}
        strategies = {strategy.name: strategy for strategy in self.strategies}
        prompts = {}
        for item in items:
            with contextlib.suppress(StrategyError):
                prompts[item.task_id, item.strategy] = prompt_of(problems[item.task_id], strategies[item.strategy])
        return prompts

    def request(self, problem: Problem, strategy: Strategy, sample_index: int) -> tuple[str, Request]:
        """The engine's question for one item, with its key."""
        request = request_of(problem, strategy, sample_index, self.sampling)
        return self.key(request), request

    def key(self, request: Request) -> str:
        """What makes a request the same as another one, and its answer worth keeping."""
        return request.key(self.identity.key, by_item=self.identity.by_item)

    def fingerprint(self) -> str:
        """SHA-256 over the problems with their tests and what every strategy asks: equal where two hosts agree."""
        digest = hashlib.sha256(self.dataset_sha256.encode())
        for problem in self.problems:
            for strategy in self.strategies:
                try:
                    prompt = to_plain(self.request(problem, strategy, 0)[1])
                except StrategyError as error:
                    prompt = {"error": str(error)}
                digest.update(json.dumps([problem.task_id, strategy.name, prompt], sort_keys=True).encode())
        return digest.hexdigest()

    def sampling_of(self, strategy: Strategy) -> Sampling:
        """How this strategy's tokens are drawn."""
        return strategy.sampling or self.sampling

    def num_samples_of(self, strategy: Strategy) -> int:
        """How many samples of each problem this strategy draws."""
        return strategy.num_samples or self.num_samples

    def postprocessor(self, strategy: Strategy) -> str:
        """The name of the post-processor for this strategy's generations; an experiment has settled it already."""
        return strategy.postprocess if self.postprocess == AUTO or strategy.base else self.postprocess

    def completion(self, processor: str, problem: Problem, prompt: Prompt, text: str) -> Completion:
        """The code in ``text``, the answer to ``prompt``, by the post-processor of this name.

        Raises:
            StrategyError: one of the post-processor's steps raised, or returned no text.
        """
        known = self.extensions.postprocessors
        return postprocess(processor, problem.visible(), prompt, text, thinking_end=self.thinking_end, known=known)

    def completion_of(self, problem: Problem, strategy: Strategy, prompt: Prompt, generation: Generation) -> Completion:
        """The code in an answer to the strategy's prompt.

        Raises:
            StrategyError: one of the post-processor's steps raised, or returned no text.
        """
        if not generation.is_completion:
            return self.completion(self.postprocessor(strategy), problem, prompt, generation.text)
        if self.postprocess == AUTO:
            return Completion(generation.text)
        # Raw answers in a file: only what was asked for by name is done to them.
        return self.completion(self.postprocess, problem, completion_prompt(problem.prompt), generation.text)

    def open_sandbox(self) -> Sandbox:
        """This run's sandbox, to be entered.

        Raises:
            SandboxError: it cannot be had here.
        """
        return open_sandbox(self.sandbox, self.extensions.sandboxes)

    def problem_id(self, problem: Problem) -> str:
        """The first part of an item's id."""
        return f"{problem.task_id}-{problem.entry_point}"

    def samples(self) -> Iterator[tuple[str, Strategy, int]]:
        """Each strategy with each sample index that it draws, and the last part of their items' ids."""
        for strategy in self.strategies:
            count = self.num_samples_of(strategy)
            for index in range(count):
                yield f"{strategy.name}-{index}" if count > 1 else strategy.name, strategy, index

    def has(self, problem: Problem, strategy: Strategy, sample_index: int) -> bool:
        """Whether there is this sample: not where a replayed file has fewer of the problem, as long as it has any.

        Nor where it belongs to another part.
        """
        if not self.is_of_part(ItemId(problem.task_id, strategy.name, sample_index)):
            return False
        indices = self.given.get((problem.task_id, strategy.name)) or self.given.get((problem.task_id, ""))
        return not indices or sample_index in indices

    def is_of_part(self, item: ItemId) -> bool:
        """Whether this run is to evaluate the sample. One that a test has brought itself is the first part's."""
        if self.shard is None:
            return True
        dealt = self.shares.get(item.task_id, ())
        return (dealt[item.sample_index] if item.sample_index < len(dealt) else 1) == self.shard.number

    @property
    def is_empty_part(self) -> bool:
        """Whether there are more parts than samples, and this one has none."""
        return self.shard is not None and not any(self.ids())

    def ids(self) -> Iterator[tuple[str, ItemId]]:
        """The bracketed part of every item's name that the bundled test can have, and what it stands for."""
        samples = list(self.samples())
        for problem in self.problems:
            place = self.problem_id(problem)
            for name, strategy, index in samples:
                if not self.has(problem, strategy, index):
                    continue
                yield f"{place}-{name}", ItemId(problem.task_id, strategy.name, index)
