"""The report page as people meet it: opened in a real browser, by mouse, keyboard and screen reader, and attacked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.base import AXE_FILE_PATH
from chromium import chromium, console, missing
from sample_results import PROBLEMS, asked, baseline, outcome, results
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from pytest_humaneval.report.page import write_page
from pytest_humaneval.results.read import Results

PATIENCE = 60  # seconds; a loaded machine is no defect of the page

Open = Callable[..., Chrome]


@pytest.fixture(scope="module")
def browsers() -> Iterator[Callable[[bool, bool], Chrome]]:
    """A browser for each of light and dark, wide and phone; each started when first asked for."""
    if reason := missing():
        pytest.skip(reason)
    with ExitStack() as stack:

        @functools.cache
        def start(dark: bool, phone: bool) -> Chrome:
            size = (390, 844) if phone else (1280, 900)
            return stack.enter_context(chromium(*size, dark=dark, phone=phone))

        yield start


@pytest.fixture(scope="module")
def usual_pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """The page of the usual results, without and with a baseline; each written once."""

    @functools.cache
    def page(compared: bool) -> Path:
        file = tmp_path_factory.mktemp("pages") / "page.html"
        write_page(file, results(), PROBLEMS, baseline() if compared else None, asked())
        return file

    return page


@pytest.fixture
def open_page(browsers: Callable[[bool, bool], Chrome], usual_pages: Callable[[bool], Path], tmp_path: Path) -> Open:
    """Open the page of ``given``, or of the usual results."""

    def show(
        given: Results | None = None, *, compared: bool = False, dark: bool = False, phone: bool = False
    ) -> Chrome:
        page = tmp_path / "page.html"
        if given is None:
            page = usual_pages(compared)
        else:
            write_page(page, given, PROBLEMS, baseline() if compared else None, asked())
        driver = browsers(dark, phone)
        driver.get("about:blank")
        console(driver)  # what former pages said
        driver.get(page.as_uri())
        return driver

    return show


def find(driver: Chrome, selector: str) -> WebElement:
    return driver.find_element(By.CSS_SELECTOR, selector)


def cell(driver: Chrome, problem: int, strategy: int) -> WebElement:
    return find(driver, f'#grid td[data-p="{problem}"][data-s="{strategy}"]')


def shown(driver: Chrome, selector: str, text: str) -> str:
    """The text of an element once it contains ``text``."""
    WebDriverWait(driver, PATIENCE).until(lambda _: text in str(find(driver, selector).get_property("textContent")))
    return str(find(driver, selector).get_property("textContent"))


def visible_problems(driver: Chrome) -> list[str]:
    rows = driver.find_elements(By.CSS_SELECTOR, "#grid tbody tr:not([hidden]) .name")
    return [str(row.get_property("textContent")) for row in rows]


def focused(driver: Chrome) -> str | None:
    return driver.switch_to.active_element.get_attribute("aria-label")


def press(driver: Chrome, *keys: str) -> None:
    ActionChains(driver).send_keys(*keys).perform()


def test_the_grid_says_each_verdict_by_sign_and_in_words(open_page: Open) -> None:
    driver = open_page()
    heads = driver.find_elements(By.CSS_SELECTOR, "#grid thead th")
    assert [head.get_property("textContent") for head in heads] == ["problem", "chat", "minimal"]  # best first
    assert visible_problems(driver) == ["add", "shout", "first"]
    signs = [[cell(driver, p, s).text for s in range(2)] for p in range(3)]
    assert signs == [["✓", "A"], ["✓", "✓"], ["T", "E"]]
    assert cell(driver, 0, 1).get_attribute("aria-label") == "assertion"


def test_a_click_shows_prompt_generation_completion_verdict_and_assertion(open_page: Open) -> None:
    driver = open_page()
    cell(driver, 0, 1).click()
    assert shown(driver, "#cell-completion", "a - b").startswith("    total = a - b")
    assert shown(driver, "#cell-generation", "```").startswith("```python")
    assert shown(driver, "#cell-prompt", "def add") == "def add(a, b):\n"
    assert "expected: 3\ngot: -1" in shown(driver, "#cell-detail", "assert candidate")
    assert "A assertion 20 tokens · 1.5 s to the last token · ended by stop" in shown(driver, "#cell-verdict", "tokens")


def test_reasoning_is_shown_where_there_is_some(open_page: Open) -> None:
    one = outcome("Mini/0", "chat", "passed", reasoning="First, the sum.")
    other = outcome("Mini/1", "chat", "passed")
    driver = open_page(Results((one, other), {"k": [1]}))
    cell(driver, 0, 0).click()
    assert shown(driver, "#cell-reasoning", "First") == "First, the sum."
    driver.find_element(By.CSS_SELECTOR, "#cell-after").click()
    shown(driver, "#cell-title", "Mini/1")
    assert not driver.find_element(By.CSS_SELECTOR, "#cell-reasoning").is_displayed()


def test_a_conversation_is_shown_by_role(open_page: Open) -> None:
    driver = open_page()
    cell(driver, 0, 0).click()
    assert shown(driver, "#cell-prompt", "[user]") == "[system]\nYou write Python.\n\n[user]\nPlease: def add(a, b):\n"


def test_the_difference_is_to_a_strategy_with_the_other_verdict_and_marks_lines_and_words(open_page: Open) -> None:
    driver = open_page()
    cell(driver, 0, 1).click()
    assert "− minimal (assertion), + chat (passed)" in shown(driver, "#diff-told", "chat")
    assert find(driver, "#diff del").get_property("textContent") == "-     total = a - b\n"
    assert find(driver, "#diff ins").get_property("textContent") == "+     total = a + b\n"
    assert [one.text for one in driver.find_elements(By.CSS_SELECTOR, "#diff mark")] == ["-", "+"]
    Select(find(driver, "#diff-what")).select_by_value("prompt")
    shown(driver, "#diff", "Please")


def test_the_keyboard_reaches_opens_and_closes_every_cell(open_page: Open) -> None:
    driver = open_page()
    find(driver, "#order").send_keys(Keys.TAB)
    for _ in driver.find_elements(By.CSS_SELECTOR, ".chip"):
        press(driver, Keys.TAB)
    assert focused(driver) == "passed"  # the first cell; all the others are one tab stop with it
    press(driver, Keys.ARROW_RIGHT)
    assert focused(driver) == "assertion"
    press(driver, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert focused(driver) == "exception"
    press(driver, Keys.ENTER)
    shown(driver, "#cell-title", "Mini/10")
    assert find(driver, "#cell").get_attribute("open") is not None
    press(driver, Keys.ESCAPE)
    assert find(driver, "#cell").get_attribute("open") is None
    assert focused(driver) == "exception"


def test_filters_by_text_and_by_verdict_keep_what_matches(open_page: Open) -> None:
    driver = open_page()
    shown(driver, "#found", "3 of 3 problems, 6 samples")
    find(driver, "#filter-text").send_keys("SHOUT")
    shown(driver, "#found", "1 of 3 problems, 2 samples")
    assert visible_problems(driver) == ["shout"]
    find(driver, "#filter-text").clear()
    find(driver, "#filter-text").send_keys("a - b")  # only in what minimal wrote
    shown(driver, "#found", "3 of 3 problems, 3 samples")
    assert "faded" in str(cell(driver, 0, 0).get_attribute("class"))
    find(driver, "#filter-text").clear()
    find(driver, "#filter-text").send_keys(" ")
    chip = driver.find_element(By.XPATH, "//button[contains(., 'timed out')]")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    shown(driver, "#found", "1 of 3 problems, 1 sample")
    assert visible_problems(driver) == ["first"]
    chip.click()
    Select(find(driver, "#filter-rows")).select_by_value("differ")
    shown(driver, "#found", "1 of 3 problems")
    assert visible_problems(driver) == ["add"]


def test_a_cause_filters_the_answers(open_page: Open) -> None:
    drawn = [outcome("Mini/0", "chat", "assertion", cause="off by one"), outcome("Mini/1", "chat", "assertion")]
    driver = open_page(Results(tuple(drawn), {"k": [1]}, ""))
    causes = Select(find(driver, "#filter-cause"))
    assert [one.text for one in causes.options] == ["any", "off by one (1)"]
    causes.select_by_index(1)
    shown(driver, "#found", "1 of")
    assert visible_problems(driver) == ["add"]
    causes.select_by_index(0)
    shown(driver, "#found", "2 of")


def test_hardest_first_puts_what_nobody_solved_on_top(open_page: Open) -> None:
    driver = open_page()
    Select(find(driver, "#order")).select_by_value("hard")
    assert visible_problems(driver) == ["first", "add", "shout"]


def test_a_baseline_shows_what_was_fixed_and_broken(open_page: Open) -> None:
    driver = open_page(compared=True)
    said = find(driver, "#baseline details").text
    assert "1 fixed" in said
    assert "2 broken" in said
    assert [one.text for one in driver.find_elements(By.CSS_SELECTOR, ".names")] == ["Mini/1", "Mini/0\nMini/10"]
    assert cell(driver, 1, 1).get_attribute("aria-label") == "passed, fixed since the baseline"
    Select(find(driver, "#filter-rows")).select_by_value("broken")
    shown(driver, "#found", "2 of 3 problems, 2 samples")


def test_several_samples_are_counted_in_the_cell_and_chosen_in_the_dialog(open_page: Open) -> None:
    drawn = [outcome("Mini/0", "chat", kind, index) for index, kind in enumerate(["passed", "assertion", "passed"])]
    driver = open_page(Results(tuple(drawn), {"k": [1]}, ""))
    assert cell(driver, 0, 0).text == "2/3"
    cell(driver, 0, 0).click()
    shown(driver, "#cell-verdict", "passed")
    Select(find(driver, "#cell-sample")).select_by_index(1)
    shown(driver, "#cell-verdict", "assertion")


def test_a_link_to_a_cell_opens_it(open_page: Open) -> None:
    driver = open_page()
    cell(driver, 0, 1).click()
    shown(driver, "#cell-verdict", "assertion")
    address = driver.current_url
    assert address.endswith("#Mini%2F0/minimal")
    driver.get("about:blank")
    driver.get(address)
    shown(driver, "#cell-title", "add")


HOSTILE = [
    "<script>window.hit = 1</script>",
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "</pre><svg onload='window.hit = 1'>",
    "<!--<script>",
    "</style><style>body { display: none }</style>",
    "'\"><iframe srcdoc='<script>parent.hit = 1</script>'></iframe>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.hit=1",
    "\u202e\u2066 reversed \ud800 \x00 \x1b[31m",
]


def hostile() -> Results:
    """Results whose every text and name is an attack, each problem another one."""
    outcomes = [
        outcome(f"Mini/{text}", "chat", "assertion", generation=text, completion=text, detail=text) for text in HOSTILE
    ]
    named = [replace(outcome("Mini/0", "minimal", "passed"), strategy=f"s{text}") for text in HOSTILE[:3]]
    everything = " ".join(HOSTILE)
    run: dict[str, Any] = {
        "identity": {"model": everything},
        "comparisons": [{"first": everything, "p": 0.5}],
        "k": [1],
    }
    return Results((*outcomes, *named), run, everything)


def test_generated_markup_does_nothing(open_page: Open) -> None:
    driver = open_page(hostile(), compared=True)
    cells = [one for one in driver.find_elements(By.CSS_SELECTOR, "#grid td[tabindex]") if one.text == "A"]
    assert len(cells) == len(HOSTILE)
    for one in cells:
        one.click()
        shown(driver, "#cell-verdict", "assertion")
        press(driver, Keys.ESCAPE)
    find(driver, "#filter-text").send_keys("<script>")
    shown(driver, "#found", "4 of ")
    assert driver.execute_script("return window.hit ?? null") is None
    assert driver.find_elements(By.CSS_SELECTOR, "iframe, img, main script, dialog script, [onload], [onerror]") == []
    assert find(driver, "h1").is_displayed()
    assert console(driver) == []


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_generated_markup_is_shown_as_it_is(open_page: Open, text: str) -> None:
    driver = open_page(Results((outcome("Mini/0", "chat", "passed", completion=text),)))
    cell(driver, 0, 0).click()
    assert shown(driver, "#cell-completion", "hit") == text


def test_the_policy_stops_a_script_that_slipped_in(
    open_page: Open, usual_pages: Callable[[bool], Path], tmp_path: Path
) -> None:
    driver = open_page()
    page = tmp_path / "page.html"
    slipped = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'></main>"
    page.write_text(usual_pages(False).read_text().replace("</main>", slipped))
    driver.get(page.as_uri())
    assert driver.execute_script("return window.hit ?? null") is None
    assert any("Content Security Policy" in message for message in console(driver))
    with pytest.raises(Exception, match="TrustedHTML"):
        driver.execute_script("document.body.innerHTML = '<b>slip</b>'")


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_accessibility_rule_is_broken(open_page: Open, dark: bool, phone: bool) -> None:
    driver = open_page(compared=True, dark=dark, phone=phone)
    assert broken_rules(driver) == []
    cell(driver, 0, 1).click()
    shown(driver, "#diff", "a + b")
    assert broken_rules(driver) == []


def test_rewrites_stand_beside_the_problems_as_they_were(open_page: Open) -> None:
    in_other_words = [
        replace(outcome(f"{task}~typos", "chat", kind), original=task, rewrite="typos", dataset="Mini~typos")
        for task, kind in {"Mini/0": "assertion", "Mini/1": "passed"}.items()
    ]
    originals = [replace(each, dataset="Mini") for each in results().outcomes]
    driver = open_page(Results((*originals, *in_other_words), {}, "here/results.jsonl"))
    cells = driver.find_elements(By.CSS_SELECTOR, "#rewrites tbody tr > *")
    assert [each.get_property("textContent") for each in cells[:5]] == ["typos", "2", "1.000", "0.500", "−0.500"]
    summary = " ".join(shown(driver, "#rewrites summary", "chat on Mini").split())
    assert summary == "chat on Mini: 0.667 as it was, 0.333 in the worst case of each problem"
    assert broken_rules(driver) == []


def broken_rules(driver: Chrome) -> Sequence[str]:
    """What axe-core finds: contrast, names, roles, order of headings, and the like."""
    driver.execute_script(Path(AXE_FILE_PATH).read_text())
    found = driver.execute_async_script("axe.run().then(arguments[0])")
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def test_a_phone_scrolls_in_one_direction(open_page: Open) -> None:
    driver = open_page(replace(results(), notes=("a/path/with/no/blank" * 9,)), compared=True, phone=True)
    assert driver.execute_script("return document.documentElement.scrollWidth") == 390
    cell(driver, 0, 1).click()
    shown(driver, "#diff", "a + b")
    assert driver.execute_script("const d = document.querySelector('dialog'); return d.scrollWidth <= d.clientWidth")


def test_figures_follow_the_colours_of_the_page(open_page: Open) -> None:
    fills = set()
    for dark in (False, True):
        driver = open_page(dark=dark)
        text = find(driver, "svg.wide text")
        fills.add(driver.execute_script("return getComputedStyle(arguments[0]).fill", text))
    assert len(fills) == 2
