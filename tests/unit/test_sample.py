from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.prompt import Adapter, Message, Prompt, VirtualTokens
from pytest_humaneval.sample import Request, Sampling

text = st.text(st.characters(), max_size=20)  # with lone surrogates
prompts = st.builds(
    Prompt,
    mode=st.sampled_from(["completion", "chat"]),
    text=text,
    messages=st.lists(st.builds(Message, st.sampled_from(["user", "assistant"]), text), max_size=3).map(tuple),
    stop=st.lists(text, max_size=3).map(tuple),
    completion_prefix=text,
    virtual_tokens=st.none() | st.builds(VirtualTokens, text, text),
    adapter=st.none() | st.builds(Adapter, text, text, text),
)
samplings = st.builds(Sampling, st.floats(0, 2), st.floats(0.1, 1), st.integers(1, 1000), st.integers(0, 10))
requests = st.builds(Request, prompts, samplings, st.integers(0, 5), text, text)

PLAIN = Request(Prompt("completion", "def f():"), Sampling(), 0, "T/0", "minimal")
WARM = replace(PLAIN, sampling=Sampling(temperature=0.8))


@given(requests)
def test_a_request_survives_the_wire(request: Request) -> None:
    assert from_plain(Request, json.loads(json.dumps(to_plain(request))), "here") == request


@given(requests)
def test_a_key_is_the_same_on_both_sides_of_the_wire(request: Request) -> None:
    assert from_plain(Request, json.loads(json.dumps(to_plain(request))), "here").key("m") == request.key("m")


def test_equal_questions_of_two_strategies_have_one_key() -> None:
    other = replace(PLAIN, strategy="expert_v00", task_id="T/1")
    assert other.key("m") == PLAIN.key("m")
    assert other.key("m", by_item=True) != PLAIN.key("m", by_item=True)


def test_greedy_samples_share_a_key_and_drawn_ones_do_not() -> None:
    assert replace(PLAIN, sample_index=3).key("m") == PLAIN.key("m")
    assert replace(PLAIN, sampling=Sampling(seed=3)).key("m") == PLAIN.key("m")
    assert replace(WARM, sample_index=3).key("m") != WARM.key("m")


def test_a_drawn_sample_is_known_by_its_seed() -> None:
    later = replace(WARM, sampling=replace(WARM.sampling, seed=2), sample_index=1)
    assert later.seed == 3
    assert later.key("m") == replace(WARM, sample_index=3).key("m")


def test_whatever_can_change_the_answer_changes_the_key() -> None:
    changed = [
        replace(PLAIN, prompt=replace(PLAIN.prompt, text="def f(): ")),
        replace(PLAIN, prompt=replace(PLAIN.prompt, stop=("\n",))),
        replace(PLAIN, prompt=replace(PLAIN.prompt, mode="chat")),
        replace(PLAIN, prompt=replace(PLAIN.prompt, messages=(Message("user", "x"),))),
        replace(PLAIN, sampling=Sampling(max_tokens=1)),
        WARM,
        replace(WARM, sampling=replace(WARM.sampling, top_p=0.5)),
    ]
    keys = [request.key("m") for request in (PLAIN, *changed)]
    assert len(set(keys)) == len(keys)
    assert PLAIN.key("another model") != PLAIN.key("m")


def test_a_prefix_that_belongs_to_the_answer_is_not_part_of_the_question() -> None:
    assert replace(PLAIN, prompt=replace(PLAIN.prompt, completion_prefix="    ")).key("m") == PLAIN.key("m")


def test_a_soft_prompt_is_known_by_its_numbers_wherever_they_lie() -> None:
    def key(directory: str, digest: str) -> str:
        prompt = replace(PLAIN.prompt, virtual_tokens=VirtualTokens(directory, digest))
        return replace(PLAIN, prompt=prompt).key("m")

    assert key("here", "1") == key("there", "1")
    assert len({key("here", "1"), key("here", "2"), PLAIN.key("m")}) == 3


def test_a_lora_is_known_by_its_digest_and_is_no_soft_prompt() -> None:
    def key(adapter: Adapter | None, virtual: VirtualTokens | None = None) -> str:
        return replace(PLAIN, prompt=replace(PLAIN.prompt, adapter=adapter, virtual_tokens=virtual)).key("m")

    assert key(Adapter("here", "1", "a")) == key(Adapter("there", "1", "b"))
    keys = {key(Adapter("here", "1", "a")), key(Adapter("here", "2", "a")), key(None, VirtualTokens("here", "1"))}
    assert len({*keys, PLAIN.key("m")}) == 4
