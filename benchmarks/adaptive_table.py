"""The strategies that draw adaptively, and ``review``, beside those that they grew out of: one run on all 164 problems.

    python -m benchmarks.adaptive_table                # resumes; more pytest options may follow
    python -m benchmarks.adaptive_table --only-table

A table of its own, as the honest table was measured in another precision. The raw results stay in
benchmarks/results/adaptive/humaneval, the table in table.md beside them.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.honest_table import write_table

FOLDER = Path(__file__).parent / "results" / "adaptive"
GROUPS = {
    "humaneval": (
        "minimal",
        "lm_eval_instruct",
        "review",
        "best_of",
        "vote",
        "best_of_adaptive",
        "vote_adaptive",
    )
}


def main() -> None:
    write_table(__doc__, FOLDER, GROUPS)


if __name__ == "__main__":
    main()
