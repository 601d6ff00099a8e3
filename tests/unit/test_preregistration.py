from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.report.gates import Gates
from pytest_humaneval.report.preregistration_lines import registration_lines
from pytest_humaneval.results.preregistration import KEYS, Checked, read_registration, recorded
from pytest_humaneval.results.preregistration_check import check_registration

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


def checked(
    tmp_path: Path, text: str, what: dict[str, Any], judged: int = 164, drop: float | None = 0.03, **gates: Any
) -> Checked:
    (tmp_path / "plan.toml").write_text(text)
    planned = read_registration(tmp_path / "plan.toml")
    names = [row["name"] for row in what["datasets"]] if "datasets" in what else [""]
    counts = {(one["name"], name): judged for one in what["experiments"] for name in names}
    return check_registration(planned, what, counts, Gates(max_drop=drop, **gates).asked())


def test_what_was_planned_is_what_ran(tmp_path: Path) -> None:
    found = checked(tmp_path, PLAN, run("chat"))
    assert (found.deviations, found.exploratory, found.hypothesis) == ((), (), "chat is no worse")
    assert found.sha256 == hashlib.sha256(PLAN.encode()).hexdigest()
    lines = registration_lines(found, 200)
    assert lines[-2:] == ["hypothesis chat is no worse", "everything ran as planned"]


@pytest.mark.parametrize(
    ("changed", "deviation"),
    [
        ({"what": run("cot")}, "strategy chat was planned but did not run"),
        ({"what": run("chat", temperature=0.8)}, "chat: temperature 0 was planned, but 0.8 was used"),
        ({"judged": 12}, "chat: 164 problems were planned, but 12 have a verdict"),
        ({"drop": None}, "margin 0.03 was planned, but none was given"),
        ({"drop": 0.1}, "margin 0.03 was planned, but 0.1 was given"),
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


def several(*names: str, rewrite: str = "") -> dict[str, Any]:
    """Datasets of a run, the last one rewritten where it is said how."""
    rows = [{"name": name, "sha256": f"{number}" * 64, "available": 164} for number, name in enumerate(names, 1)]
    if rewrite:
        rows[-1]["rewrite"] = rewrite
    return {"datasets": rows}


def drew(*pairs: tuple[float, float]) -> dict[str, Any]:
    """What run.json says of a guided chat."""
    return {"engine_process": {"guided_sampling": {"chat": [list(pair) for pair in pairs]}}}


ALONE = 'strategies = ["chat"]\n'
BOTH = several("first", "second")
BOUND = {"least": {"chat": 0.4}, "on_bound": True}
ADDED: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ('datasets = ["first"]', 'datasets = ["First", "second"]', BOTH, {}, "dataset second"),
    (f'dataset-sha256 = "{"1" * 12}"', 'datasets = ["first", "second"]', BOTH, {}, "dataset second"),
    ("", 'datasets = ["first", "second"]', BOTH, {}, "several datasets: first, second"),
    ("", 'rewrites = ["typos"]', several("first", "first+typos", rewrite="typos"), {}, "rewrite typos"),
    ("", 'stop = "decided"', {"stop": "decided"}, {}, "stopping early"),
    ("", "pool = true", {"pool": True}, {}, "figures of all datasets together"),
    ("", 'control = "mine"', {"control": "mine"}, {}, "the control mine"),
    ("", "likelihood = true", {"likelihood": True}, {}, "the likelihood"),
    ("", 'postprocess = "post_v1"', {"postprocess": "post_v1"}, {}, "the post-processor post_v1"),
    ("", "margin = 0.1", {}, {"drop": 0.1}, "the gate on a drop of 0.1"),
    ("", "fail-on-regression = true", {}, {"on_regression": True}, "the gate on a significant drop"),
    ("", "min-pass-at-1 = 0.4", {}, {"least": {"chat": 0.4}}, "the gate on a pass@1 of at least 0.4 of chat"),
    (
        "min-pass-at-1 = { chat = 0.4 }",
        'min-pass-at-1 = 0.4\ngate-on = "bound"',
        {},
        BOUND,
        "the gate on the bound of the interval",
    ),
    *[
        ("", f"{key} = {value:g}", run("chat", **{key.replace("-", "_"): value}), {}, f"{key} {value:g} of chat")
        for key, value in (("temperature", 0.8), ("top-p", 0.9), ("max-tokens", 99), ("seed", 7))
    ],
    (
        "",
        "num-samples = 5",
        {"experiments": [{**run("chat")["experiments"][0], "num_samples": 5}]},
        {},
        "num-samples 5 of chat",
    ),
]


@pytest.mark.parametrize(("planned", "planned_too", "what", "gates", "added"), ADDED)
def test_what_a_plan_does_not_name_is_exploratory_and_what_it_names_is_not(
    tmp_path: Path, planned: str, planned_too: str, what: dict[str, Any], gates: dict[str, Any], added: str
) -> None:
    """And what it names has to be: without it the run deviates."""
    asked = {"drop": None, **gates}
    found = checked(tmp_path, ALONE + planned, run("chat") | what, **asked)
    assert (found.deviations, found.exploratory) == ((), (added,))
    found = checked(tmp_path, ALONE + planned_too, run("chat") | what, **asked)
    assert (found.deviations, found.exploratory) == ((), ())
    without = checked(tmp_path, ALONE + planned_too, run("chat"), drop=None)
    assert without.deviations


def test_every_key_of_a_plan_is_compared_with_the_run() -> None:
    named = {line.partition(" =")[0] for _, planned_too, *_ in ADDED for line in planned_too.splitlines()}
    assert named == {*KEYS} - {"hypothesis", "strategies", "model", "dataset-sha256", "problems"}


@pytest.mark.parametrize(
    ("plan", "pairs", "told"),
    [
        ("temperature = 0", [(0.0, 1.0)], ""),
        ("temperature = 0.8", [(0.8, 0.95)], ""),  # whatever the run's own temperature is
        ("temperature = 0", [(0.8, 0.95)], "temperature 0 was planned, but it chooses its own: 0.8"),
        ("temperature = 0", [(0.0, 1.0), (0.8, 0.95)], "temperature 0 was planned, but it chooses its own: 0 and 0.8"),
        ("top-p = 1", [(0.0, 1.0), (0.8, 0.95)], "top-p 1 was planned, but it chooses its own: 0.95"),
        ("seed = 0", [(0.0, 1.0), (0.8, 0.95)], ""),
    ],
)
def test_a_guided_strategy_is_compared_by_what_it_drew_with(
    tmp_path: Path, plan: str, pairs: list[tuple[float, float]], told: str
) -> None:
    found = checked(tmp_path, ALONE + plan, run("chat") | drew(*pairs), drop=None)
    assert found.deviations == ((f"chat: {told}",) if told else ())
    assert found.exploratory == ()


def test_problems_are_counted_on_the_datasets_that_were_planned(tmp_path: Path) -> None:
    what = run("chat") | BOTH
    for plan, deviations in (
        ('datasets = ["first"]\nproblems = 160', ()),
        ('datasets = ["first"]', ("chat: 164 problems were planned, but 160 have a verdict",)),
        ('datasets = ["first", "second"]', ("chat: 328 problems were planned, but 320 have a verdict",)),
        (f'dataset-sha256 = "{SHA256[:12]}"\nproblems = 320', ()),  # of both together
        (f'dataset-sha256 = "{"9" * 12}"\nproblems = 320', ("the dataset is a different one (sha256 0123456789ab)",)),
        ('datasets = ["first", "third"]\nproblems = 160', ("dataset third was planned but did not run",)),
    ):
        assert checked(tmp_path, ALONE + plan, what, 160, drop=None).deviations == deviations


def test_a_run_that_was_planned_to_end_early_may_have_fewer_problems(tmp_path: Path) -> None:
    what = run("chat") | {"stop": "decided"}
    assert checked(tmp_path, ALONE + 'stop = "decided"', what, 60, drop=None).deviations == ()
    unplanned = checked(tmp_path, ALONE, what, 60, drop=None)
    assert unplanned.deviations == ("chat: 164 problems were planned, but 60 have a verdict",)
    assert unplanned.exploratory == ("stopping early",)


def test_what_was_planned_to_be_left_out_may_not_be_given(tmp_path: Path) -> None:
    plan = ALONE + "fail-on-regression = false\npool = false"
    found = checked(tmp_path, plan, run("chat"), drop=None, on_regression=True)
    assert found.deviations == ("fail-on-regression was not planned, but given",)


def test_a_model_may_be_planned_by_its_digest(tmp_path: Path) -> None:
    for digest in ("sha256:abababababab", "ab" * 8):
        assert checked(tmp_path, PLAN.replace("tiny", digest), run("chat")).deviations == ()


def test_run_json_gives_it_back() -> None:
    found = Checked("plan.toml", "ab", "it is so", ("one",), ("two",))
    told = to_plain(found)
    assert recorded(told) == recorded(json.loads(json.dumps(told))) == found
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
        ('strategies = ["chat"]\nstop = "soon"', "stop cannot be 'soon'"),
        ('strategies = ["chat"]\ngate-on = "luck"', "gate-on cannot be 'luck'"),
        ('strategies = ["chat"]\npool = 1', "pool cannot be 1"),
        ('strategies = ["chat"]\nrewrites = [1]', r"rewrites cannot be \[1\]"),
        ('strategies = ["chat"]\nmin-pass-at-1 = 40', "min-pass-at-1 cannot be 40"),
        ('strategies = ["chat"]\nmin-pass-at-1 = { chat = true }', "min-pass-at-1 cannot be"),
        ('strategies = ["chat"]\ndataset-sha256 = "abc"', "dataset-sha256 needs at least 12 characters"),
        ("strategies = [", "cannot be read"),
    ],
)
def test_a_plan_that_says_what_cannot_be_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(InputError, match=told):
        read_registration(tmp_path / "plan.toml")
