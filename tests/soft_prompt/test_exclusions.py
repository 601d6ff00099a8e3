"""What cannot be trained together, what the data lacks, and what a whole training says of its structure."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from test_data import written_mbpp
from tiny_training import SHORT

from pytest_humaneval.exceptions import ConfigError
from soft_prompt.config import Config
from soft_prompt.exclusions import check_exclusions
from soft_prompt.mixup import Mixup
from soft_prompt.model import FrozenModel
from soft_prompt.session import Loaded, bundled_strategies, make_objective, train_loaded
from soft_prompt.training_data import read_training_data


@pytest.mark.filterwarnings("default")  # of TensorBoard and matplotlib
def test_a_training_says_what_the_data_lacks_and_what_its_gates_came_to(frozen: FrozenModel, tmp_path: Path) -> None:
    written_mbpp(tmp_path)  # all of its tasks are about lists
    data = read_training_data(str(tmp_path / "mbpp.jsonl"))
    loaded = Loaded(bundled_strategies(), data, frozen, data.validation)
    said = io.StringIO()
    config = replace(SHORT, max_steps=1, eval_steps=1)
    train_loaded(replace(config, kind="gated"), loaded, tmp_path / "gated", said)
    assert "\nfound: num_virtual_tokens = 4, prompt_tuning_init = '" in said.getvalue()
    assert "no training example" not in said.getvalue()
    train_loaded(replace(config, kind="routed"), loaded, tmp_path / "routed", said)
    assert "no training example is of the category 'string': its prompt stays as it began" in said.getvalue()
    assert "category 'list'" not in said.getvalue()
    with pytest.raises(ConfigError, match="all training examples are of 'list'"):
        train_loaded(replace(config, kind="prototypes"), loaded, tmp_path / "prototypes", said)
    with pytest.raises(ConfigError, match=r"contrast: needs training examples of two categories.*\{'list': 3\}"):
        train_loaded(replace(config, contrast=0.1), loaded, tmp_path / "contrast", said)
    strategies = loaded.strategies
    objective, _ = make_objective(replace(config, mixup=0.2), loaded.data, frozen, strategies, tmp_path, print)
    assert isinstance(objective, Mixup)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source_prompts": ["a"]}, "source_prompts: only a prompt of the kind 'attention' has some; kind is 'plain'"),
        ({"prompt_tuning_init": "checkpoint"}, "prompt_tuning_init: checkpoint needs its folder"),
        ({"prompt_tuning_init_checkpoint": "a"}, "prompt_tuning_init_checkpoint: is where a prompt begins with"),
        ({"kind": "gated", "objective": "reward"}, "objective: reward samples from the cut prompt"),
        ({"kind": "gated", "gradient_accumulation_steps": 1}, "gradient_accumulation_steps: has to be 2 or more"),
        ({"kind": "gated", "meta": "reptile"}, "meta: reptile makes a prompt for each category of a plain one"),
        ({"mixup": 0.2, "objective": "passing"}, "mixup: mixes labels, which only the objective likelihood has"),
        ({"mixup": 0.2, "kind": "routed"}, "mixup: a problem between two categories has no route"),
        ({"mixup": 0.2, "contrast": 0.1}, "contrast: a problem that mixup makes of two has no category"),
        ({"contrast": 0.1, "meta": "reptile"}, "contrast: the steps of meta = 'reptile' are on one category each"),
        ({"contrast": 0.1, "objective": "preference"}, "contrast: goes with likelihood and distillation"),
        (
            {"contrast": 0.1, "batch_size": 1},
            "contrast: is between problems of a batch; batch_size has",
        ),
        ({"objective": "reward", "meta": "fomaml", "num_iterations": 2}, "meta: num_iterations has to be 1"),
    ],
)
def test_what_excludes_each_other_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_exclusions(Config(**SHORT.to_dict() | settings))
