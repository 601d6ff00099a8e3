"""The best chat strategies, ``minimal`` and the guided ones on MBPP's test split: pass@1 with interval, exact McNemar.

    python -m benchmarks.mbpp_table --humaneval-data-dir=FOLDER    # a folder that has mbpp.jsonl; resumes
    python -m benchmarks.mbpp_table --group chat --humaneval-data-dir=FOLDER
    python -m benchmarks.mbpp_table --only-table

The shape is ``mbpp``'s own, a description and one assertion, and the time limit 10 s, as the solution of MBPP/123
takes more than the default 3 on a slow processor. No strategy was made or chosen with a look at this split. Raw results
stay in benchmarks/results/mbpp/GROUP, the table in table.md beside them; a group that was not run is not in it.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.honest_table import write_table

FOLDER = Path(__file__).parent / "results" / "mbpp"
GROUPS = {
    "first": ("minimal", "lm_eval_instruct"),
    "chat": ("chat",),
    "qwen": ("qwen_instruct",),
    "evalplus": ("evalplus_chat",),
    "guided": ("best_of", "vote"),
    "cot": ("chat_cot",),
}
OPTIONS = ("--humaneval-dataset=mbpp", "--timeout=10")


def main() -> None:
    write_table(__doc__, FOLDER, GROUPS, OPTIONS)


if __name__ == "__main__":
    main()
