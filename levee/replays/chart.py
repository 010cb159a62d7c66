"""A replay as a picture (SVG): each zone as measured and as foreseen, its tiers, and what was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from alerting.assess import Page, TierChanged
from alerting.assess.forecast import Ahead, Figure
from levee.replays.trace import Sample, Trace
from wire import Kind, Tier

COLOURS = {
    Tier.NORMAL: "#e8ece9",
    Tier.BLUE: "#8fb8de",
    Tier.YELLOW: "#f2d24b",
    Tier.ORANGE: "#ee9336",
    Tier.RED: "#d1343b",
}
INK, FAINT, BAND, LINE = "#22292f", "#9aa5ab", "#b9a7d6", "#5b3f94"
WIDTH, LEFT, RIGHT = 1120, 64, 16
PANEL, STRIP, GAP = 150, 14, 92
#: Above each panel: three rows of words, and its title over them.
ROWS, ROW = 3, 13
#: Minutes ahead of the band that is drawn.
AHEAD_MIN = 15


@dataclass(frozen=True)
class _Axis:
    start: float
    end: float
    top: float
    y: float

    def across(self, at: float) -> float:
        return LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def up(self, value: float) -> float:
        return self.y + PANEL - min(value, self.top) / self.top * PANEL


def draw(trace: Trace) -> str:
    """The whole picture as SVG."""
    recording = trace.recording
    place = ZoneInfo(recording.site.time_zone)
    zones = [zone for zone in recording.site.zones if trace.samples.get(zone.name)]
    height = 112 + len(zones) * (PANEL + STRIP + GAP) - GAP + 36
    body = [
        f'<text x="{LEFT}" y="26" font-size="17" font-weight="bold">{escape(recording.site.title)}: '
        f"{escape(recording.name)}</text>",
        f'<text x="{LEFT}" y="44" fill="{FAINT}">Black: measured. Violet: what was foreseen {AHEAD_MIN} minutes before '
        "(median and 90 % band). Below: the tier. Triangles: raised, hollow where by a forecast.</text>",
    ]
    y = 112.0
    for zone in zones:
        samples = trace.samples[zone.name]
        figure: Figure = "density" if any(one.density is not None for one in samples) else "people"
        rules = zone.rules()
        limits = {tier: rules.density.of(tier) for tier in list(Tier)[1:]}
        if figure == "people":
            limits = {tier: rules.capacity_percent.of(tier) / 100 * (zone.capacity or 0) for tier in limits}
        highest = max((value for one in samples if (value := _value(one, figure)) is not None), default=1.0)
        axis = _Axis(
            recording.start, max(recording.end, recording.start + 60), max(highest, limits[Tier.RED]) * 1.08, y
        )
        body += _panel(trace, zone.name, zone.title, samples, figure, limits, axis, place)
        y += PANEL + STRIP + GAP
    style = "font-family:Helvetica,Arial,sans-serif;font-size:12px"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'style="{style}" fill="{INK}">\n<rect width="{WIDTH}" height="{height}" fill="white"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _value(sample: Sample, figure: Figure) -> float | None:
    return sample.density if figure == "density" else sample.people


def _panel(
    trace: Trace,
    zone: str,
    title: str,
    samples: Sequence[Sample],
    figure: Figure,
    limits: dict[Tier, float],
    axis: _Axis,
    place: ZoneInfo,
) -> list[str]:
    unit = "persons/m², worst cell" if figure == "density" else "people"
    out = [
        f'<text x="{LEFT}" y="{axis.y - ROWS * ROW - 10:.0f}" font-weight="bold">{escape(title)}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{axis.y - ROWS * ROW - 10:.0f}" text-anchor="end" fill="{FAINT}">{unit}</text>',
    ]
    for label in trace.recording.labels:
        if label.zone == zone:
            x, x1 = axis.across(label.start), axis.across(label.end)
            out.append(
                f'<rect x="{x:.1f}" y="{axis.y:.1f}" width="{max(1, x1 - x):.1f}" height="{PANEL}" fill="#d1343b" '
                f'opacity="0.12"><title>{escape(label.what)}</title></rect>'
            )
    label_y = 1e9
    for tier, limit in limits.items():
        if 0 < limit <= axis.top:
            level = axis.up(limit)
            label_y = min(level, label_y - 11)
            out.append(
                f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:.1f}" y2="{level:.1f}" stroke="{COLOURS[tier]}" '
                f'stroke-width="1.2" stroke-dasharray="5 4"/><text x="{LEFT - 6}" y="{label_y + 4:.1f}" '
                f'text-anchor="end" font-size="11">{limit:g}</text>'
            )
    out += _foreseen(samples, figure, axis)
    out += _lines(((one.at, _value(one, figure)) for one in samples), axis, INK, 1.6)
    out += _hours(axis, place)
    out += _strip(samples, axis)
    out += _marks(trace, zone, axis, place)
    return out


def _foreseen(samples: Sequence[Sample], figure: Figure, axis: _Axis) -> list[str]:
    """The band and median of what was foreseen, drawn at the time that it was foreseen for."""
    found = [
        (one.at + AHEAD_MIN * 60, ahead)
        for one in samples
        for ahead in one.ahead.get(figure, ())
        if ahead.minutes == AHEAD_MIN and one.at + AHEAD_MIN * 60 <= axis.end
    ]
    out: list[str] = []
    for part in _runs(found):
        if len(part) < 2:
            continue
        upper = [f"{axis.across(at):.1f},{axis.up(ahead.high):.1f}" for at, ahead in part]
        lower = [f"{axis.across(at):.1f},{axis.up(ahead.low):.1f}" for at, ahead in reversed(part)]
        out.append(f'<polygon points="{" ".join(upper + lower)}" fill="{BAND}" opacity="0.45"/>')
        out += _lines(((at, ahead.median) for at, ahead in part), axis, LINE, 1.0)
    return out


def _runs(found: list[tuple[float, Ahead]]) -> list[list[tuple[float, Ahead]]]:
    """Parts without a gap."""
    runs: list[list[tuple[float, Ahead]]] = []
    for one in found:
        if runs and one[0] - runs[-1][-1][0] < 150:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _lines(points: Iterable[tuple[float, float | None]], axis: _Axis, colour: str, width: float) -> list[str]:
    """A line that is broken where nothing is known."""
    parts: list[list[str]] = [[]]
    for at, value in points:
        if value is None:
            parts.append([])
        else:
            parts[-1].append(f"{axis.across(at):.1f},{axis.up(value):.1f}")
    return [
        f'<polyline points="{" ".join(part)}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        for part in parts
        if len(part) > 1
    ]


def _hours(axis: _Axis, place: ZoneInfo) -> list[str]:
    length = axis.end - axis.start
    step_s = next((step for step in (300, 900, 1800, 3600, 7200, 21600) if length / step <= 14), 86_400)
    moment = datetime.fromtimestamp(axis.start, UTC).astimezone(place).replace(minute=0, second=0, microsecond=0)
    out = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{axis.y + PANEL}" y2="{axis.y + PANEL}" stroke="{FAINT}"/>',
    ]
    while moment.timestamp() <= axis.end:
        if moment.timestamp() >= axis.start:
            x = axis.across(moment.timestamp())
            out.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{axis.y:.1f}" y2="{axis.y + PANEL + STRIP:.1f}" stroke="{FAINT}" '
                f'stroke-width="0.4"/><text x="{x:.1f}" y="{axis.y + PANEL + STRIP + 14:.1f}" text-anchor="middle" '
                f'font-size="11">{moment:%H:%M}</text>'
            )
        moment += timedelta(seconds=step_s)
    return out


def _strip(samples: Sequence[Sample], axis: _Axis) -> list[str]:
    """The tier over time; hatched grey lies over it where the zone was unknown."""
    out: list[str] = []
    start, top = samples[0], axis.y + PANEL
    for number, one in enumerate(samples):
        last = number == len(samples) - 1
        if last or (one.tier, one.unknown) != (start.tier, start.unknown):
            x, x1 = axis.across(start.at), axis.across(one.at)
            shade = ' opacity="0.45"' if start.unknown else ""
            out.append(
                f'<rect x="{x:.1f}" y="{top:.1f}" width="{max(0.5, x1 - x):.1f}" height="{STRIP}" '
                f'fill="{COLOURS[start.tier]}"{shade}/>'
            )
            start = one
    return out


def _marks(trace: Trace, zone: str, axis: _Axis, place: ZoneInfo) -> list[str]:
    """A triangle for each rise or second cause, and its time and cause where there is room."""
    out: list[str] = []
    free = [-1e9] * ROWS
    for one in trace.changes:
        if isinstance(one, Page) or not isinstance(one, TierChanged) or one.zone != zone or one.to_tier < one.from_tier:
            continue
        x, foreseen = axis.across(one.at), one.kind is Kind.FORECAST
        fill = "white" if foreseen else COLOURS[one.to_tier]
        moment = datetime.fromtimestamp(one.at, UTC).astimezone(place)
        out.append(
            f'<path d="M{x - 5:.1f} {axis.y + 10:.1f}L{x + 5:.1f} {axis.y + 10:.1f}L{x:.1f} {axis.y + 1:.1f}Z" '
            f'fill="{fill}" stroke="{COLOURS[one.to_tier] if foreseen else INK}"><title>{moment:%H:%M:%S} '
            f"{one.from_tier.label} to {one.to_tier.label}: {escape(one.why)}</title></path>"
        )
        words = f"{moment:%H:%M} {one.to_tier.label}, {one.cause}"
        long = 6.6 * len(words)
        left = min(x - 4, WIDTH - RIGHT - long)
        row = next((row for row, until in enumerate(free) if left > until), None)
        if row is not None:
            free[row] = left + long + 4
            out.append(f'<text x="{left:.1f}" y="{axis.y - 6 - ROW * row:.1f}" font-size="11">{escape(words)}</text>')
    return out
