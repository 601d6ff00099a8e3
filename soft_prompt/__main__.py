"""Train and evaluate soft prompts from the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_humaneval.exceptions import ConfigError, HumanEvalError, InputError
from pytest_humaneval.models.find import DEFAULT_MODEL, default_cache_directory

from .config import Config, override, read_config

INSTALL = "pip install 'pytest-humaneval[cpu,soft-prompt]' (or [gpu,soft-prompt])"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit status: 0, 3 for a failure, 4 for bad input, 130 for Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    place = given.index("--") if "--" in given else len(given)
    parser = _parser()
    options = parser.parse_args(given[:place])
    options.arguments = given[place + 1 :]
    if options.arguments and options.run not in (_evaluate, _bench):
        parser.error("only evaluate and bench take arguments after --")
    try:
        status: int = options.run(options)
        return status
    except HumanEvalError as error:
        print(f"soft_prompt: {error}", file=sys.stderr)
        return 4 if isinstance(error, InputError) else 3
    except KeyboardInterrupt:
        print("soft_prompt: interrupted", file=sys.stderr)
        return 130
    except ImportError as error:
        print(f"soft_prompt: {error.name or error} is not installed: {INSTALL}", file=sys.stderr)
        return 4


def _train(options: argparse.Namespace) -> int:
    config = read_config(options.config) if options.config else Config()
    data = str(options.data) if options.data else None
    config = override(config, data=data, max_steps=options.max_steps, seed=options.seed)
    _prepare_environment()
    from .before_and_after import prefix_of
    from .session import run_training

    trained = run_training(config, options.model, options.cache_dir, options.output)
    print(f"best validation loss {trained.state.best_loss:.4f} after step {trained.state.best_step}")
    print(f"evaluate it with: pytest --strategy={config.strategy},{prefix_of(options.output)}{options.output}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from .before_and_after import evaluate

    comparison = evaluate(options.directory, model=options.model, engine=options.engine, arguments=options.arguments)
    print("\n".join(comparison.lines()))
    return 0


def _search(options: argparse.Namespace) -> int:
    config = read_config(options.config) if options.config else Config()
    config = override(config, data=str(options.data) if options.data else None)
    _prepare_environment()
    from .search import search

    print(search(config, options.model, options.cache_dir, options.output, options.trials))
    return 0


def _text_search(options: argparse.Namespace) -> int:
    config = read_config(options.config) if options.config else Config()
    config = override(config, data=str(options.data) if options.data else None)
    if options.candidates < 1 or options.problems < 1:
        raise ConfigError("text-search: --candidates and --problems are whole numbers from 1")
    _prepare_environment()
    from .text_search import search_text

    best = search_text(
        config, options.model, options.cache_dir, options.output, options.candidates, options.problems, print
    )
    print("\n".join(best.lines()))
    print(f"evaluate it with: pytest --strategy=text:{options.output}")
    return 0


def _self_play(options: argparse.Namespace) -> int:
    config = read_config(options.config) if options.config else Config()
    config = override(config, data=str(options.data) if options.data else None)
    if options.per_problem < 1:
        raise ConfigError("self-play: --per-problem is a whole number from 1")
    _prepare_environment()
    from .self_play import VARIANTS, write_variants

    written = write_variants(config, options.model, options.cache_dir, options.output, options.per_problem, print)
    print("\n".join(written.lines()))
    print(f'learn from them with: data = ["mbpp", "{options.output / VARIANTS}"]')
    return 0


def _bench(options: argparse.Namespace) -> int:
    from .bench_config import read_bench

    bench = read_bench(options.config)
    _prepare_environment()
    from .bench import TABLE, chosen, final, run_bench

    results = run_bench(bench, options.model, options.cache_dir, options.output)
    print((options.output / TABLE).read_text(), end="")
    winner = chosen(results)
    print(f"\nchosen: {winner.method}, seed {winner.seed}: {options.output / winner.method / f'seed-{winner.seed}'}")
    return final(options.output, results, options.arguments) if options.final else 0


def _data(options: argparse.Namespace) -> int:
    from .training_data import read_training_data

    data = read_training_data(options.sources)
    print(data.summary())
    for task_id, other in data.near_duplicates.items():
        print(f"{task_id} is too similar to {other}")
    for task_id, reason in data.unusable.items():
        print(f"{task_id}: {reason}")
    return 0


def _prepare_environment() -> None:
    """What PyTorch reads when it is imported."""
    from pytest_humaneval.engine.vllm_setup import prepare_environment

    prepare_environment(offline=False, cpu=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="soft_prompt", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train a soft prompt, or resume one that was stopped")
    _add_training(train)
    train.add_argument("--max-steps", type=int, help="replaces the configuration's max_steps")
    train.add_argument("--seed", type=int, help="replaces the configuration's seed")
    train.set_defaults(run=_train)

    search = commands.add_parser("search", help="try learning rates, lengths and initialisations (needs Optuna)")
    _add_training(search)
    search.add_argument("--trials", type=int, default=10, help="number of trainings (default: 10)")
    search.set_defaults(run=_search)

    text = commands.add_parser("text-search", help="look for the best text prompt, by successive halving")
    _add_training(text)
    text.add_argument("--candidates", type=int, default=32, help="prompts in the first round (default: 32)")
    text.add_argument("--problems", type=int, default=8, help="problems in the first round (default: 8)")
    text.set_defaults(run=_text_search)

    play = commands.add_parser("self-play", help="have the model write variants of MBPP's problems to learn from")
    _add_training(play)
    play.add_argument("--per-problem", type=int, default=1, help="variants asked for of each problem (default: 1)")
    play.set_defaults(run=_self_play)

    evaluate = commands.add_parser(
        "evaluate",
        help="pass@1 on HumanEval with and without the soft prompt",
        epilog="Arguments after -- go to pytest, such as --humaneval-limit=20.",
    )
    evaluate.add_argument("directory", type=Path, help="the --output of a training")
    evaluate.add_argument("--model", default="", metavar="SPEC", help="default: the model it was trained on")
    evaluate.add_argument("--engine", default="", metavar="NAME", help="as --humaneval-engine")
    evaluate.set_defaults(run=_evaluate)

    bench = commands.add_parser(
        "bench",
        help="compare methods with one budget, on MBPP's validation split",
        epilog="A bench that was stopped continues. Arguments after -- go to pytest, with --final.",
    )
    bench.add_argument("--config", type=Path, required=True, metavar="FILE", help="TOML: seeds, budget_tokens, methods")
    bench.add_argument("--output", type=Path, required=True, metavar="DIR", help="where trainings and the table go")
    bench.add_argument("--model", default=DEFAULT_MODEL, metavar="SPEC", help=f"default: {DEFAULT_MODEL}")
    bench.add_argument("--cache-dir", type=Path, default=_cache_dir(), metavar="DIR", help="where models are kept")
    bench.add_argument(
        "--final", action="store_true", help="then evaluate what was chosen on HumanEval and MBPP's test split, once"
    )
    bench.set_defaults(run=_bench)

    data = commands.add_parser("data", help="count the tasks that would be used, and say why others would not")
    data.add_argument("sources", nargs="+", metavar="SOURCE", help="a file of problems, mbpp, or its id on the hub")
    data.set_defaults(run=_data)
    return parser


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML; without it every setting has its default")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where checkpoints and logs go")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="SPEC", help=f"default: {DEFAULT_MODEL}")
    parser.add_argument("--data", type=Path, metavar="FILE", help="MBPP's .jsonl, instead of the configuration's data")
    parser.add_argument("--cache-dir", type=Path, default=_cache_dir(), metavar="DIR", help="where models are kept")


def _cache_dir() -> Path:
    return Path(os.environ.get("HUMANEVAL_CACHE_DIR") or default_cache_directory())


if __name__ == "__main__":
    sys.exit(main())
