from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.report.registration_lines import registration_lines
from pytest_humaneval.results.preregistration import Checked, check_registration, read_registration, recorded

SHA256 = "0123456789abcdef" * 4
SAMPLING = {"temperature": 0.0, "top_p": 1.0, "max_tokens": 768, "seed": 0, "logprobs": False}
PLAN = f'''
hypothesis = "chat is no worse"
strategies = ["chat"]
model = "tiny"
dataset-sha256 = "{SHA256[:12]}"
margin = 0.03
temperature = 0
num-samples = 1
'''


def run(*names: str, **sampling: Any) -> dict[str, Any]:
    experiments = [{"name": name, "sampling": SAMPLING | sampling, "num_samples": 1} for name in names]
    return {
        "identity": {"model": "tiny", "digest": "sha256:" + "ab" * 32},
        "dataset": {"sha256": SHA256, "available": 164},
        "experiments": experiments,
    }


def checked(tmp_path: Path, text: str, what: dict[str, Any], judged: int = 164, drop: float | None = 0.03) -> Checked:
    (tmp_path / "plan.toml").write_text(text)
    planned = read_registration(tmp_path / "plan.toml")
    return check_registration(planned, what, {one["name"]: judged for one in what["experiments"]}, drop)


def test_what_was_planned_is_what_ran(tmp_path: Path) -> None:
    found = checked(tmp_path, PLAN, run("chat"))
    assert (found.deviations, found.exploratory, found.hypothesis) == ((), (), "chat is no worse")
    assert found.sha256 == hashlib.sha256(PLAN.encode()).hexdigest()
    lines = registration_lines(found, 200)
    assert lines[-2:] == ["hypothesis chat is no worse", "everything ran as planned"]


@pytest.mark.parametrize(
    ("changed", "deviation"),
    [
        ({"what": run("cot")}, "chat was planned but did not run"),
        ({"what": run("chat", temperature=0.8)}, "chat: temperature 0 was planned, but 0.8 was used"),
        ({"judged": 12}, "chat: 164 problems were planned, but 12 have a verdict"),
        ({"drop": None}, "a margin of 0.03 was planned, but none was given"),
        ({"drop": 0.1}, "a margin of 0.03 was planned, but 0.1 was given"),
        ({"text": PLAN.replace(SHA256[:12], "f" * 12)}, "the dataset is a different one (sha256 0123456789ab)"),
        ({"text": PLAN.replace("tiny", "big")}, "model big was planned, but tiny (sha256:abababababab) ran"),
    ],
)
def test_what_is_otherwise_is_told(tmp_path: Path, changed: dict[str, Any], deviation: str) -> None:
    found = checked(tmp_path, **{"text": PLAN, "what": run("chat"), **changed})
    assert found.deviations == (deviation,)
    assert f"not as planned: {deviation}" in registration_lines(found, 200)


def test_how_the_samples_of_a_file_were_drawn_is_not_taken_for_planned(tmp_path: Path) -> None:
    replayed = run("chat", temperature=0.8) | {"engine": {"name": "replay"}}
    found = checked(tmp_path, PLAN, replayed)
    assert found.deviations == ("chat: temperature 0 was planned, but the samples come from a file",)


def test_a_digest_may_be_written_in_capitals(tmp_path: Path) -> None:
    assert checked(tmp_path, PLAN.replace(SHA256[:12], SHA256[:12].upper()), run("chat")).deviations == ()


def test_what_was_added_is_exploratory(tmp_path: Path) -> None:
    found = checked(tmp_path, 'strategies = ["chat"]\nproblems = 3\n', run("chat", "cot"), 3)
    assert found.deviations == ()
    assert found.exploratory == ("strategy cot", "the gate on a drop of 0.03")
    assert "exploratory, since it was not planned: strategy cot" in registration_lines(found, 200)


def test_a_model_may_be_planned_by_its_digest(tmp_path: Path) -> None:
    for digest in ("sha256:abababababab", "ab" * 8):
        assert checked(tmp_path, PLAN.replace("tiny", digest), run("chat")).deviations == ()


def test_run_json_gives_it_back() -> None:
    found = Checked("plan.toml", "ab", "it is so", ("one",), ("two",))
    told = to_plain(found)
    assert recorded(told | {name: list(told[name]) for name in ("deviations", "exploratory")}) == found
    assert recorded(None) is recorded({}) is recorded({**told, "deviations": 3}) is None
    assert registration_lines(None, 80) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "strategies must name what is compared"),
        ("strategies = [1]", "strategies must name what is compared"),
        ('strategy = "chat"', "unknown key 'strategy'; did you mean 'strategies'"),
        ('strategies = ["chat"]\nseed = true', "seed cannot be True"),
        ('strategies = ["chat"]\nmargin = 3', "margin cannot be 3"),
        ('strategies = ["chat"]\nmargin = nan', "margin cannot be nan"),
        ('strategies = ["chat"]\nproblems = 0', "problems cannot be 0"),
        ('strategies = ["chat"]\ndataset-sha256 = "abc"', "dataset-sha256 needs at least 12 characters"),
        ("strategies = [", "cannot be read"),
    ],
)
def test_a_plan_that_says_what_cannot_be_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(InputError, match=told):
        read_registration(tmp_path / "plan.toml")
