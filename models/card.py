"""The figures of a model card: tables between two marks, written by the commands that measured them."""

from __future__ import annotations

from pathlib import Path

from models.evaluate import Score

BEGIN, END = "<!-- figures: written by `levee models export` -->", "<!-- end of figures -->"


def table(scores: dict[str, Score]) -> str:
    """Markdown: one row per set of pictures."""
    lines = [
        "| pictures of | number | people, mean | MAE | RMSE | bias | truth inside the 90 % band |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, s in scores.items():
        inside = "" if s.coverage_percent != s.coverage_percent else f"{s.coverage_percent:.0f} %"
        errors = f"{s.mae:.2f} | {s.rmse:.2f} | {s.bias_percent:+.1f} %"
        lines.append(f"| {name} | {s.pictures} | {s.truth_mean:.1f} | {errors} | {inside} |")
    return "\n".join(lines)


def put_figures(card: Path, text: str) -> bool:
    """Put `text` between the marks of a card; False, and nothing written, where it has no marks."""
    content = card.read_text(encoding="utf-8") if card.exists() else ""
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return False
    card.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    return True
