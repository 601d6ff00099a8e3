"""What is known by name: the messages are the same for every sort of thing."""

from __future__ import annotations

import functools

import pytest

from pytest_humaneval.dataset.kinds import DATASET_SORT, DatasetKind
from pytest_humaneval.dataset.requested import requested_datasets
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.marshalling.top_level import TopLevel
from pytest_humaneval.problem import Problem
from pytest_humaneval.registration import Sort
from pytest_humaneval.sandbox.interface import SANDBOX_SORT, SandboxKind
from pytest_humaneval.sandbox.library import open_sandbox

ONE = Problem("Mine/0", "def one():\n", "one", "    return 1\n", "def check(candidate):\n    assert candidate() == 1\n")


def kind(name: str) -> SandboxKind:
    return SandboxKind(name, "", open_sandbox)


def test_things_are_known_in_the_order_of_their_offering_and_one_may_be_offered_twice() -> None:
    b, a = kind("b"), kind("a")
    assert list(SANDBOX_SORT.register([("x", b), ("y", a), ("z", b)])) == ["b", "a"]


def test_two_of_one_name_are_refused_with_the_places_that_are_known() -> None:
    with pytest.raises(InputError, match=r"^two sandboxes are named 'a', in here and in there; give one of them"):
        SANDBOX_SORT.register([("here", kind("a")), ("there", kind("a"))])
    with pytest.raises(InputError, match=r"^two sandboxes are named 'a'; give one of them another name$"):
        SANDBOX_SORT.register([("", kind("a")), ("", kind("a"))])


@pytest.mark.parametrize("name", ["", "all", "a b", "a,b", "a:b"])
def test_a_name_that_could_not_be_asked_for_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be the name of a sandbox, which has no space, .* and is not 'all'$"):
        SANDBOX_SORT.register([("", kind(name))])


@pytest.mark.parametrize("sort", [SANDBOX_SORT, DATASET_SORT], ids=lambda sort: sort.noun)
def test_an_unknown_name_gets_near_ones_and_the_list(sort: Sort[SandboxKind]) -> None:
    message = f"--here: unknown {sort.noun} 'littel'; did you mean 'little'\\? known: auto, little$"
    with pytest.raises(InputError, match=message):
        sort.find("littel", {"little": kind("little")}, "--here", others=("auto",))


def test_a_dataset_s_digest_is_that_of_its_problems_with_their_tests() -> None:
    first, second = (DatasetKind(name, "", lambda: [ONE]).dataset() for name in ("a", "b"))
    assert (first.name, first.sha256) == ("a", second.sha256)
    other = DatasetKind("a", "", lambda: [Problem("Mine/0", ONE.prompt, "one", "", "")]).dataset()
    assert other.sha256 != first.sha256


def test_a_name_that_is_known_is_no_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("datasets")
    (folder / "mine").touch()
    (folder / "other").touch()
    known = {"mine": DatasetKind("mine", "", lambda: [ONE])}
    mine, other = requested_datasets("mine,other", known, folder, ())
    assert mine.kind is known["mine"]
    with pytest.raises(DatasetError, match="holds no problem"):
        other.dataset()


class Nested:
    @staticmethod
    def make() -> None:
        """Can be found below its class."""


def test_what_another_process_can_import_is_found_again() -> None:
    assert TopLevel.of(Nested.make, "it").load() is Nested.make


@pytest.mark.parametrize("thing", [lambda: None, functools.partial(print), 7])
def test_what_another_process_cannot_import_is_refused(thing: object) -> None:
    with pytest.raises(InputError, match=r"^it is made by .* has to be a class or a function at the top level of a"):
        TopLevel.of(thing, "it")
