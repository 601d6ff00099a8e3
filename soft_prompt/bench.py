"""A fair comparison of methods: the same data, model and budget for each, several seeds, and a rule that chooses.

The rule is written down before the first training, and chooses on MBPP's validation split. What it chooses goes to
HumanEval and to MBPP's test split once, at the end, beside the text strategies (``final``).
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_humaneval.exceptions import ConfigError, HumanEvalError, InfrastructureError, TrainingError
from pytest_humaneval.models.peft_folder import BEST
from pytest_humaneval.statistics.metrics import wilson_interval

from .before_and_after import TESTS_FAILED, evaluation_command, made_for_in
from .bench_config import Bench, folder_of
from .config import Config
from .heartbeat import heartbeat
from .session import teller
from .text_alone import Baseline, text_alone

if TYPE_CHECKING:
    from .checkpoint import TrainerState

RULE = (
    "The method with the highest pass@1 on MBPP's validation split, mean over its seeds, is chosen; of equal ones the "
    "one with fewer trainable numbers. Of its seeds the one with the highest pass@1, of equal ones the one with the "
    "lowest validation loss, is evaluated on HumanEval and on MBPP's test split, once."
)
PROTOCOL, RESULT, TABLE, FINAL, FINISHED = "protocol.json", "result.json", "bench.md", "final", "final.json"
BASELINES = ("minimal", "chat", "lm_eval_instruct")
LINES = ("--", ":", "-.")  # of the figure


@dataclass(frozen=True, slots=True)
class Result:
    """One training: how it ended on MBPP's validation split, and what it took.

    ``tokens`` went through the model in its steps (meter.py); ``seconds`` are of the training with its validations,
    ``memory_mib`` is the peak of its process: what vLLM takes, where it samples, is not in it. ``start_from`` is the
    method whose prompt it began with, if any, whose tokens and seconds are not in it.
    """

    method: str
    seed: int
    validation_loss: float
    passed: int
    problems: int
    trainable: int
    tokens: int
    seconds: float
    memory_mib: int
    start_from: str = ""

    @property
    def pass_at_1(self) -> float:
        return self.passed / self.problems


def run_bench(bench: Bench, model: str, cache_dir: Path, output: Path) -> list[Result]:
    """Train and validate every method with every seed; what is there already is not done again.

    Raises:
        ConfigError: a method that cannot be trained, ``output`` holds another bench, or the budget is too small for a
            step.
        DatasetError: data that cannot be learned from.
        TrainingError: a training ended without a result; its output is above.
    """
    _check(bench)
    _write_protocol(bench, model, output)
    results = []
    for method, seed in bench.trainings():
        folder = folder_of(output, method, seed)
        if not (folder / RESULT).is_file():
            _apart(method, bench.config(method, seed, output), model, cache_dir, folder)
        result = Result(**json.loads((folder / RESULT).read_text()))
        results.append(replace(result, start_from=bench.start_from.get(method, "")))
        (output / TABLE).write_text("\n".join(table(results)) + "\n")
    with heartbeat(sys.stderr) as stream:
        baselines = text_alone([*bench.methods.values()], model, cache_dir, output, teller(stream))
    (output / TABLE).write_text("\n".join(table(results, baselines)) + "\n")
    draw(output, results, baselines)
    return results


def chosen(results: Iterable[Result]) -> Result:
    """The training that the rule chooses."""
    by_method = grouped(results)
    method = max(by_method.values(), key=lambda seeds: (_mean_pass(seeds), -seeds[0].trainable))
    return max(method, key=lambda result: (result.pass_at_1, -result.validation_loss))


def grouped(results: Iterable[Result]) -> dict[str, list[Result]]:
    """The results of each method, in the order of its seeds."""
    by_method: dict[str, list[Result]] = {}
    for result in results:
        by_method.setdefault(result.method, []).append(result)
    return by_method


def table(results: Sequence[Result], baselines: Sequence[Baseline] = ()) -> list[str]:
    """Markdown, the best method first; the interval is that of all its seeds' problems, Wilson's.

    Text strategies by themselves have rows of their own below.
    """
    rows = [
        "| method | seeds | validation loss | pass@1, MBPP's validation split | 95 % interval | trainable | tokens | "
        "minutes | MiB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    by_method = grouped(results)
    for method, seeds in sorted(by_method.items(), key=lambda item: -_mean_pass(item[1])):
        low, high = wilson_interval(sum(each.passed for each in seeds), sum(each.problems for each in seeds))
        name = f"{method}, from {seeds[0].start_from}" if seeds[0].start_from else method
        each_seed = ", ".join(f"{each.pass_at_1:.3f}" for each in seeds)
        rows.append(
            f"| {name} | {len(seeds)} | {fmean(each.validation_loss for each in seeds):.4f} "
            f"| {_mean_pass(seeds):.3f} ({each_seed}) | [{low:.3f}, {high:.3f}] | {seeds[0].trainable:,} "
            f"| {fmean(each.tokens for each in seeds):,.0f} | {fmean(each.seconds for each in seeds) / 60:.1f} "
            f"| {max(each.memory_mib for each in seeds):,} |"
        )
    for text in baselines:
        low, high = wilson_interval(text.passed, text.problems)
        rows.append(f"| {text.strategy}, text alone | | | {text.pass_at_1:.3f} | [{low:.3f}, {high:.3f}] | 0 | | | |")
    return [*rows, "", RULE]


def final(output: Path, results: Sequence[Result], arguments: Sequence[str] = ()) -> int:
    """Evaluate what was chosen beside the text strategies; returns pytest's exit status. Done once.

    A run that did not come to its end has not been done: its generations are kept, and the next one goes on.

    Raises:
        ConfigError: it was done before.
        InfrastructureError: it did not come to its end; its output is above.
    """
    if (output / FINISHED).exists():
        raise ConfigError(f"{output / FINAL} has the final evaluation; another look would be another choice")
    winner = chosen(results)
    folder = folder_of(output, winner.method, winner.seed)
    command = [
        *evaluation_command(folder, BASELINES, made_for_in(folder).spec),
        "--humaneval-dataset=humaneval,mbpp", "--humaneval-pool", f"--humaneval-output={output / FINAL}",
        "--timeout=10",  # the reference solution of MBPP/123 computes for 2 to 4 s
        *arguments,
    ]  # fmt: skip
    status = subprocess.run(command, check=False).returncode
    if status not in (0, TESTS_FAILED):
        raise InfrastructureError(
            f"the final evaluation ended with status {status}; its output is above. The same command does it again; "
            "arguments after -- go to pytest"
        )
    (output / FINISHED).write_text(json.dumps({"method": winner.method, "seed": winner.seed}) + "\n")
    return status


def _check(bench: Bench) -> None:
    """Refuse before the first training what would end the last one."""
    from .session import check
    from .training_data import read_training_data

    for method, config in bench.methods.items():
        try:
            check(config)
        except HumanEvalError as error:
            raise type(error)(f"methods.{method}: {error}") from error
    first = next(iter(bench.methods.values()))
    read_training_data(first.data, first.data_weights)


def _write_protocol(bench: Bench, model: str, output: Path) -> None:
    """Keep what is compared and how it is chosen, before anything is known."""
    output.mkdir(parents=True, exist_ok=True)
    protocol = {"rule": RULE, "model": model, "baselines": BASELINES, **asdict(bench)}
    text = json.dumps(protocol, indent=2, default=str)
    path = output / PROTOCOL
    if not path.exists():
        path.write_text(text + "\n")
    elif path.read_text() != text + "\n":
        raise ConfigError(f"{path}: {output} holds a bench of other methods, seeds or budget; give another --output")


def _apart(method: str, config: Config, model: str, cache_dir: Path, folder: Path) -> None:
    """Train in a process of its own, whose peak of memory is then the method's."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(theirs, method, config, model, cache_dir, folder))
    child.start()
    child.join()
    if ours.poll():
        error: HumanEvalError = ours.recv()
        raise type(error)(f"{method}, seed {config.seed}: {error}")
    if not (folder / RESULT).is_file():
        ending = f"it ended with status {child.exitcode}; what it said is above"
        raise TrainingError(f"{method}, seed {config.seed}: the training has no result: {ending}")


def _child(trouble: Connection, method: str, config: Config, model: str, cache_dir: Path, folder: Path) -> None:
    try:
        train_and_validate(method, config, model, cache_dir, folder)
    except HumanEvalError as error:
        trouble.send(error)


def train_and_validate(method: str, config: Config, model: str, cache_dir: Path, folder: Path) -> None:
    """One training and its result.

    Raises:
        ConfigError: the budget is too small for a step.
    """
    from .session import check_output, load, train_loaded, validated

    check_output(folder)
    with heartbeat(sys.stderr) as stream:
        loaded = load(config, model, cache_dir, teller(stream))
        state = train_loaded(config, loaded, folder, stream).state
    _refuse_too_small(config, state)
    passed, trainable = validated(config, loaded, folder / BEST)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    result = Result(
        method, config.seed, state.best_loss, sum(passed), len(passed), trainable, state.tokens, state.seconds, memory
    )
    (folder / RESULT).write_text(json.dumps(asdict(result)) + "\n")


def _refuse_too_small(config: Config, state: TrainerState) -> None:
    """Refuse a result of a budget that one step was too much for: it would compare who overdraws most."""
    if state.step > 1:
        return
    less = "give it more, or a smaller batch_size, gradient_accumulation_steps or num_generations"
    if 0 < config.max_input_tokens < state.tokens:
        raise ConfigError(
            f"budget_tokens: one step takes {state.tokens:,} tokens, more than the {config.max_input_tokens:,} of the "
            f"whole training; {less}"
        )
    if 0 < config.max_hours < state.seconds / 3600:
        raise ConfigError(
            f"budget_hours: one step takes {state.seconds:.0f} s, longer than the {config.max_hours:g} h of the whole "
            f"training; {less}"
        )


def draw(output: Path, results: Sequence[Result], baselines: Sequence[Baseline]) -> Path | None:
    """Validation loss over tokens for each training, and pass@1 of each with its interval; None without matplotlib.

    Text strategies by themselves are lines across.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    from .watch import read_metrics

    figure = Figure(figsize=(11, 5), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for number, (method, seeds) in enumerate(grouped(results).items()):
        for each in seeds:
            metrics = read_metrics(folder_of(output, method, each.seed))
            validated = [step for step in metrics if step.validation_loss is not None]
            tokens = [sum(step.tokens for step in metrics[: last.step]) / 1000 for last in validated]
            label = method if each is seeds[0] else None
            loss.plot(tokens, [step.validation_loss for step in validated], ".-", color=f"C{number}", label=label)
        for place, each in enumerate(seeds):
            low, high = wilson_interval(each.passed, each.problems)
            where = number + (place - (len(seeds) - 1) / 2) / (2 * len(seeds))  # seeds of a method beside each other
            below, above = each.pass_at_1 - low, high - each.pass_at_1
            accuracy.errorbar([where], [each.pass_at_1], [[below], [above]], fmt="o", capsize=3, color=f"C{number}")
    for number, text in enumerate(baselines):
        label = f"{text.strategy}, text alone"
        accuracy.axhline(text.pass_at_1, color="0.4", linestyle=LINES[number % len(LINES)], label=label, zorder=0)
    for axes, columns in ((loss, 3), (accuracy, 2)):  # below, as intervals and curves may be anywhere
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=columns, frameon=False)
    loss.set(xlabel="thousand tokens", ylabel="validation loss")
    accuracy.set_xticks(range(len(grouped(results))), list(grouped(results)), rotation=20)
    accuracy.set_ylabel("pass@1 and its 95 % interval")
    accuracy.set_title("MBPP's validation split")
    path = output / "bench.png"
    figure.savefig(path, dpi=120)
    return path


def _mean_pass(seeds: Sequence[Result]) -> float:
    return fmean(result.pass_at_1 for result in seeds)
