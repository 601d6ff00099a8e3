"""Every option of the plugin, on the command line and as an ini key of the same name."""

from __future__ import annotations

from typing import Literal

import pytest

from pytest_humaneval.option import (
    NAMES_OR_FILES,
    Option,
    count,
    counts,
    drop,
    gate_on,
    key_and_value,
    least,
    mebibytes,
    number,
    parameter,
    positive,
    shard,
    stop_when,
)
from pytest_humaneval.store.shared_address import shared_address

FLAGS = ("no-cache", "no-history", "skip-broken-problems", "fail-on-regression", "pool", "likelihood")
"""True or false in humaneval.toml and the ini file."""

OPTIONS = (
    Option("model", "alias, hub id[@revision], directory or .gguf file (default: qwen2.5-coder-0.5b-instruct)", "SPEC"),
    Option("task", "evaluate exactly this problem, for instance HumanEval/1 (repeatable)", "TASK_ID", many=True),
    Option("limit", "evaluate only the first N of the selected problems, of each dataset", "N", count),
    Option(
        "dataset",
        "humaneval (default), others that are registered, or files of problems; several separated by commas, "
        "NAME=FILE for a registered one that is in this file",
        NAMES_OR_FILES,
        by_comma=True,
    ),
    Option(
        "data-dir",
        "where the files of registered datasets lie (default: HUMANEVAL_DATA_DIR, else the folder of the run and its "
        "folder data)",
        "DIR",
    ),
    Option(
        "rewrite",
        "also evaluate every problem rewritten by these: names separated by commas (typos=0.2 for another rate), all, "
        "or random: for each problem one that fits it",
        "NAMES",
        by_comma=True,
    ),
    Option(
        "rewrite-seed",
        "the seed of rewrites (default: 0)",
        "N",
        number(int, 0, 2**31 - 1, "a whole number from 0 to 2147483647"),
    ),
    Option(
        "control",
        "one of the datasets of this run, by its name in the tables: what --humaneval-rewrite costs on the others is "
        "compared with what it costs there",
        "NAME",
    ),
    Option("engine", "vllm (default), transformers, openai, replay, scripted, or one that is registered", "NAME"),
    Option(
        "engine-url", "an OpenAI-compatible server (repeatable: replicas); implies the openai engine", "URL", many=True
    ),
    Option(
        "engine-timeout",
        "give up on requests when a server is silent for this many seconds (default: 600)",
        "S",
        positive,
    ),
    Option(
        "in-flight", "the most requests that a server gets at once; fewer if it refuses some (default: 256)", "N", count
    ),
    Option(
        "request",
        "a parameter for requests to a server, such as top_k=20; -KEY leaves KEY out (repeatable)",
        "KEY=JSON",
        parameter,
        many=True,
    ),
    Option(
        "linger",
        "keep the engine and its loaded model for the next run with the same model and engine options; it ends after "
        "this many idle seconds (default: 0, the engine ends with the run)",
        "SECONDS",
        number(float, 0, 604_800, "a number of seconds from 0 to 604800, a week"),
    ),
    Option(
        "engine-arg",
        "an argument for vLLM itself, such as tensor-parallel-size=2 (repeatable)",
        "K=V",
        key_and_value,
        many=True,
    ),
    Option("replay", "check the samples of this .jsonl file instead of generating; implies the replay engine", "FILE"),
    Option(
        "script",
        "answers of the scripted engine, a JSON object from 'HumanEval/0', '* STRATEGY' or 'HumanEval/0 STRATEGY' to a "
        "text, or a list with one for each sample; '*' is for the rest; implies the scripted engine",
        "FILE",
    ),
    Option("cache-dir", "where models and finished generations are kept (default: the user's cache folder)", "DIR"),
    Option(
        "store",
        "a store that other machines share, beside the cache folder's: redis://HOST:PORT/DATABASE, or rediss:// with "
        "TLS; its password is taken from HUMANEVAL_STORE_PASSWORD",
        "URL",
        shared_address,
    ),
    Option("temperature", "0 is greedy decoding (default: 0)", "T", number(float, 0, 2)),
    Option("top-p", "nucleus sampling (default: 1)", "P", number(float, 1e-9, 1, "a number above 0 and up to 1")),
    Option("max-tokens", "longest generation, in tokens (default: 768)", "N", count),
    Option(
        "seed",
        "seed of the first sample; sample i uses seed + i (default: 0)",
        "N",
        number(int, 0, 2**31 - 1, "a whole number from 0 to 2147483647"),
    ),
    Option(
        "num-samples",
        "samples drawn for each problem and strategy (default: 1)",
        "N",
        number(int, 1, 10_000, "a whole number from 1 to 10000"),
    ),
    Option(
        "k",
        "the k of pass@k, several separated by commas (default: those of 1, 10, 100 that the samples allow)",
        "K",
        counts,
        by_comma=True,
    ),
    Option(
        "shard",
        "evaluate one part only: 2/8 is part 2 of 8; python -m pytest_humaneval merge joins the results of all",
        "I/N",
        shard,
    ),
    Option("config", "the experiments file (default: humaneval.toml, or pyproject.toml's table)", "FILE"),
    Option(
        "postprocess",
        "none, post_v1, post_v5, one that is registered, or auto: what each strategy declares (default: auto)",
        "NAME",
    ),
    Option(
        "thinking-end",
        "the text that ends the model's thinking, if it is not one of the usual ones (</think>, [/THINK], ...)",
        "TEXT",
    ),
    Option("output", "write samples.jsonl, results.jsonl, prompts.jsonl and run.json into this folder", "DIR"),
    Option("baseline", "compare with this earlier run: a folder of --humaneval-output or a results file", "PATH"),
    Option(
        "min-pass-at-1",
        "a gate: the exit status says whether pass@1 is at least X, for every strategy or for NAME (several "
        "separated by commas)",
        "[NAME=]X",
        least,
        many=True,
    ),
    Option(
        "gate-on",
        "what --humaneval-min-pass-at-1 compares: figure (default), or bound, the lower end of its interval",
        "WHAT",
        gate_on,
    ),
    Option(
        "max-drop",
        "a gate: the exit status says whether pass@1 is shown to have dropped by less than X against "
        "--humaneval-baseline; without one, under each --humaneval-rewrite",
        "X",
        drop,
    ),
    Option(
        "stop",
        "decided: a strategy ends as soon as it is shown to be better or worse than minimal (else the first by name; "
        "with --humaneval-baseline, than there), or unlikely to be shown either; by a test that stays valid then",
        "WHAT",
        stop_when,
    ),
    Option("plan", "a plan written beforehand: the report says what deviates from it, and what is exploratory", "FILE"),
    Option("html", "write a report page: one file that works offline", "FILE"),
    Option("markdown", "write a summary in Markdown; it also goes to GITHUB_STEP_SUMMARY, if that is set", "FILE"),
    Option(
        "sandbox",
        "auto (default), lockdown, bubblewrap, docker, podman, unsafe-process, or one that is registered",
        "NAME",
    ),
    Option("sandbox-image", "the image of the docker and podman sandboxes", "IMAGE"),
    Option("memory", "memory of a checked program, in MiB (default: 1024)", "MIB", mebibytes),
)


SWITCHES = {
    "list-strategies": "list the strategies and exit",
    "list-experiments": "list the experiments and exit",
    "list-datasets": "list the datasets, with where they were found, how many problems and their digest, and exit",
    "pool": "with several datasets: figures, comparisons and gates also over the problems of all together",
    "likelihood": "also ask how likely the model finds each canonical solution right after its prompt, which takes one "
    "prefill for each problem; compared with --humaneval-baseline, if that has it",
    "no-cache": "generate again what is already stored",
    "no-history": "do not add this run to the history in the cache folder",
    "skip-broken-problems": "leave out problems whose canonical solution does not pass here, instead of stopping",
    "fail-on-regression": "a gate: the exit status says whether pass@1 has significantly dropped against "
    "--humaneval-baseline",
}


def add_options(parser: pytest.Parser) -> None:
    """Register the options and their ini keys."""
    group = parser.getgroup("humaneval", "HumanEval (pytest-humaneval)")
    group.addoption(
        "--strategy",
        action="append",
        default=[],
        metavar="NAME",
        help="evaluate a model on HumanEval with this prompting strategy; several separated by commas, or all",
    )
    group.addoption(
        "--humaneval-experiment",
        action="append",
        default=[],
        metavar="NAME",
        help="run this experiment of humaneval.toml; several separated by commas, or all that are enabled",
    )
    for flag, help_text in SWITCHES.items():
        key = flag_key(flag)
        group.addoption(f"--humaneval-{flag}", dest=key, action="store_true", default=False, help=help_text)
    for flag in FLAGS:
        parser.addini(flag_key(flag), SWITCHES[flag], type="bool", default=False)
    for option in OPTIONS:
        group.addoption(
            option.flag,
            dest=option.key,
            action="append" if option.many else "store",
            default=None,
            metavar=option.metavar,
            help=option.help,
        )
        kind: Literal["linelist", "string"] = "linelist" if option.many else "string"
        parser.addini(option.key, option.help, type=kind, default=None)


def flag_key(flag: str) -> str:
    """The name of a switch in pytest's configuration."""
    return f"humaneval_{flag.replace('-', '_')}"
