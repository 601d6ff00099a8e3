"""After a training: a figure of its curves and a table in Markdown, made from metrics.jsonl alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from .checkpoint import TrainerState
from .config import Config
from .watch import Metrics, read_metrics

FIGURE, TABLE = "training.png", "training.md"


def write_report(output: Path, config: Config, model: str, data: str, state: TrainerState) -> tuple[Path, ...]:
    """Write the table, and the figure where matplotlib is installed; returns what was written."""
    metrics = read_metrics(output)
    table = output / TABLE
    table.write_text("\n".join(_table(config, model, data, state, metrics)) + "\n")
    figure = draw_figure(metrics, output / FIGURE)
    return (table, figure) if figure else (table,)


def draw_figure(metrics: Sequence[Metrics], path: Path) -> Path | None:
    """Loss, validation loss, learning rate and gradient norm over steps; None without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    # Without pyplot: no display is asked for, and no global state is left behind.
    figure = Figure(figsize=(9, 6), layout="constrained")
    loss, rate, norm = figure.subplots(3, 1, sharex=True, height_ratios=(2, 1, 1))
    steps = [row.step for row in metrics]
    evaluated = [row for row in metrics if row.validation_loss is not None]
    loss.plot(steps, [row.loss for row in metrics], label="training", alpha=0.6)
    loss.plot([row.step for row in evaluated], [row.validation_loss for row in evaluated], "o-", label="validation")
    loss.set_ylabel("loss per token")
    loss.legend()
    rate.plot(steps, [row.learning_rate for row in metrics])
    rate.set_ylabel("learning rate")
    norm.semilogy(steps, [max(row.grad_norm, 1e-12) for row in metrics])
    norm.set_ylabel("gradient norm")
    norm.set_xlabel("step")
    figure.savefig(path, dpi=120)
    return path


def _table(config: Config, model: str, data: str, state: TrainerState, metrics: Sequence[Metrics]) -> Iterator[str]:
    yield f"# Soft prompt: {config.kind}, {config.objective}"
    yield ""
    learned = (
        f"a LoRA of rank {config.lora_rank} under"
        if config.kind == "lora"
        else f"{config.num_virtual_tokens} virtual tokens in front of"
    )
    yield f"Model {model}; {learned} the strategy {config.strategy}."
    yield f"Data: {data}."
    yield ""
    yield "| step | loss | validation loss | learning rate | gradient norm | tokens/s |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for row in metrics:
        if row.validation_loss is not None or row.step == 1:
            validation = "" if row.validation_loss is None else f"{row.validation_loss:.4f}"
            speed = row.tokens / max(row.seconds, 1e-9)
            yield (
                f"| {row.step} | {row.loss:.4f} | {validation} | {row.learning_rate:.2e} "
                f"| {row.grad_norm:.3g} | {speed:,.0f} |"
            )
    yield ""
    tokens = sum(row.tokens for row in metrics)
    yield (
        f"Best validation loss {state.best_loss:.4f} after step {state.best_step}; "
        f"{tokens:,} tokens in {state.seconds / 60:.1f} min, evaluations included."
    )
    yield ""
    yield "| setting | value |"
    yield "|---|---|"
    for name, value in config.to_dict().items():
        yield f"| {name} | {str(value).strip()!r} |" if isinstance(value, str) else f"| {name} | {value} |"
