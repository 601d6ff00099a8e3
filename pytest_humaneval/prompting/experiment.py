"""A named way to run a strategy: with its own post-processing and its own sampling."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_humaneval.exceptions import InputError, StrategyError
from pytest_humaneval.registration import ALL, AUTO
from pytest_humaneval.sample import Sampling
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.text.wording import unknown


@dataclass(frozen=True, slots=True)
class Experiment:
    """One ``[experiments.NAME]`` of humaneval.toml. What it leaves open is as in the rest of the run.

    ``sampling`` holds the fields of :class:`Sampling` that it sets.
    """

    name: str
    strategy: str
    description: str = ""
    enabled: bool = True
    postprocess: str | None = None
    sampling: Mapping[str, float] = field(default_factory=dict)
    num_samples: int | None = None

    def without(self, given: Container[str]) -> Experiment:
        """Without what the command line says itself; ``given`` holds names of options, such as ``top-p``."""
        kept = {name: value for name, value in self.sampling.items() if name.replace("_", "-") not in given}
        return replace(
            self,
            sampling=kept,
            postprocess=None if "postprocess" in given else self.postprocess,
            num_samples=None if "num-samples" in given else self.num_samples,
        )

    def derive(self, known: Mapping[str, Strategy], sampling: Sampling, postprocess: str) -> Strategy:
        """The strategy under the experiment's name; ``sampling`` and ``postprocess`` are the run's.

        Raises:
            StrategyError: there is no such strategy; says near ones and the list.
        """
        if (base := known.get(self.strategy)) is None:
            raise StrategyError(f"experiment {self.name!r}: {unknown('strategy', self.strategy, known)}")
        requested = self.postprocess or postprocess
        return replace(
            base,
            name=self.name,
            description=self.description or base.description,
            postprocess=base.postprocess if requested == AUTO else requested,
            base=base.name,
            sampling=replace(sampling, **self.sampling),  # type: ignore[arg-type]
            num_samples=self.num_samples,
        )


def select_experiments(experiments: Sequence[Experiment], names: Iterable[str]) -> tuple[Experiment, ...]:
    """The experiments of ``--humaneval-experiment``: names, several by comma, or ``all`` that are enabled.

    One that is named runs also where it is not enabled.

    Raises:
        InputError: an unknown name, or nothing is selected; says near ones and the list.
    """
    known = {experiment.name: experiment for experiment in experiments}
    requested = dict.fromkeys(name.strip() for value in names for name in value.split(",") if name.strip())
    for name in requested:
        if name not in known and name != ALL:
            none = "none, the file has no [experiments.NAME]"
            raise InputError(f"--humaneval-experiment: {unknown('experiment', name, known, none)}")
    chosen = [
        experiment
        for experiment in experiments
        if experiment.name in requested or (ALL in requested and experiment.enabled)
    ]
    if not chosen:
        raise InputError(
            f"--humaneval-experiment: no experiment is enabled or named; known: {', '.join(known) or 'none'}"
        )
    return tuple(chosen)


def draws(experiment: Experiment) -> dict[str, float]:
    """What it sets of how tokens are drawn, by the names of options."""
    samples = {} if experiment.num_samples is None else {"samples": experiment.num_samples}
    return {name.replace("_", "-"): value for name, value in experiment.sampling.items()} | samples
