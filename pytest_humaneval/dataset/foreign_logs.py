"""Rows of other programs' logs as samples: lm-eval's, inspect's, and the output of OpenAI's and Anthropic's batches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pytest_humaneval.dataset.foreign_ids import DATASETS, task_id_of
from pytest_humaneval.exceptions import DatasetError

_CUSTOM_ID = re.compile(
    rf"(?:.*[-_:#/. ])?((?:{DATASETS})[/_-]\d+)(?:[-_:#/. ]+(?:sample|s|n)?[-_]?(\d+))?", re.IGNORECASE
)


def is_log(value: Any) -> bool:
    """Whether this is a log of inspect's."""
    if not isinstance(value, dict) or not isinstance(value.get("samples"), list) or "task_id" in value:
        return False
    return "eval" in value or any(isinstance(row, dict) and "output" in row and "id" in row for row in value["samples"])


def is_answered_batch(row: Any) -> bool:
    """Whether this is a line of what a batch of OpenAI's or Anthropic's put out."""
    return isinstance(row, dict) and "custom_id" in row and ("response" in row or "result" in row)


def of_lm_eval(row: dict[str, Any], doc: dict[str, Any], whole: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Every sample of a problem as it was generated; filtered ones are whole programs."""
    prompt, filtered = doc.get("prompt"), _flat(row.get("filtered_resps"))
    if filtered and all(isinstance(text, str) for text in filtered):
        begun = (isinstance(prompt, str) and text.startswith(prompt) for text in filtered)
        texts = [
            text[len(prompt or "") :] if known else whole(text) for text, known in zip(filtered, begun, strict=True)
        ]
    else:
        texts = _flat(row.get("resps")) or [None]
    return [{"task_id": task_id_of(doc["task_id"]), "completion": text} for text in texts]


def of_inspect(where: str, sample: Any) -> Any:
    """The first answer of one of inspect's samples.

    Raises:
        DatasetError: inspect had an error with it.
    """
    if not isinstance(sample, dict) or "id" not in sample:
        return sample
    if (error := sample.get("error")) is not None:
        raise DatasetError(
            f"{where}: inspect had an error with {sample['id']}, which has no answer: "
            f"{_said(error)}; continue its evaluation (inspect eval-retry), or take the sample out"
        )
    texts = _contents(sample.get("output"))
    return {"task_id": task_id_of(sample["id"]), "completion": texts[0] if texts else None}


def of_batch(where: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Every answer in a line of a batch's output; ``custom_id`` says to which problem, and may say which sample.

    Raises:
        DatasetError: the request had no answer.
    """
    response = row.get("response") or row.get("result") or {}
    response = response if isinstance(response, dict) else {}
    error = row.get("error") or response.get("error")
    body = response.get("body") or response.get("message")
    failed = response.get("status_code", 200) != 200 or response.get("type", "succeeded") != "succeeded"
    if error or failed or not isinstance(body, dict):
        raise DatasetError(
            f"{where}: the batch has no answer to {row['custom_id']!r} ({_said(error or body or response)}); ask it "
            "again, or take the line out"
        )
    custom = str(row["custom_id"])
    match = _CUSTOM_ID.fullmatch(custom)
    task_id = task_id_of(re.sub("^humaneval[/_-]", "HumanEval_", match[1], flags=re.IGNORECASE) if match else custom)
    texts = _contents(body)
    if not match or match[2] is None:
        return [{"task_id": task_id, "completion": text} for text in texts or [None]]
    first = int(match[2]) * len(texts)
    return [
        {"task_id": task_id, "completion": text, "sample_index": index} for index, text in enumerate(texts, start=first)
    ]


def _contents(output: Any) -> list[Any]:
    """The text of each choice, as OpenAI's API and inspect have them; Anthropic's is one message."""
    choices = output.get("choices") if isinstance(output, dict) else None
    if not isinstance(choices, list):
        return [joined(output["content"])] if isinstance(output, dict) and "content" in output else []
    messages = [choice.get("message", choice) if isinstance(choice, dict) else {} for choice in choices]
    return [joined(each.get("content", each.get("text"))) if isinstance(each, dict) else None for each in messages]


def joined(content: Any) -> Any:
    """A message's content as one text, which may come in parts."""
    if not isinstance(content, list):
        return content
    return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def _said(error: Any) -> str:
    said = error.get("message") or error.get("error") or error if isinstance(error, dict) else error
    return " ".join(str(said).split())[:200]


def _flat(value: Any) -> list[Any]:
    """The elements of lists in lists; no list is one element, and nothing none."""
    if not isinstance(value, list):
        return [] if value is None else [value]
    return [each for element in value for each in _flat(element)]
