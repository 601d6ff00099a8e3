"""A run before it starts: what is asked for and asked of it, and the plan that this comes to."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_humaneval.dataset.bundled import BUNDLED
from pytest_humaneval.engine.catalogue import identify
from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.plan import Plan, Settled
from pytest_humaneval.plugin import options
from pytest_humaneval.plugin.early_stop import check_stop
from pytest_humaneval.plugin.kept_sandbox import keep, kept_sandbox
from pytest_humaneval.plugin.planning import Choices, choose, who_answers
from pytest_humaneval.plugin.scoring import check_likelihood
from pytest_humaneval.plugin.timeouts import default_timeout
from pytest_humaneval.report.gates import Gates, check_baseline
from pytest_humaneval.results.preregistration import Registration, read_registration
from pytest_humaneval.results.read import Results, read_results
from pytest_humaneval.rewrite.rewrite_catalogue import BUNDLED as REWRITES
from pytest_humaneval.sandbox import Sandbox, open_sandbox, self_check
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT
from pytest_humaneval.sandbox.judgeable import SolutionTrial, left_after
from pytest_humaneval.sandbox.library import BUNDLED as SANDBOXES

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model


@dataclass(frozen=True, slots=True)
class Proposal:
    """Everything that can be read and refused before anything is started; for the process that owns the run."""

    choices: Choices
    identity: Identity
    model: Model | None
    gates: Gates
    baseline: Results | None
    registration: Registration | None = None

    @property
    def nameless(self) -> bool:
        """Whether a server is asked for whatever it has.

        It may have something else tomorrow: its old answers must not stand for that. What it has today belongs into
        report and record.
        """
        return self.choices.engine.name == "openai" and not self.choices.engine.model

    def as_asked(self) -> Plan:
        """The plan if everything is to be had as it was asked for: what ``--collect-only`` shows.

        Raises:
            InputError: several samples that are all the same, or two items of one name.
        """
        return self.choices.plan(self.choices.as_asked(self.identity))


def propose(config: pytest.Config) -> Proposal:
    """Read and check what is asked for.

    Raises:
        InputError: an option, file, strategy, model, baseline or gate that cannot be used.
    """
    choices = choose(config)
    identity, model = who_answers(choices)
    names = [strategy.name for strategy in choices.strategies]
    gates, path = options.gates(config, names), options.optional_path(config, "baseline")
    planned = options.optional_path(config, "plan")
    if choices.shard is not None:
        _refuse_judging_a_part(choices, gates, planned)
    baseline = read_results(path) if path is not None else None
    check_baseline(gates, names, baseline.strategies if baseline is not None else None, "--humaneval-")
    registration = read_registration(planned) if planned is not None else None
    proposal = Proposal(choices, identity, model, gates, baseline, registration)
    check_likelihood(proposal.as_asked())
    check_stop(proposal.as_asked(), baseline)  # what no plan can be made of is refused now, too
    return proposal


def _refuse_judging_a_part(choices: Choices, gates: Gates, planned: Path | None) -> None:
    if choices.stop or choices.likelihood:
        what = "--humaneval-stop" if choices.stop else "--humaneval-likelihood"
        raise InputError(f"--humaneval-shard: {what} is about a whole run, and the parts of one do not know each other")
    what = "--humaneval-plan" if planned is not None else "a gate" if gates else ""
    if what:
        raise InputError(
            f"--humaneval-shard: {what} is about a whole run, not about one part of it; give it to the command that "
            "joins the parts: python -m pytest_humaneval merge (--plan, --min-pass-at-1, --max-drop, ...)"
        )


def settle(config: pytest.Config, proposal: Proposal) -> tuple[Settled, SolutionTrial | None]:
    """Ask the sandbox and, where it was given no name for its model, the server: what is found holds for the whole run.

    With it comes the trial of the canonical solutions that is still to be made before anything is generated.

    Raises:
        InputError: no problem is left that can be judged.
        SandboxError: the grader cannot tell right from wrong; no figure could be trusted.
        EngineError: the server does not say what it has.
    """
    choices, settled = proposal.choices, proposal.choices.as_asked(proposal.identity)
    with ExitStack() as opened:
        sandbox = opened.enter_context(open_sandbox(choices.sandbox, choices.extensions.sandboxes))
        self_check(sandbox, ())
        trial = _solution_trial(config, choices, sandbox)
        # `auto` is settled here, once: whoever else opens a sandbox opens this one, or says that it cannot. None is
        # weaker than the summary says.
        settled = replace(settled, sandbox=sandbox.name, layers=sandbox.layers)
        keep(config, sandbox, opened)
    pending = trial if trial.problems else None
    if options.switched_on(config, "skip-broken-problems"):  # the plan is to do without them, so they come first
        settled, pending = replace(settled, left_out=_left_out(config, choices, settled, trial)), None
    return with_model_name(proposal, settled), pending


def with_model_name(proposal: Proposal, settled: Settled) -> Settled:
    """Ask a server that was given no name for its model which it has.

    Raises:
        EngineError: it does not say.
    """
    if not proposal.nameless:
        return settled
    from pytest_humaneval.engine.openai import only_model

    choices = proposal.choices
    engine = replace(choices.engine, model=only_model(choices.engine))
    return replace(settled, model=engine.model, identity=identify(engine, choices.extensions.engines)[0])


def try_solutions(config: pytest.Config, plan: Plan, trial: SolutionTrial) -> dict[str, str]:
    """Why problems cannot be judged by this run's sandbox, by task_id.

    Raises:
        SandboxError: it is not to be had.
    """
    own = SANDBOXES.get(plan.sandbox.name) is plan.extensions.sandboxes.get(plan.sandbox.name)
    count = trial.worthwhile() if own else 1
    kept = kept_sandbox(config) if count == 1 else None
    return trial.broken(plan.open_sandbox if kept is None else lambda: nullcontext(kept), count)


def _solution_trial(config: pytest.Config, choices: Choices, sandbox: Sandbox) -> SolutionTrial:
    """Before anything is generated: what no solution passes says nothing about a model."""
    # Published problems are known once they have passed; others change.
    requested = options.datasets(config, choices.extensions.datasets)
    published = all(each.kind in BUNDLED.values() for each in requested)
    published = published and choices.extensions.rewrites.keys() <= REWRITES.keys()
    keep = options.cache_directory(config) if published else None
    timeout = max(DEFAULT_TIMEOUT, default_timeout(config))
    return SolutionTrial.of(sandbox, choices.problems, timeout, keep)


def _left_out(config: pytest.Config, choices: Choices, settled: Settled, trial: SolutionTrial) -> tuple[str, ...]:
    broken = try_solutions(config, choices.plan(settled), trial)
    left_after(choices.problems, broken, skip=True)
    return tuple(broken)
