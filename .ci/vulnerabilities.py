"""Print what pip-audit found, a line each: vulnerabilities.py REPORT.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

found = [
    f"{one['name']} {one['version']}: {entry['id']}, mended in {', '.join(entry['fix_versions']) or 'no release'}"
    for one in json.loads(Path(sys.argv[1]).read_text())["dependencies"]
    for entry in one.get("vulns", ())
]
print(f"known vulnerabilities: {len(found)}", *found, sep="\n  ")
