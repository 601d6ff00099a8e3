"""What a run evaluates: from the options to a plan, in the controller and in each of its workers."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_humaneval.dataset.kinds import Dataset
from pytest_humaneval.dataset.load import select_problems
from pytest_humaneval.dataset.requested import read_together
from pytest_humaneval.engine.catalogue import identify
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.engine.replay import given, read_samples
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.extensions import Extensions
from pytest_humaneval.option import comma_separated
from pytest_humaneval.plan import Plan, Settled
from pytest_humaneval.plugin import options, settings
from pytest_humaneval.plugin.distributed import check_agreement, told_settled
from pytest_humaneval.plugin.engine_settings import engine_options
from pytest_humaneval.plugin.registered import known_extensions, known_strategies, refuse_unreturned
from pytest_humaneval.postprocess import POSTPROCESSOR_SORT
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import completion_prompt
from pytest_humaneval.prompting.lora_strategy import ranks_of
from pytest_humaneval.prompting.registry import refuse_those_that_fill_no_gap, register, select_strategies
from pytest_humaneval.prompting.soft_strategy import SoftStrategy, check_model, have_deep_prompts
from pytest_humaneval.registration import AUTO
from pytest_humaneval.results.read import UNNAMED
from pytest_humaneval.results.stopping import DECIDED
from pytest_humaneval.rewrite.canonical_answers import CanonicalAnswers
from pytest_humaneval.rewrite.rewritten_dataset import Rewritten, with_rewrites
from pytest_humaneval.sample import Sampling
from pytest_humaneval.sandbox import SandboxOptions
from pytest_humaneval.sandbox.interface import SANDBOX_SORT
from pytest_humaneval.shard import Shard, shares
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.text.wording import unknown

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model


def replayed_strategies(samples: Path, known: Container[str]) -> dict[str, Strategy]:
    """Stand-ins for the strategies that a file of samples names and nobody here knows: only their answers matter.

    Raises:
        InputError: the file cannot be read, or names what cannot be a strategy.
    """
    names = sorted({name or UNNAMED for _, name, _ in read_samples(samples)})
    description = f"the samples of {samples.name}"
    return register(
        Strategy(name, description, lambda problem: completion_prompt(problem.prompt))
        for name in names
        if name not in known
    )


@dataclass(frozen=True, slots=True)
class Choices:
    """What the options, the files and the hooks say together: a plan, but for what a sandbox or a server has to say."""

    dataset: Dataset
    problems: tuple[Problem, ...]
    strategies: tuple[Strategy, ...]
    sampling: Sampling
    num_samples: int
    ks: tuple[int, ...]
    postprocess: str
    engine: EngineOptions
    sandbox: SandboxOptions
    thinking_end: str
    extensions: Extensions
    pool: bool
    likelihood: bool
    stop: bool
    control: str
    rewritten: Rewritten | None = None
    shard: Shard | None = None

    @property
    def most_samples(self) -> int:
        """The samples that a strategy draws of a problem, at most."""
        return max(strategy.num_samples or self.num_samples for strategy in self.strategies)

    def _given(self) -> Mapping[tuple[str, str], frozenset[int]]:
        """Which samples a replayed file has, where problems may have unequal numbers of them."""
        if self.engine.name != "replay" or self.num_samples == 1:
            return {}
        return given(Path(self.engine.file), {problem.task_id for problem in self.dataset.problems})

    def as_asked(self, identity: Identity) -> Settled:
        """What is settled where nothing was asked of sandbox or server."""
        return Settled(identity, self.engine.model, self.sandbox.name)

    def plan(self, settled: Settled) -> Plan:
        """The plan.

        Raises:
            InputError: several samples that are all the same, or two items of one name.
        """
        problems = tuple(problem for problem in self.problems if problem.task_id not in settled.left_out)
        plan = Plan(
            self.dataset.name,
            self.dataset.sha256,
            problems,
            self.strategies,
            self.sampling,
            self.num_samples,
            self.ks,
            self.postprocess,
            replace(self.engine, model=settled.model),
            settled.identity,
            replace(self.sandbox, name=settled.sandbox),
            self.thinking_end,
            len(self.dataset.problems),
            self._given(),
            self.extensions,
            self.dataset.parts,
            {problem.task_id: part.name for part in self.dataset.parts for problem in part.problems},
            self.pool,
            self.shard,
            shares(problems, self.most_samples, self.shard.of) if self.shard is not None else {},
            self.likelihood,
            self.stop,
            self.control,
            self.rewritten.without(settled.left_out) if self.rewritten is not None else None,
        )
        plan.check()
        return plan


def choose(config: pytest.Config) -> Choices:
    """What this run is asked to evaluate.

    Raises:
        InputError: an option, file or strategy that cannot be used.
    """
    extensions = known_extensions(config)
    engine = engine_options(config, extensions.engines)
    dataset = read_together(options.datasets(config, extensions.datasets))
    selected = select_problems(dataset, options.value_of(config, "task", ()), options.value_of(config, "limit"))
    control = _control(config, dataset)
    dataset, selected, rewritten = _rewritten(config, extensions, dataset, selected)
    sampling, samples = options.sampling(config), options.value_of(config, "num-samples", 1)
    postprocess = options.value_of(config, "postprocess", AUTO)
    if postprocess != AUTO:
        POSTPROCESSOR_SORT.find(postprocess, extensions.postprocessors, "--humaneval-postprocess", others=(AUTO,))
    strategies = chosen_strategies(config, engine, sampling, postprocess)
    if engine.name != "replay":
        refuse_those_that_fill_no_gap(strategies, selected)
    sandbox = options.sandbox_options(config)
    SANDBOX_SORT.find(sandbox.name, extensions.sandboxes, "--humaneval-sandbox")
    return Choices(
        dataset,
        selected,
        strategies,
        sampling,
        samples,
        options.ks(config, max(strategy.num_samples or samples for strategy in strategies)),
        postprocess,
        replace(
            engine,
            virtual_tokens=any(isinstance(strategy, SoftStrategy) for strategy in strategies),
            deep_prompts=have_deep_prompts(strategies),
            lora_ranks=ranks_of(strategies),
        ),
        sandbox,
        options.value_of(config, "thinking-end", ""),
        extensions,
        options.switched_on(config, "pool") and len(dataset.parts) > 1,
        options.switched_on(config, "likelihood"),
        options.value_of(config, "stop") == DECIDED,
        control,
        rewritten,
        options.value_of(config, "shard"),
    )


def _rewritten(
    config: pytest.Config, extensions: Extensions, dataset: Dataset, selected: tuple[Problem, ...]
) -> tuple[Dataset, tuple[Problem, ...], Rewritten | None]:
    """The same with rewritten problems, where they are asked for."""
    rewrites = options.rewrites(config, extensions.rewrites)
    if not rewrites:
        return dataset, selected, None
    if options.switched_on(config, "pool"):
        raise InputError(
            "--humaneval-pool and --humaneval-rewrite exclude each other: a problem and its rewritten version "
            "are not two problems; give one"
        )
    names = ",".join(comma_separated(options.value_of(config, "rewrite")))
    seed = options.value_of(config, "rewrite-seed", 0)
    keep = options.cache_directory(config)
    with CanonicalAnswers(keep, options.sandbox_options(config), extensions.sandboxes) as answers:
        return with_rewrites(dataset, selected, rewrites, names, seed, answers)


def _control(config: pytest.Config, dataset: Dataset) -> str:
    """The dataset that ``--humaneval-control`` names; empty where there is none."""
    control: str = options.value_of(config, "control", "")
    names = [part.name for part in dataset.parts]
    if control and not options.value_of(config, "rewrite"):
        raise InputError("--humaneval-control compares what rewrites cost; give --humaneval-rewrite as well")
    if control and control not in names:
        raise InputError(
            f"--humaneval-control: {unknown('dataset', control, names)}; give --humaneval-dataset the one in question "
            "and the control"
        )
    return control


def who_answers(choices: Choices) -> tuple[Identity, Model | None]:
    """Who would answer, and its model where an engine holds it; on the controller, which finds it.

    Raises:
        InputError: a model, file or option that cannot be used, or a soft prompt or LoRA of another model.
    """
    identity, model = identify(choices.engine, choices.extensions.engines)
    if model is not None:
        check_model(choices.strategies, identity.model, identity.digest)
    return identity, model


def plan_of_worker(config: pytest.Config) -> Plan:
    """The same plan as the controller's, in one of its workers.

    Raises:
        InputError: what :func:`choose` refuses, or files that are not those of the controller's host.
    """
    plan = choose(config).plan(told_settled(config))
    check_agreement(config, plan)
    return plan


def chosen_strategies(
    config: pytest.Config, engine: EngineOptions, sampling: Sampling, postprocess: str
) -> tuple[Strategy, ...]:
    """What ``--strategy`` and ``--humaneval-experiment`` name, in the order of the names.

    Raises:
        InputError: there is none of such a name, or both have one of it.
    """
    known = known_strategies(config)
    if engine.name == "replay":
        known = dict(sorted((known | replayed_strategies(Path(engine.file), known)).items()))
    requested: list[str] = config.getoption("strategy")
    refuse_unreturned(config, known, requested)
    plain = select_strategies(known, requested, config.invocation_params.dir) if requested else ()
    experiments = settings.derive(config, known, sampling, postprocess)
    if doubled := {strategy.name for strategy in plain} & {experiment.name for experiment in experiments}:
        raise InputError(
            f"--humaneval-experiment: {', '.join(sorted(doubled))} would be both an experiment and a strategy of this "
            "run; leave one out, or give the experiment another name"
        )
    return tuple(sorted((*plain, *experiments), key=lambda strategy: strategy.name))
