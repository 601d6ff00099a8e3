"""What four ways of asking lose when HumanEval's problems are said in other words, on the default model.

    python -m benchmarks.robustness_table                      # runs what has no results yet, then writes the tables
    python -m benchmarks.robustness_table --group single       # runs this group, also where it has results
    python -m benchmarks.robustness_table --only-table

Each group is one pytest run over all 164 problems and what sixteen rewrites make of them (seed 0), greedy but for what
``best_of`` draws; its raw results stay in benchmarks/results/robustness/GROUP. A run that is cut off resumes: finished
generations are in the store, and finished rows stay in the folder. More pytest options may follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.honest_table import finished, run_missing
from pytest_humaneval.statistics.robustness import Robustness, robustness_of
from pytest_humaneval.text.wording import p_text

FOLDER = Path(__file__).parent / "results" / "robustness"
GROUPS = {"single": ("minimal", "lm_eval_instruct"), "chat": ("chat",), "guided": ("best_of",)}


def main() -> None:
    run_missing(__doc__, FOLDER, GROUPS, ("--humaneval-rewrite=all",))
    text = table(rows())
    (FOLDER / "table.md").write_text(text, encoding="utf-8")
    print(text)


def rows() -> list[Robustness]:
    """Those of the groups that have been run."""
    return [row for results in finished(FOLDER, GROUPS).values() for row in robustness_of(results.outcomes)]


def table(rows: Iterable[Robustness]) -> str:
    """Markdown: the worst case of each strategy, then what each rewrite costs it.

    The correction of p is over the rewrites of all strategies of a group, as the group's own report has it.
    """
    given = list(rows)
    lines = ["| strategy | pass@1 | worst case | 95 % interval | costs most |", "|---|--:|--:|--:|---|"]
    for row in given:
        worst, (low, high) = row.worst, row.worst_case_interval
        most = f"{worst.first} {worst.difference:+.3f}" if worst is not None else ""
        figures = f"{row.pass_at_1:.3f} | {row.worst_case:.3f} | [{low:.3f}, {high:.3f}]"
        lines.append(f"| `{row.strategy}` | {figures} | {most} |")
    lines += [
        "",
        "| strategy | rewrite | problems | as it was | rewritten | change | 95 % interval | broken / fixed | p, Holm |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in given:
        for comparison in row.comparisons:
            low, high = comparison.interval
            cells = [
                f"`{row.strategy}`",
                comparison.first,
                str(comparison.problems),
                f"{comparison.second_pass_at_1:.3f}",
                f"{comparison.first_pass_at_1:.3f}",
                f"{comparison.difference:+.3f}",
                f"[{low:+.3f}, {high:+.3f}]",
                f"{len(comparison.worse)} / {len(comparison.better)}",
                p_text(comparison.p_holm),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
