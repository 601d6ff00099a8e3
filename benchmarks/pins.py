"""Turn pip's report of an installation into pins with hashes, which a person or a CI system can insist on.

    pip install --dry-run --ignore-installed --report report.json '.[cpu]'
    python -m benchmarks.pins report.json 2026-11-28 > benchmarks/requirements-cpu.txt

The hash is that of the file that pip took here. Another Python, processor or source of torch takes other files, which
pip then refuses: that is what the file is for.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

HEADER = """\
# What `pip install '.[cpu]'` installed on {date}, with Python {python} on {system} ({machine}), to the byte:
#
#     pip install --require-hashes -r benchmarks/requirements-cpu.txt && pip install --no-deps -e .
#
# torch is the CPU build of PyTorch's own index. A line may have several hashes. `python -m benchmarks.pins` wrote it.
"""
OURS = "pytest-humaneval"


def main(report: Path, date: str) -> None:
    """Print the pins."""
    resolution = json.loads(report.read_text(encoding="utf-8"))
    machine = resolution["environment"]
    print(
        HEADER.format(
            date=date,
            python=machine["python_version"],
            system=machine["platform_system"],
            machine=machine["platform_machine"],
        )
    )
    print("\n".join(sorted(pins(resolution["install"]), key=str.lower)))


def pins(installed: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A line of a requirements file for each distribution but ours."""
    for package in installed:
        name, version = package["metadata"]["name"], package["metadata"]["version"]
        if normalised(name) != OURS:
            digest = package["download_info"]["archive_info"]["hashes"]["sha256"]
            yield f"{normalised(name)}=={version} --hash=sha256:{digest}"


def normalised(name: str) -> str:
    """A distribution's name as all tools compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
