from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.plugin.config_file import ConfigFile, has_table, line_of, read_config_file
from pytest_humaneval.plugin.option_table import FLAGS, OPTIONS
from pytest_humaneval.prompting.experiment import Experiment


def read(folder: Path, text: str, name: str = "humaneval.toml") -> ConfigFile:
    path = folder / name
    path.write_text(dedent(text))
    return read_config_file(path, OPTIONS, FLAGS)


def test_options_of_the_run_stand_at_the_top(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """
        limit = 20
        temperature = 0.8
        model = "org/model"
        task = ["HumanEval/0", "HumanEval/1"]
        k = [1, 10]
        no-cache = true
        """,
    )
    assert file.settings == {
        "limit": ("20",),
        "temperature": ("0.8",),
        "model": ("org/model",),
        "task": ("HumanEval/0", "HumanEval/1"),
        "k": ("1,10",),
        "no-cache": ("yes",),
    }


def test_files_and_folders_are_relative_to_the_file(tmp_path: Path) -> None:
    file = read(tmp_path, 'output = "out"\ndataset = "/elsewhere/problems.jsonl"\n')
    assert file.settings == {"output": (str(tmp_path / "out"),), "dataset": ("/elsewhere/problems.jsonl",)}


def test_an_experiment_says_what_it_sets_and_nothing_else(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """
        [experiments.warm]
        description = '''two
            lines'''
        strategy = "chat"
        postprocess = "post_v5"
        temperature = 1
        top-p = 0.95
        max-tokens = 512
        seed = 7
        num-samples = 3
        enabled = false

        [experiments.plain]
        strategy = "minimal"
        """,
    )
    drawn = {"temperature": 1.0, "top_p": 0.95, "max_tokens": 512, "seed": 7}
    assert file.experiments == (
        Experiment("warm", "chat", "two lines", False, "post_v5", drawn, 3),
        Experiment("plain", "minimal"),
    )


def test_a_pyproject_holds_it_in_a_table_of_ours(tmp_path: Path) -> None:
    text = """
        [project]
        name = "mine"

        [tool.pytest-humaneval]
        limit = 3

        [tool.pytest-humaneval.experiments.plain]
        strategy = "minimal"
        """
    file = read(tmp_path, text, "pyproject.toml")
    assert (file.settings, len(file.experiments)) == ({"limit": ("3",)}, 1)
    assert file.where("experiments", "plain", "strategy") == f"{tmp_path}/pyproject.toml:9"


def test_a_file_comes_through_json_as_it_was(tmp_path: Path) -> None:
    file = read(tmp_path, 'task = ["T/1"]\n[experiments.a]\nstrategy = "b"\ntemperature = 0.5\nnum-samples = 2\n')
    back = from_plain(ConfigFile, json.loads(json.dumps(to_plain(file))), "here")
    assert back.experiments == file.experiments
    assert {name: tuple(texts) for name, texts in back.settings.items()} == file.settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nlimt = 3\n", r":2: limt: unknown key; did you mean 'limit'\? known: "),
        ("num_samples = 3\n", r":1: num_samples: unknown key; did you mean 'num-samples'\?"),
        ("limit = 0\n", r":1: limit: '0' is not a whole number from 1"),
        ("limit = true\n", r":1: limit: must be a string or a number$"),
        ("limit = [1, 2]\n", r":1: limit: must be a string or a number$"),
        ("task = [[1]]\n", r":1: task: must be a string or a number, or a list of these"),
        ("no-cache = 1\n", r":1: no-cache: must be true or false"),
        ("experiments = 1\n", r":1: experiments: must be a table, such as \[experiments.NAME\]"),
        ("[[experiments]]\n", r":1: experiments: must be a table"),
        ("[experiments]\na = 1\n", r":2: experiments\.a: must be a table"),
        ("[experiments.a]\n", r":1: experiments\.a: needs a strategy, such as"),
        ('[experiments."a b"]\n', r":1: experiments\.a b: cannot be the name of an experiment, which has no space"),
        ('[experiments.all]\nstrategy = "a"\n', r":1: experiments\.all: cannot be the name of an experiment"),
        (
            '[experiments.a]\nstrategy = "a"\n\ntempreature = 1\n',
            r":4: experiments\.a\.tempreature: unknown key; did you mean 'temperature'\?",
        ),
        (
            '[experiments.a]\nstrategy = "a"\ntop_p = 1\n',
            r":3: experiments\.a\.top_p: unknown key; did you mean 'top-p'",
        ),
        ('[experiments.a]\nstrategy = "a"\nlimit = 1\n', r":3: experiments\.a\.limit: unknown key; known: description"),
        ('[experiments.a]\nstrategy = "a"\ntemperature = 3\n', r":3: .*: '3' is not a number from 0 to 2"),
        ('[experiments.a]\nstrategy = "a"\nenabled = "no"\n', r":3: .*: must be true or false"),
        ("[experiments.a]\nstrategy = 1\n", r":2: .*: must be a string, in quotation marks"),
        (
            '[experiments.a]\nstrategy = "a"\npostprocess = "x"\n',
            r":3: .*: unknown post-processor 'x'; known: auto, none",
        ),
        ("limit = \n", r"humaneval.toml: Invalid value \(at line 1, column 9\)"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"humaneval.toml: cannot be read \(No such file"):
        read_config_file(tmp_path / "humaneval.toml", OPTIONS, FLAGS)
    (tmp_path / "humaneval.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"humaneval.toml: .*utf-8"):
        read_config_file(tmp_path / "humaneval.toml", OPTIONS, FLAGS)


@pytest.mark.parametrize("text", ["tool = 1\n", "[tool]\npytest-humaneval = 1\n"])
def test_a_pyproject_with_something_else_in_our_place_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"tool.pytest-humaneval: must be a table, such as \[tool.pytest-humaneval"):
        read(tmp_path, text, "pyproject.toml")


def test_a_pyproject_without_our_table_or_out_of_order_is_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    found = [has_table(path)]
    for text in ("tool = 1", "[tool.other]", "not toml", "[tool.pytest-humaneval]"):
        path.write_text(text)
        found.append(has_table(path))
    assert found == [False, False, False, False, True]


VALUES = ("1", '"="', "[\n  1,\n  # two\n  2,\n]", '"""\nb = 1\n[c]\n"""', "'''\r\nx\r\n'''", "{ x = 1, y = [1,\n2] }")
FILLERS = ("", "# a comment: key9 = 1", "\n", "# [table9]\r\n")


@given(st.lists(st.tuples(st.sampled_from(FILLERS), st.sampled_from(VALUES), st.booleans()), min_size=1))
def test_the_line_of_a_key_is_where_its_statement_begins(entries: list[tuple[str, str, bool]]) -> None:
    text = ""
    table: tuple[str, ...] = ()
    places: list[tuple[tuple[str, ...], int]] = []
    for number, (filler, value, new_table) in enumerate(entries):
        text += f"{filler}\n"
        if new_table:
            table = (f"table{number}",)
            places.append((table, text.count("\n") + 1))
            text += f"[table{number}]\n"
        places.append(((*table, f"key{number}"), text.count("\n") + 1))
        text += f"key{number} = {value}\n"
    for keys, line in places:
        assert line_of(text, keys) == line
