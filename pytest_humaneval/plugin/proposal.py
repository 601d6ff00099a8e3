"""A run before it starts: what is asked for and asked of it, and the plan that this comes to."""

from __future__ import annotations

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
from pytest_humaneval.plugin.planning import Choices, choose, who_answers
from pytest_humaneval.plugin.timeouts import default_timeout
from pytest_humaneval.report.gates import Gates, check_baseline
from pytest_humaneval.results.preregistration import Registration, read_registration
from pytest_humaneval.results.read import Results, read_results
from pytest_humaneval.sandbox import Sandbox, open_sandbox, self_check
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT
from pytest_humaneval.sandbox.judgeable import broken_problems, left_after

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
        _refuse_judging_a_part(gates, planned)
    baseline = read_results(path) if path is not None else None
    check_baseline(gates, names, baseline.strategies if baseline is not None else None, "--humaneval-")
    registration = read_registration(planned) if planned is not None else None
    proposal = Proposal(choices, identity, model, gates, baseline, registration)
    proposal.as_asked()  # so that what no plan can be made of is refused now
    return proposal


def _refuse_judging_a_part(gates: Gates, planned: Path | None) -> None:
    what = "--humaneval-plan" if planned is not None else "a gate" if gates else ""
    if what:
        raise InputError(
            f"--humaneval-shard: {what} is about a whole run, not about one part of it; give it to the command that "
            "joins the parts: python -m pytest_humaneval merge (--plan, --min-pass-at-1, --max-drop, ...)"
        )


def settle(config: pytest.Config, proposal: Proposal) -> Settled:
    """Ask the sandbox and, where it was given no name for its model, the server: what is found holds for the whole run.

    Raises:
        InputError: no problem is left that can be judged.
        SandboxError: the grader cannot tell right from wrong; no figure could be trusted.
        EngineError: the server does not say what it has.
    """
    choices, settled = proposal.choices, proposal.choices.as_asked(proposal.identity)
    with open_sandbox(choices.sandbox, choices.extensions.sandboxes) as sandbox:
        self_check(sandbox, ())
        left_out = _broken_problems(config, choices, sandbox)
        # `auto` is settled here, once: whoever else opens a sandbox opens this one, or says that it cannot. None is
        # weaker than the summary says.
        settled = replace(settled, sandbox=sandbox.name, layers=sandbox.layers, left_out=left_out)
    return with_model_name(proposal, settled)


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


def _broken_problems(config: pytest.Config, choices: Choices, sandbox: Sandbox) -> tuple[str, ...]:
    """Before anything is generated: what no solution passes says nothing about a model."""
    # Published problems are known once they have passed; others change.
    requested = options.datasets(config, choices.extensions.datasets)
    published = all(each.kind in BUNDLED.values() for each in requested)
    keep = options.cache_directory(config) if published else None
    timeout = max(DEFAULT_TIMEOUT, default_timeout(config))
    broken = broken_problems(sandbox, choices.problems, timeout, keep)
    skip = options.switched_on(config, "skip-broken-problems")
    left = {problem.task_id for problem in left_after(choices.problems, broken, skip=skip)}
    return tuple(task_id for task_id in broken if task_id not in left)
