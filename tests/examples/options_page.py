"""Writes docs/options.md from the options that the plugin adds and the commands that there are:

    python tests/examples/options_page.py

A test fails where the page is not what this writes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_humaneval import __main__ as command_line
from pytest_humaneval.plugin import hooks, settings
from pytest_humaneval.plugin.option_table import FLAGS, OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "options.md"

MORE = {
    "strategy": "strategies.md",
    "humaneval_experiment": "experiments.md",
    "humaneval_config": "experiments.md",
    "humaneval_dataset": "datasets.md",
    "humaneval_data_dir": "datasets.md",
    "humaneval_pool": "datasets.md",
    "humaneval_model": "models.md",
    "humaneval_engine": "models.md",
    "humaneval_engine_arg": "models.md",
    "humaneval_engine_url": "servers.md",
    "humaneval_request": "servers.md",
    "humaneval_in_flight": "servers.md",
    "humaneval_thinking_end": "servers.md",
    "humaneval_linger": "between-runs.md",
    "humaneval_script": "files.md",
    "humaneval_output": "files.md",
    "humaneval_replay": "formats.md",
    "humaneval_postprocess": "results.md",
    "humaneval_baseline": "statistics.md",
    "humaneval_min_pass_at_1": "gates.md",
    "humaneval_fail_on_regression": "gates.md",
    "humaneval_max_drop": "gates.md",
    "humaneval_gate_on": "gates.md",
    "humaneval_plan": "statistics.md",
    "humaneval_html": "report-page.md",
    "humaneval_markdown": "report-page.md",
    "humaneval_sandbox": "threat-model.md",
    "humaneval_sandbox_image": "containers.md",
}
"""Where an option is explained; those that are not here need no more than their help."""

OPENING = """\
# Options and commands

This page is written by `python tests/examples/options_page.py`, from the code.

## Options of pytest

Without `--strategy` or `--humaneval-experiment` the plugin stays out of sight. The column *preset* says where else an
option may be set: *ini* is pytest's ini file, with underscores (`humaneval_top_p = 0.9`), and *toml* the top level of
[humaneval.toml](experiments.md), without `--humaneval-` (`top-p = 0.9`). The command line wins over `humaneval.toml`,
which wins over the ini file.
"""


class Recorder:
    """Stands where pytest's parser does, and keeps what is added."""

    def __init__(self) -> None:
        self.options: list[tuple[str, dict[str, Any]]] = []
        self.ini: dict[str, str] = {}

    def getgroup(self, *_: object) -> Recorder:
        return self

    def addoption(self, flag: str, **told: Any) -> None:
        self.options.append((flag, told))

    def addini(self, name: str, meaning: str, **_: object) -> None:
        self.ini[name] = meaning


def page() -> str:
    """The whole page."""
    recorder: Any = Recorder()
    hooks.pytest_addoption(recorder)
    return "\n".join([OPENING, *_options(recorder), "", *_other_presets(recorder), "", *_commands()])


def _options(recorder: Recorder) -> Iterator[str]:
    yield "| option | preset | meaning |"
    yield "|---|---|---|"
    for flag, told in recorder.options:
        metavar = told.get("metavar")
        shown = f"{flag}={metavar}" if metavar else flag
        key = told.get("dest", flag.lstrip("-").replace("-", "_"))
        more = f" ([more]({MORE[key]}))" if key in MORE else ""
        yield f"| `{shown}` | {_preset(key, recorder)} | {_cell(told['help'])}{more} |"


def _preset(key: str, recorder: Recorder) -> str:
    name = key.removeprefix("humaneval_").replace("_", "-")
    settable = {option.name for option in OPTIONS if option.name != "config"} | set(FLAGS)
    return ", ".join(where for where, may in (("ini", key in recorder.ini), ("toml", name in settable)) if may)


def _other_presets(recorder: Recorder) -> Iterator[str]:
    known = {told.get("dest") for _, told in recorder.options}
    yield "Two options of other plugins may be set in `humaneval.toml` too:"
    yield ""
    for option in (settings.TIMEOUT, settings.WORKERS):
        yield f"* `{option.name}`: {option.help}"
    yield ""
    yield "One ini key is not an option:"
    yield ""
    for name, meaning in recorder.ini.items():
        if name not in known:
            yield f"* `{name}`: {_cell(meaning)}"


def _commands() -> Iterator[str]:
    yield "## Commands"
    yield ""
    yield "Each is called as `python -m pytest_humaneval COMMAND`, and has `--help`."
    yield ""
    yield from _table_of(command_line._parser(on_ray=False))
    yield from _section("evaluate --ray", _subparser(command_line._parser(on_ray=True), "evaluate"))


def _table_of(parser: argparse.ArgumentParser, before: str = "") -> Iterator[str]:
    """A section for each command below ``parser``."""
    for name, meaning, command in _below(parser):
        if list(_below(command)):
            yield from _table_of(command, f"{before}{name} ")
        else:
            yield from _section(f"{before}{name}", command, meaning)


def _section(name: str, command: argparse.ArgumentParser, meaning: str = "") -> Iterator[str]:
    yield f"### {name}"
    yield ""
    if text := " ".join(filter(None, [_sentence(meaning), command.epilog])):
        yield _cell(text)
        yield ""
    arguments = [action for action in command._actions if action.dest != "help"]
    if arguments:
        yield "| argument | meaning |"
        yield "|---|---|"
        for action in arguments:
            yield f"| `{_shown(action)}` | {_cell(action.help or '')}{_choices(action)} |"
        yield ""


def _shown(action: argparse.Action) -> str:
    metavar = action.metavar or (action.dest.upper() if action.choices is None else "NAME")
    if not action.option_strings:
        return f"{action.metavar or action.dest}"
    return action.option_strings[0] if action.nargs == 0 else f"{action.option_strings[0]}={metavar}"


def _choices(action: argparse.Action) -> str:
    told = f"one of {', '.join(f'`{choice}`' for choice in action.choices)}" if action.choices else ""
    return f"; {told}" if told and action.help else told


def _below(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Name, help and parser of each subcommand."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            meanings = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield name, meanings.get(name, ""), command


def _subparser(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    return next(command for found, _, command in _below(parser) if found == name)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _cell(text: str) -> str:
    """Help as the cell of a table in Markdown."""
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page().rstrip() + "\n", encoding="utf-8")
    print(f"written: {PAGE}", file=sys.stderr)
