"""pass@1 before and after, on HumanEval, by the harness that evaluates every other strategy: once, at the end."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_humaneval.exceptions import InfrastructureError
from pytest_humaneval.models.lora_checkpoint import find_lora, is_lora
from pytest_humaneval.models.peft_folder import MadeFor
from pytest_humaneval.models.soft_checkpoint import find_checkpoints
from pytest_humaneval.prompting.lora_strategy import LORA_PREFIX
from pytest_humaneval.prompting.soft_strategy import PREFIX
from pytest_humaneval.statistics.metrics import wilson_interval
from pytest_humaneval.statistics.paired import mcnemar
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import p_text

EVALUATION = "evaluation"
TESTS_FAILED = 1  # pytest's exit status when a completion was wrong; anything above is a run that went wrong


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two strategies on the same problems."""

    before: str
    after: str
    problems: int
    passed_before: int
    passed_after: int
    gained: int  # problems that only ``after`` passes
    lost: int  # problems that only ``before`` passes

    @property
    def p(self) -> float:
        """McNemar's exact test, two-sided."""
        return mcnemar(self.gained, self.lost)

    def lines(self) -> list[str]:
        """A table in Markdown, and what it says."""
        rows = ((self.before, self.passed_before), (self.after, self.passed_after))
        table = ["| strategy | pass@1 | 95 % interval | passed |", "|---|---:|---|---:|"]
        for name, passed in rows:
            low, high = wilson_interval(passed, self.problems)
            table.append(
                f"| {name} | {passed / self.problems:.3f} | [{low:.3f}, {high:.3f}] | {passed} of {self.problems} |"
            )
        verdict = "more than" if self.p < 0.05 else "no more than"
        return [
            *table,
            "",
            f"{self.after} solves {counted(self.gained, 'problem', 'problems')} that "
            f"{self.before} does not, and misses {self.lost} that it "
            f"solves: McNemar's exact test p = {p_text(self.p)}, {verdict} noise at 5 %.",
        ]


def evaluate(output: Path, *, model: str = "", engine: str = "", arguments: Sequence[str] = ()) -> Comparison:
    """Evaluate a soft prompt and the text strategy that it stands in front of; writes ``output``/evaluation.

    ``model`` is the one it was trained on where not given; ``arguments`` go to pytest.

    Raises:
        StrategyError: ``output`` is no soft prompt.
        InfrastructureError: the run had errors, so that there is no figure to compare.
    """
    made_for = made_for_in(output)
    folder = output / EVALUATION
    command = [
        *evaluation_command(output, [made_for.strategy], model or made_for.spec), f"--humaneval-output={folder}",
        *([f"--humaneval-engine={engine}"] if engine else []), "-p", "no:cacheprovider", *arguments,
    ]  # fmt: skip
    status = _status_of(command)
    if status not in (0, TESTS_FAILED):
        raise InfrastructureError(f"the evaluation ended with status {status}; its output is above")
    comparison = compare(folder / "results.jsonl", made_for.strategy, f"{prefix_of(output)}{output.absolute().name}")
    (folder / "comparison.md").write_text("\n".join(comparison.lines()) + "\n")
    return comparison


def evaluation_command(output: Path, beside: Sequence[str], model: str) -> list[str]:
    """The command that evaluates what a training left in ``output``, with the strategies ``beside`` it."""
    return [
        sys.executable, "-m", "pytest", f"--strategy={','.join([*beside, f'{prefix_of(output)}{output.absolute()}'])}",
        f"--humaneval-model={model}", "-q", "--tb=no", "-rN",
    ]  # fmt: skip


def made_for_in(output: Path) -> MadeFor:
    """The model, and the text strategy, that a training was for.

    Raises:
        StrategyError: ``output`` is no soft prompt.
    """
    checkpoint = find_lora(output) if is_lora(output) else next(iter(find_checkpoints(output).values()))
    return checkpoint.made_for


def prefix_of(output: Path) -> str:
    """What ``--strategy`` takes in front of the folder of a training."""
    return LORA_PREFIX if is_lora(output) else PREFIX


def _status_of(command: Sequence[str]) -> int:
    """The exit status of a command that hears Ctrl-C too, and then ends in order: it is waited for."""
    with subprocess.Popen(command) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()


def compare(results: Path, before: str, after: str) -> Comparison:
    """Two strategies of one results.jsonl, on the problems that both have a verdict for."""
    passed: dict[str, dict[str, bool]] = {before: {}, after: {}}
    for line in results.read_text().splitlines():
        row = json.loads(line)
        if row["strategy"] in passed and row["passed"] is not None:
            passed[row["strategy"]][row["task_id"]] = row["passed"]
    both = sorted(passed[before].keys() & passed[after].keys())
    pairs = [(passed[before][task], passed[after][task]) for task in both]
    return Comparison(
        before,
        after,
        len(pairs),
        sum(first for first, _ in pairs),
        sum(second for _, second in pairs),
        gained=pairs.count((False, True)),
        lost=pairs.count((True, False)),
    )
