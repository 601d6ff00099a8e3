"""A Ray Serve application with the tiny model: ``python serve_application.py MODEL PORT JOURNAL [SECONDS]``.

Two replicas, each in a process of its own, that speak OpenAI's protocol. Each takes four requests at once, and eight
wait for them; what is beyond is refused by Serve itself. The replicas refuse everything with 429 for so many SECONDS
after the first request. What they did is a line each in JOURNAL. It says when it listens, and ends with its standard
input.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from fastapi import FastAPI, HTTPException
from ray import serve

TOKENS = 8

api = FastAPI()


@serve.deployment(num_replicas=2, max_ongoing_requests=4, max_queued_requests=8, ray_actor_options={"num_cpus": 1})
@serve.ingress(api)
class Completions:
    """One replica."""

    def __init__(self, model: str, journal: str, refused_for: float) -> None:
        for name in ("torchvision", "torchaudio"):  # of another build than torch
            sys.modules[name] = None  # type: ignore[assignment]
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self._model: Any = AutoModelForCausalLM.from_pretrained(model)
        self._journal, self._refused_for = Path(journal), refused_for

    @api.get("/v1/models")
    def models(self) -> dict[str, Any]:
        """The list of them."""
        return {"object": "list", "data": [{"id": "tiny", "object": "model"}]}

    @api.post("/v1/completions")
    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """One greedy completion."""
        prompt = body["prompt"]
        if (left := self._seconds_left()) > 0:
            self._note(refused=prompt)
            raise HTTPException(429, "slow down", headers={"Retry-After": str(math.ceil(left))})
        given = self._tokenizer(prompt, return_tensors="pt")
        length = given["input_ids"].shape[1]
        tokens = self._model.generate(**given, max_new_tokens=TOKENS, do_sample=False)[0, length:]
        text = self._tokenizer.decode(tokens)
        self._note(answered=prompt, text=text, pid=os.getpid())
        choices = [{"index": 0, "text": text, "finish_reason": "stop"}]
        usage = {"prompt_tokens": length, "completion_tokens": len(tokens)}
        kind = {"id": "1", "object": "text_completion", "created": 0, "model": "tiny"}
        return {**kind, "choices": choices, "usage": usage}

    def _seconds_left(self) -> float:
        """Until requests are answered; the same for both replicas."""
        first = self._journal.with_suffix(".first")
        with suppress(FileExistsError):
            first.open("x").close()
        return first.stat().st_mtime + self._refused_for - time.time()

    def _note(self, **row: Any) -> None:
        with self._journal.open("a") as file:  # a line is written at once
            file.write(json.dumps(row) + "\n")


def main(model: str, port: str, journal: str, refused_for: str = "0") -> None:
    """Serve until standard input ends."""
    ray.init(address="local", num_cpus=2, include_dashboard=False, object_store_memory=80 << 20)
    serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
    serve.run(Completions.bind(model, journal, float(refused_for)))  # type: ignore[attr-defined]
    print("listening", flush=True)
    sys.stdin.read()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
