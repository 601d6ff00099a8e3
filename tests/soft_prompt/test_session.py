"""The whole way of a training, from the command line to the report."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mini import PROBLEMS
from test_data import written_mbpp
from tiny_training import load_tiny, tiny_directory

from pytest_humaneval.exceptions import ConfigError
from pytest_humaneval.models.soft_checkpoint import find_checkpoints
from soft_prompt import session
from soft_prompt.__main__ import main
from soft_prompt.before_and_after import compare
from soft_prompt.checkpoint import TrainerState, load_prompt, write_prompt
from soft_prompt.config import Config
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel
from soft_prompt.session import bundled_strategies, known
from soft_prompt.watch import read_metrics

CONFIG = """
precision = "float32"
num_virtual_tokens = 4
data = "mbpp.jsonl"
batch_size = 2
gradient_accumulation_steps = 1
eval_steps = 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration and a little of MBPP's shape."""
    written_mbpp(tmp_path)
    (tmp_path / "training.toml").write_text(CONFIG)
    return tmp_path


def arguments(folder: Path, command: str = "train") -> list[str]:
    return [
        command, f"--config={folder / 'training.toml'}", f"--output={folder / 'out'}", f"--model={tiny_directory()}",
        f"--cache-dir={folder / 'cache'}",
    ]  # fmt: skip


@pytest.mark.filterwarnings("default")  # of TensorBoard and matplotlib
def test_the_command_line_trains_reports_and_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments(folder), "--max-steps=4"]) == 0
    out, err = capsys.readouterr()
    assert "tasks: 3 to train on, 3 to validate on" in err
    assert "step 4/4  loss " in err
    assert "evaluate it with: pytest --strategy=minimal,soft:" in out
    output = folder / "out"
    assert [one.step for one in read_metrics(output)] == [1, 2, 3, 4]
    table = (output / "training.md").read_text()
    assert "| 4 | " in table
    assert "| learning_rate | 0.003 |" in table
    if "no TensorBoard logs" not in err:
        assert list((output / "tensorboard").iterdir())
    assert (output / "training.png").is_file() == ("training.png" in err)
    assert find_checkpoints(output)[""].made_for.strategy == "minimal"
    assert load_prompt(output, load_tiny()).num_virtual_tokens == 4
    (recorded,) = json.loads((output / "best" / "soft_prompt.json").read_text())["data"]
    assert (recorded["form"], recorded["train"], recorded["weight"]) == ("mbpp", 3, 1.0)
    rows = (folder / "mbpp.jsonl").read_text().splitlines(keepends=True)
    (folder / "mbpp.jsonl").write_text("".join(rows[:-1]))
    assert main([*arguments(folder), "--max-steps=4"]) == 4
    assert "holds a training on another " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("batch_size", "batch_sise"), "training.toml:5: unknown key 'batch_sise'; did you mean 'batch_size'?"),
        (("mbpp.jsonl", "other.jsonl"), "other.jsonl: cannot be read"),
        (
            ('precision = "float32"', 'strategy = "minimol"'),
            "strategy: unknown strategy 'minimol'; did you mean 'minimal'",
        ),
    ],
)
def test_input_that_cannot_be_used_is_one_line_and_status_4(
    folder: Path, change: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "training.toml"
    path.write_text(path.read_text().replace(*change))
    assert main(arguments(folder)) == 4
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "search"])
def test_an_output_that_cannot_be_made_is_told_before_the_model_loads(
    folder: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "search":
        pytest.importorskip("optuna")
    monkeypatch.setattr(session, "load_frozen", lambda *given: pytest.fail("the model was loaded"))
    (folder / "out").write_text("a file")
    assert main(arguments(folder, command)) == 4
    assert f"--output: {folder / 'out'} cannot be written (File exists)" in capsys.readouterr().err


def test_ctrl_c_is_one_line_and_names_the_checkpoint(folder: Path) -> None:
    """From another process, while it trains: no traceback, and the next call goes on."""
    command = [sys.executable, "-m", "soft_prompt", *arguments(folder), "--max-steps=100000"]
    repository = Path(__file__).parents[2]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=repository) as process:
        assert process.stderr is not None
        said = ""
        while "\nstep 1/" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        said += process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said
    found = re.search(r"interrupted: (.*/out/last) is the checkpoint of step (\d+); the same command continues", said)
    assert found, said
    manifest = json.loads((Path(found[1]) / "soft_prompt.json").read_text())
    assert manifest["step"] == int(found[2])


def test_the_data_can_be_looked_at_without_a_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", str(folder / "mbpp.jsonl")]) == 0
    assert capsys.readouterr().out.startswith("tasks: 3 to train on, 3 to validate on; removed: 0 too similar")


@pytest.mark.parametrize("module", ["soft_prompt", "pytest_humaneval.soft_prompt"])
def test_both_names_start_it_and_neither_imports_torch_to_say_how(module: str) -> None:
    program = f"import runpy, sys; sys.argv = ['x', '--help']; runpy.run_module('{module}', run_name='__main__')"
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program], capture_output=True, text=True, check=True, cwd=repository
    )
    assert "train" in done.stdout
    assert "torch" not in done.stderr


def test_evaluation_compares_with_and_without(
    folder: Path, frozen: FrozenModel, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)  # in the repository, pytest would collect the project's tests with another --rootdir
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p xdist -p timeout -p humaneval")
    output = folder / "noise"
    config = Config(num_virtual_tokens=4)
    write_prompt(output / "best", make_prompt(frozen, config), frozen, config, TrainerState())
    problems = folder / "mini.jsonl"
    problems.write_text("".join(json.dumps(problem) + "\n" for problem in PROBLEMS))
    status = main(
        [
            "evaluate", str(output), "--engine=transformers", "--", f"--humaneval-dataset={problems}",
            f"--humaneval-cache-dir={folder / 'cache'}", "--humaneval-max-tokens=4",
        ]
    )  # fmt: skip
    assert status == 0
    said = capfd.readouterr().out
    assert "| soft:noise | 0.000 | [0.000, 0.561] | 0 of 3 |" in said  # Wilson's upper bound: z^2 / (3 + z^2)
    assert "McNemar's exact test p = 1" in said
    assert (output / "evaluation" / "comparison.md").read_text() in said


def test_strategies_are_compared_on_the_problems_both_have_a_verdict_for(tmp_path: Path) -> None:
    passed: dict[str, list[bool | None]] = {
        "minimal": [True, False, False, None, True],
        "soft:x": [True, True, False, True, False],
    }
    rows = [
        {"task_id": f"T/{number}", "strategy": name, "passed": one}
        for name, verdicts in passed.items()
        for number, one in enumerate(verdicts)
    ]
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = compare(path, "minimal", "soft:x")
    assert (found.problems, found.passed_before, found.passed_after, found.gained, found.lost) == (4, 2, 2, 1, 1)
    assert found.p == 1.0
    assert "| soft:x | 0.500 | [0.150, 0.850] | 2 of 4 |" in found.lines()
    assert found.lines()[-1].endswith("p = 1.000, no more than noise at 5 %.")


def test_a_strategy_that_is_not_there_gets_near_ones() -> None:
    with pytest.raises(ConfigError, match="teacher: unknown strategy 'chatt'; did you mean 'chat"):
        known(bundled_strategies(), "chatt", "teacher")
