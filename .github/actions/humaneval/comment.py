"""Comments a run's summary on the pull request: once, and from then on in the same comment.

Reads SUMMARY (a Markdown file), KEY and TOKEN, and GitHub's own GITHUB_API_URL, GITHUB_REPOSITORY and
GITHUB_EVENT_PATH. A token that may not comment, as that of a fork's pull request, is a warning: the gate has answered.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LONGEST = 60_000  # characters; GitHub takes 65,536
A_PAGE = 100
PAGES = 30


def main() -> int:
    """Exit status 0, also where nothing could be commented."""
    marker = f"<!-- pytest-humaneval: {os.environ['KEY'].replace('--', '-')} -->"
    summary = Path(os.environ["SUMMARY"])
    if not summary.exists():
        print("::warning::pytest-humaneval wrote no summary; nothing is commented")
        return 0
    text = summary.read_text(encoding="utf-8")
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n\nThe rest is in the uploaded results.\n"
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    comments = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues/{int(event['pull_request']['number'])}/comments"
    body = {"body": f"{marker}\n{text}"}
    try:
        former = _former(comments, marker)
        if former is None:
            _ask("POST", comments, body)
        else:
            _ask("PATCH", f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues/comments/{former}", body)
    except (urllib.error.URLError, TimeoutError) as error:
        print(f"::warning::the summary could not be commented: {error}; the token needs pull-requests: write")
    return 0


def _former(comments: str, marker: str) -> int | None:
    """The comment of an earlier run. A bot's only: anybody may write a comment that begins as ours do."""
    for page in range(1, PAGES + 1):
        found = _ask("GET", f"{comments}?per_page={A_PAGE}&page={page}")
        for one in found:
            if one["user"]["type"] == "Bot" and (one["body"] or "").startswith(marker):
                return int(one["id"])
        if len(found) < A_PAGE:
            break
    return None


def _ask(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(
        os.environ["GITHUB_API_URL"] + path,
        data=json.dumps(body).encode() if body is not None else None,
        method=method,
        headers={
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


if __name__ == "__main__":
    sys.exit(main())
