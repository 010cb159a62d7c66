"""The table of `levee bench truth`: every target beside what was reached, and scene by scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from levee.benches.trajectories import Compared, FlowScore
from levee.benches.truth import Score

BEGIN, END = "<!-- levee bench truth: begin -->", "<!-- levee bench truth: end -->"
WAYS = ("counter", "known heads")
Value = Callable[[Score], float | None]
_PERCENT: list[tuple[str, Value, str, Callable[[float], bool]]] = [
    ("zone count, error", Score.count_error, "≤ 8 %", lambda v: v <= 0.08),
    ("worst cell, error at 1 to 7 persons/m²", Score.worst_error, "≤ 12 %", lambda v: v <= 0.12),
    ("worst cell, its band holds", Score.held, "85 to 95 %", lambda v: 0.85 <= v <= 0.95),
    ("direction right, of cells that move", Score.directions_right, "≥ 95 %", lambda v: v >= 0.95),
    ("crowd pressure within a factor of 2, above 0.02 1/s²", Score.pressures_right, "100 %", lambda v: v >= 1.0),
    ("crowd pressure told above 0.02 1/s² where it is below", Score.pressed_falsely, "0 %", lambda v: v <= 0.0),
]


def _of(scores: Sequence[Score], way: str, value: Value) -> float | None:
    """The median over the scenes that tell."""
    found = [each for score in scores if score.way == way and (each := value(score)) is not None]
    return float(np.median(found)) if found else None


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _met(value: float | None, good: Callable[[float], bool]) -> str:
    return "–" if value is None else ("yes" if good(value) else "**no**")


def targets(scores: Sequence[Score], flows: Sequence[FlowScore]) -> list[str]:
    """The rows of the first table."""
    rows = [
        "| figure, median over scenes | target | with the counter | met | with known heads | met |",
        "|---|---|---|---|---|---|",
    ]
    for name, value, target, good in _PERCENT:
        cells = []
        for way in WAYS:
            # Heads that are known have no band.
            found = None if value is Score.held and way != "counter" else _of(scores, way, value)
            cells += [_percent(found), _met(found, good)]
        rows.append(f"| {name} | {target} | {' | '.join(cells)} |")
    speeds = [_of(scores, way, Score.speed_error) for way in WAYS]
    cells = [f"{'–' if v is None else f'{v:.2f} m/s'} | {_met(v, lambda x: x <= 0.15)}" for v in speeds]
    rows.append(f"| mean speed, error | ≤ 0.15 m/s | {' | '.join(cells)} |")
    after = [_of(scores, way, Score.counterflow_after) for way in WAYS]
    cells = [f"{'–' if v is None else f'{v:.0f} s'} | {_met(v, lambda x: x <= 10)}" for v in after]
    rows.append(f"| counterflow noticed after | ≤ 10 s | {' | '.join(cells)} |")
    errors = [flow.error for flow in flows if flow.error is not None]
    error = float(np.median(errors)) if errors else None
    rows.append(
        f"| gate flow over 5 minutes, error | ≤ 10 % | – | – | {_percent(error)} | {_met(error, lambda x: x <= 0.1)} |"
    )
    return rows


def by_scene(scores: Sequence[Score]) -> list[str]:
    """The rows of the second table."""
    rows = [
        "| scene, seed | seconds | heads | people | count | worst cell | its band | speed | direction | counterflow | "
        "pressure within 2 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for score in scores:
        window = score.window
        people = np.mean([true for _, true, _ in score.people])
        speed, after = score.speed_error(), score.counterflow_after()
        cells = (
            window.name,
            f"{window.start_s}–{window.start_s + window.seconds}",
            score.way,
            f"{people:.0f}",
            _percent(score.count_error()),
            _percent(score.worst_error()),
            _percent(score.held()) if score.way == "counter" else "–",
            "–" if speed is None else f"{speed:.2f}",
            f"{_percent(score.directions_right())} of {len(score.direction)}",
            "–" if after is None else f"{after:.0f} s",
            _percent(score.pressures_right()),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def by_gate(flows: Sequence[FlowScore]) -> list[str]:
    """The rows of the gates over five minutes."""
    rows = ["| scene, seed | gate | told in, out | true in, out | error |", "|---|---|---|---|---|"]
    for flow in flows:
        told, true = (f"{a:.0f}, {b:.0f}" for a, b in (flow.told, flow.true))
        rows.append(f"| {flow.scene} | {flow.gate} | {told} | {true} | {_percent(flow.error)} |")
    return rows


def by_pedpy(compared: Sequence[Compared]) -> list[str]:
    """The rows of the comparison with PedPy."""
    rows = [
        "| scene, seed | density, ours | classic | Voronoi | error | speed, ours | PedPy | error | flow, ours | "
        "PedPy |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in compared:
        flow = [("–" if v is None else f"{v:.2f}") for v in (each.told_flow, each.flow)]
        rows.append(
            f"| {each.scene} | {each.told_density:.2f} | {each.classic:.2f} | {each.voronoi:.2f} | "
            f"{each.density_error:.0%} | {each.told_speed:.2f} | {each.speed:.2f} | {each.speed_error:.2f} | "
            f"{flow[0]} | {flow[1]} |"
        )
    return rows


def page(scores: Sequence[Score], flows: Sequence[FlowScore], compared: Sequence[Compared] | None, counter: str) -> str:
    """All tables as Markdown."""
    parts = [f"Counter: `{counter}`.", "", *targets(scores, flows), "", *by_scene(scores), ""]
    parts += ["Gates, from simulated trajectories whose heads and velocities were put wrong:", "", *by_gate(flows), ""]
    if compared is None:
        parts.append("PedPy is not installed here: `pip install pedpy`.")
    else:
        parts += ["Against PedPy, on the same trajectories (persons/m², m/s, persons/s; medians over time):", ""]
        parts += by_pedpy(compared)
    return "\n".join(parts) + "\n"


def written(path: Path, text: str) -> None:
    """Put the tables between the two marks of a page; ValueError where it lacks them."""
    whole = path.read_text(encoding="utf-8")
    if whole.count(BEGIN) != 1 or whole.count(END) != 1 or whole.index(BEGIN) > whole.index(END):
        raise ValueError(f"{path}: needs the lines {BEGIN} and {END}, once each and in this order")
    before, after = whole.split(BEGIN)[0], whole.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
