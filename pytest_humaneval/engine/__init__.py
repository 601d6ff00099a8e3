"""Turns requests into generations: one process per run, shared by every worker.

    protocol.py         what an engine is, and how one is registered; catalogue.py has the bundled ones
    engine_process.py   the run's side: starts the process; connection.py and relay.py ask it
    host.py             the process's side, with broker.py (who asked for what) and store.py (what was answered before)
    vllm.py, transformers.py, openai.py, replay.py, scripted.py   the engines, with what only one of them needs beside

Nothing here knows problems' tests, verdicts or pytest. Nothing heavy is imported before an engine starts: what needs
PyTorch, vLLM or a server's client imports it in its functions.
"""
