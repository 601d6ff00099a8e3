from __future__ import annotations

from pathlib import Path

import pytest

from pytest_humaneval.exceptions import ConfigError
from soft_prompt.config import HUB_DATA, Config, read_config


def written(folder: Path, text: str) -> Path:
    path = folder / "training.toml"
    path.write_text(text)
    return path


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, "num_virtual_tokens = 50\nlearning_rate = 1\n"))
    assert config == Config(num_virtual_tokens=50, learning_rate=1)
    assert config.data == HUB_DATA


def test_an_unknown_key_names_file_line_and_a_near_key(tmp_path: Path) -> None:
    path = written(tmp_path, "# a comment\n\nseed = 1\nlearning_rat = 0.1\n")
    with pytest.raises(
        ConfigError, match=r"training\.toml:4: unknown key 'learning_rat'; did you mean 'learning_rate'"
    ):
        read_config(path)


def test_a_table_is_an_unknown_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training\.toml:2: unknown key 'optimizer'"):
        read_config(written(tmp_path, "seed = 1\n[optimizer]\nlr = 1\n"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("num_virtual_tokens = 0", "num_virtual_tokens must be a whole number from 1, not 0"),
        ("num_virtual_tokens = true", "num_virtual_tokens must be a whole number from 1, not True"),
        ("learning_rate = nan", "learning_rate must be a number above 0, not nan"),
        ("learning_rate = '0.1'", "learning_rate must be a number above 0, not '0.1'"),
        (
            "prompt_tuning_init = 'zeros'",
            "prompt_tuning_init must be one of random, vocabulary, text, checkpoint, not 'zeros'",
        ),
        ("curriculum = 1", "curriculum must be true or false, not 1"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_would_be_right(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training\.toml:1: " + message.replace("(", r"\(")):
        read_config(written(tmp_path, line))


def test_what_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training\.toml: not TOML: .*line 1"):
        read_config(written(tmp_path, "seed: 1"))
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read \(No such file"):
        read_config(tmp_path / "missing.toml")


def test_a_data_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    assert read_config(written(tmp_path, "data = 'mbpp.jsonl'")).data == str(tmp_path / "mbpp.jsonl")


def test_overrides_replace_the_file_and_are_checked_too(tmp_path: Path) -> None:
    path = written(tmp_path, "seed = 1")
    assert read_config(path, seed=2, data=None).seed == 2
    with pytest.raises(ConfigError, match="seed must be a whole number from 0, not -1"):
        read_config(path, seed=-1)


def test_several_datasets_are_a_list_and_files_among_them_are_relative(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, "data = ['mbpp', 'mine.jsonl']\ndata_weights = [1, 0.5]\n"))
    assert config.data == ("mbpp", str(tmp_path / "mine.jsonl"))
    assert list(config.data_weights) == [1, 0.5]
    with pytest.raises(ConfigError, match=r"training\.toml:1: data_weights must be a list of numbers above 0"):
        read_config(written(tmp_path, "data_weights = [1, 0]"))
    with pytest.raises(ConfigError, match="data must be the name of a dataset, or a list of such names"):
        read_config(written(tmp_path, "data = []"))
