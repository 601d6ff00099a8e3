"""``python -m pytest_humaneval generate``: the samples of a run into a file, however many there are."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_humaneval.cluster.ray_arguments import FLAG, without_blanks
from pytest_humaneval.cluster.ray_cluster import need_answer, need_ray
from pytest_humaneval.cluster.ray_engines import check_engine, open_on_ray
from pytest_humaneval.engine.catalogue import source_of
from pytest_humaneval.engine.engine_process import EngineProcess
from pytest_humaneval.exceptions import InfrastructureError, InputError
from pytest_humaneval.generating.samples_file import SamplesFile
from pytest_humaneval.generating.stream import Sample, stream
from pytest_humaneval.interruption import sigterm_as_interruption
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.marshalling.top_level import TopLevel
from pytest_humaneval.option import argument, count
from pytest_humaneval.plan import Plan
from pytest_humaneval.plugin.option_table import OPTIONS, SWITCHES
from pytest_humaneval.plugin.outside import Outside, proposal_here
from pytest_humaneval.text.printable import one_line
from pytest_humaneval.text.wording import known_ones

DONE, INTERRUPTED, BROKEN = 0, 2, 3  # exit statuses, as pytest's
TOLD_EVERY = 10.0  # seconds
SHOWN_ERRORS = 3
ENGINES = 16  # that a cluster may have, where their number is left to it: so many windows of requests are held for them
NOT_HERE = ("output", "html", "markdown", "baseline", "plan", "linger", "min-pass-at-1", "max-drop", "gate-on", "k")
ABOUT = """Generate samples into a file, with the strategies, engines, store and options of an evaluation:
--strategy=NAME and every --humaneval-OPTION about models, engines, problems and sampling, also without "humaneval-"
in front. A command that was cut short, whatever by, continues when it is called again. evaluate judges the file."""


def asks_to_generate(words: Sequence[str]) -> bool:
    """Whether a command line is this one's: its options are a run's, and pytest reads them."""
    return words[:1] == ["generate"]


def generate(words: Sequence[str]) -> int:
    """Generate what the file lacks; returns the exit status: 2 interrupted, 3 engine trouble or samples that failed.

    Raises:
        InputError: an option that cannot be used, or a file that cannot be written or is of something else.
    """
    # --engine is an option of a run, and no short form of --engines.
    parser = argparse.ArgumentParser("python -m pytest_humaneval generate", description=ABOUT, allow_abbrev=False)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="samples.jsonl or samples.jsonl.gz")
    parser.add_argument(
        FLAG, metavar="ADDRESS", dest="address",
        help="engines on the nodes of a Ray cluster: HOST:PORT, auto for the one this machine belongs to; --ray alone "
        "starts one here",
    )  # fmt: skip
    parser.add_argument(
        "--engines", type=argument(count), default=0, metavar="N",
        help="how many, with --ray (default: as many as its GPUs are enough for, else one on each node)",
    )  # fmt: skip
    given, options = parser.parse_known_args(without_blanks(words))
    if given.engines and given.address is None:
        raise InputError("generate: --engines=N goes with --ray")
    with sigterm_as_interruption():
        try:
            return _generate(proposal_here(_for_pytest(options)), given.output, given.address, given.engines)
        except KeyboardInterrupt:
            reason, status = "interrupted", INTERRUPTED
        except InfrastructureError as error:
            reason, status = f"error: {error}", BROKEN
    print(f"{reason}\nwhat is in {given.output} is kept; the same command continues after it", file=sys.stderr)
    return status


def settings_of(plan: Plan) -> dict[str, Any]:
    """Everything that a sample depends on; how many there are is none of it, so that more can be drawn later."""
    return {
        "model": plan.identity.key,
        "dataset": f"{plan.dataset_name} {plan.dataset_sha256}",
        "strategies": [strategy.name for strategy in plan.strategies],
        "prompts and sampling": plan.fingerprint(),
        "postprocess": plan.postprocess,
        "thinking_end": plan.thinking_end,
        "shard": str(plan.shard or ""),
    }


def _for_pytest(options: Sequence[str]) -> list[str]:
    """The options of a run, by their whole names."""
    ours = {f"--{name}": name for name in (*(option.name for option in OPTIONS), *SWITCHES) if name not in NOT_HERE}
    whole = []
    for word in options:
        flag, equals, value = word.partition("=")
        short = flag.replace("--humaneval-", "--")
        if flag.startswith("-") and short not in (*ours, "--strategy", "--experiment", "-p"):
            raise InputError(f"generate: unknown option {flag}; {known_ones(short, [*ours, '--strategy'])}")
        known = short in ours or short == "--experiment"
        whole.append(f"--humaneval-{short[2:]}{equals}{value}" if known else word)
    return whole


def _source(plan: Plan, address: str | None, engines: int) -> dict[str, Any] | None:
    """Where the engine process finds its engine: by its name, or in a cluster at ``address``."""
    if address is None:
        return source_of(plan.extensions.engines[plan.engine.name])
    need_ray()
    check_engine(plan.engine.name)
    need_answer(address)
    arguments = address, str(engines), plan.identity.key
    place: dict[str, Any] = to_plain(replace(TopLevel.of(open_on_ray, FLAG), arguments=arguments))
    return place


def _generate(outside: Outside, output: Path, address: str | None, engines: int) -> int:
    plan, source = outside.plan, _source(outside.plan, address, engines)
    store = outside.store if address is None else replace(outside.store, engines=engines or ENGINES)
    with SamplesFile(output, settings_of(plan)) as file:
        if file.count:
            print(f"continuing after {file.count:,} samples that are there already", file=sys.stderr)
        engine = EngineProcess(plan.engine, outside.model, store, source=source)
        with contextlib.closing(engine), contextlib.closing(engine.client()) as client:
            clock, errors = _Clock(file), 0
            for sample in stream(plan, client, lambda item: not file.has(item), store.engines):
                if sample.error:
                    errors += 1
                    _tell(sample, errors)
                    continue
                file.add(_row(plan, sample))
                clock.tell()
            file.flush()
            notices = client.progress()["notices"]
    for notice in notices:
        print(f"note: {notice}", file=sys.stderr)
    print(f"{file.count:,} samples are in {output}; judge them with the command evaluate")
    if errors:
        print(f"{errors:,} more could not be generated; the same command tries them again", file=sys.stderr)
    return BROKEN if errors else DONE


def _row(plan: Plan, sample: Sample) -> dict[str, Any]:
    task_id, strategy, index = sample.item
    row = {"task_id": task_id, "completion": sample.completion, "strategy": strategy, "sample_index": index}
    dataset = plan.dataset_of.get(task_id)
    return row | ({"dataset": dataset} if dataset else {})


def _tell(sample: Sample, errors: int) -> None:
    if errors <= SHOWN_ERRORS:
        print(one_line(f"{' '.join(map(str, sample.item))}: {sample.error}"), file=sys.stderr)


class _Clock:
    """Says now and then how far it is."""

    def __init__(self, file: SamplesFile) -> None:
        self._file, self._before = file, file.count
        self._started = self._line_at = time.monotonic()

    def tell(self) -> None:
        """Print a line where the last one is some time ago, and write down what there is."""
        if (now := time.monotonic()) - self._line_at < TOLD_EVERY:
            return
        self._line_at = now
        self._file.flush()
        rate = (self._file.count - self._before) / (now - self._started)
        print(f"{self._file.count:,} samples, {rate:,.1f} a second", file=sys.stderr)
