"""Whether a counter may compute in fewer bits: only where its counts on validation pictures stay as good. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WITHIN = 0.02
"""The mean absolute error may rise by this share of what it is in full precision."""
LEAST_PICTURES = 20
"""Fewer validation pictures say nothing of two percent."""
BEGIN, END = "<!-- gate: written by `levee models gate` -->", "<!-- end of gate -->"


@dataclass(frozen=True)
class Verdict:
    """What became of a precision at the gate."""

    precision: str
    accepted: bool
    reason: str
    pictures: int
    full_mae: float
    """people, in f32"""
    lower_mae: float
    bias_percent: float
    """by how much the sum of all counts moves, %"""
    densest_percent: float
    """by how much that of the quarter with the most people moves, %"""
    farthest: float
    """the most that one picture's count moves, people"""

    @property
    def change_percent(self) -> float:
        """By how much the mean absolute error rises, % of what it is in f32."""
        return 100.0 * (self.lower_mae - self.full_mae) / self.full_mae if self.full_mae > 0 else 0.0


def judge(precision: str, full: Floats, lower: Floats, truth: Floats) -> Verdict:
    """Hold the counts of a lower precision against those of f32; each (n,) people in the same n pictures.

    Refused where the error rises by more than `WITHIN`; where the counts as a whole, or those of the densest quarter,
    move by more than that, though the error does not (what hides people in crowds may mend other pictures); where a
    count is not finite; and where there are too few pictures, or nobody in them, to tell.
    """
    if not len(full) == len(lower) == len(truth):
        raise ValueError(f"{len(full)} and {len(lower)} counts of {len(truth)} pictures")
    number = len(truth)
    finite = bool(np.isfinite(full).all() and np.isfinite(lower).all())
    if number == 0 or not finite:
        reason = "a count is not finite" if number else "no pictures"
        return Verdict(precision, False, reason, number, *[float("nan")] * 5)
    before, after = float(np.abs(full - truth).mean()), float(np.abs(lower - truth).mean())
    densest = np.argsort(truth, kind="stable")[-max(1, number // 4) :]
    bias, dense_bias = _moved(full, lower), _moved(full[densest], lower[densest])
    reason = ""
    if number < LEAST_PICTURES:
        reason = f"{number} pictures are too few to tell: {LEAST_PICTURES} or more are needed"
    elif float(truth.sum()) <= 0:
        reason = "the pictures show nobody"
    elif after > before * (1 + WITHIN):
        reason = f"the error rises from {before:.2f} to {after:.2f}, by more than {100 * WITHIN:g} %"
    elif abs(bias) > 100 * WITHIN:
        reason = f"the counts as a whole move by {bias:+.1f} %, more than {100 * WITHIN:g} %"
    elif abs(dense_bias) > 100 * WITHIN:
        reason = f"the counts of the densest quarter move by {dense_bias:+.1f} %, more than {100 * WITHIN:g} %"
    accepted = not reason
    reason = reason or f"the error stays within {100 * WITHIN:g} % of what it is in f32"
    return Verdict(
        precision, accepted, reason, number, before, after, bias, dense_bias, float(np.abs(lower - full).max())
    )


def _moved(full: Floats, lower: Floats) -> float:
    """By how much the sum of some counts moves, %."""
    everyone = float(full.sum())
    return 100.0 * (float(lower.sum()) - everyone) / everyone if everyone > 0 else 0.0


def report(verdicts: list[Verdict], times_ms: dict[str, float]) -> str:
    """Markdown for the card. `times_ms` is the processor's time for one picture, by precision, f32 among them."""
    lines = [
        "| computed in | pictures | MAE, people | change | all counts together | densest quarter"
        " | farthest picture, people | processor, ms a picture | at the gate |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    if verdicts:
        first = verdicts[0]
        lines.append(f"| f32 | {first.pictures} | {first.full_mae:.3f} | | | | | {times_ms['f32']:.1f} | |")
    for one in verdicts:
        fields = (
            one.precision, str(one.pictures), f"{one.lower_mae:.3f}", f"{one.change_percent:+.2f} %",
            f"{one.bias_percent:+.2f} %", f"{one.densest_percent:+.2f} %", f"{one.farthest:.2f}",
            f"{times_ms[one.precision]:.1f}", f"{'accepted' if one.accepted else 'refused'}: {one.reason}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(fields)} |")
    return "\n".join(lines)
