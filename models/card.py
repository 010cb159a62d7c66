"""The figures of a model card: tables between two marks, written by the commands that measured them."""

from __future__ import annotations

import math
from pathlib import Path

from models.evaluate import Score

BEGIN, END = "<!-- figures: written by `levee models export` -->", "<!-- end of figures -->"


def table(scores: dict[str, Score]) -> str:
    """Markdown: one row per set of pictures."""
    lines = [
        "| pictures of | number | people, mean | MAE | RMSE | bias | GAME 1, 2, 3 | truth inside the 90 % band |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, s in scores.items():
        inside = "" if math.isnan(s.coverage_percent) else f"{s.coverage_percent:.0f} %"
        parts = ", ".join(f"{level:.1f}" for level in s.game)
        errors = f"{s.mae:.2f} | {s.rmse:.2f} | {s.bias_percent:+.1f} % | {parts}"
        lines.append(f"| {name} | {s.pictures} | {s.truth_mean:.1f} | {errors} | {inside} |")
    return "\n".join(lines)


def coverage_table(coverage: dict[str, tuple[int, float]]) -> str:
    """Markdown: how often the 90 % band holds the truth."""
    lines = ["| the truth inside the 90 % band, of | number | share |", "|---|---:|---:|"]
    lines += [f"| {name} | {number} | {percent:.1f} % |" for name, (number, percent) in coverage.items()]
    return "\n".join(lines)


def put_figures(card: Path, text: str, begin: str = BEGIN, end: str = END) -> bool:
    """Put `text` between two marks of a card; False, and nothing written, where it has no such marks."""
    content = card.read_text(encoding="utf-8") if card.exists() else ""
    before, first, rest = content.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        return False
    card.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
    return True
