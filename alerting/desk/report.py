"""The figures of some days as one object, and as a page that prints well: inline charts, no script, nothing loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from alerting.desk.figures import Figures, Share, middle

GOOD, LATE, BAD, INK, FAINT = "#2f7d5b", "#d9962c", "#c0392f", "#22292f", "#6b757b"
BAR, ROW, LABEL, WIDTH = 14, 26, 190, 620

STYLE = """
@page{size:A4;margin:14mm}
*{box-sizing:border-box}
body{font:14px/1.45 "Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;
color:#22292f;max-width:190mm;margin:0 auto;padding:8mm 4mm;background:#fff}
h1{font-size:22px;margin:0}h2{font-size:15px;margin:22px 0 6px;border-bottom:1px solid #cfd6d3;padding-bottom:3px}
p.sub{color:#6b757b;margin:2px 0 14px}
.tiles{display:grid;grid-template-columns:repeat(3,1fr);gap:8px}
.tile{border:1px solid #cfd6d3;border-radius:6px;padding:8px 10px}
.tile b{display:block;font-size:26px;line-height:1.2}.tile span{color:#6b757b;font-size:12px}
table{border-collapse:collapse;width:100%;font-size:12.5px}th{text-align:left;color:#6b757b;font-weight:600}
td,th{padding:3px 8px 3px 0;border-bottom:1px solid #e6ebe8;vertical-align:top}
section{break-inside:avoid}svg{display:block;max-width:100%}
.bad{color:#c0392f;font-weight:600}.none{color:#6b757b}
@media print{body{padding:0;-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def as_object(made: Figures, time_zone: str) -> dict[str, Any]:
    """The figures for machines: as they are, with the rates worked out; times with the site's UTC offset."""
    whole: dict[str, Any] = msgspec.to_builtins(made)
    for name in ("found", "handled", "relieved"):
        share: Share = getattr(made, name)
        whole[name]["rate"] = round(share.rate, 4) if share.rate is not None else None
    whole["begins"], whole["ends"] = (_iso(at, time_zone) for at in (made.begins, made.ends))
    whole["median_s"] = {
        "acknowledge": middle([took for unit in made.units for took in unit.times_s]),
        "relief": middle(made.relief_s),
        "lead": middle(made.lead_s),
        "roll_call": middle(made.roll_s),
    }
    for one in (*whole["events"], *whole["hazards_open"], *whole["drills"]):
        for key in ("at", "opened", "deadline", "begun"):
            if isinstance(one.get(key), float | int):
                one[key] = _iso(one[key], time_zone)
    return whole


def as_page(made: Figures, time_zone: str, title: str, units: Mapping[str, str]) -> str:
    """The same for people; `units` says what units are called."""
    first, last = (datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(time_zone)) for at in (made.begins, made.ends))
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="sub">值守工作报告 · Duty report · {first:%Y-%m-%d %H:%M} – {last:%Y-%m-%d %H:%M}'
        f" ({escape(time_zone)})</p>",
        _tiles(made),
        _section("Acknowledged within the deadline, by unit · 处置及时率", _units(made, units)),
        _section("Seconds to acknowledge, each alarm · 确认用时", _strip(made, units)),
        _section("Steps of plans and receipts of other bodies · 预案与联动", _steps(made)),
        _section("Roll-calls · 查岗", _rolls(made, units)),
        _section("Hours seen, by zone · 监看覆盖", _zones(made)),
        _section("Drills · 演练", _drills(made, time_zone)),
        _section("Hazards · 隐患", _hazards(made, units, time_zone)),
        _section("Events · 活动", _events(made, time_zone)),
        _section("Warnings written (CAP 1.2) · 预警文稿", _pairs(made.cap)),
        _section("How to read this", f'<p class="none">{escape(MEANING)}</p>'),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body>{''.join(body)}</body></html>\n"
    )


MEANING = (
    "Found: of the dangers that drills (and replays, where given) know to come, those of which orange or red was told "
    "before. In time: of the alarms of yellow and above, those acknowledged by a named person within the deadline of "
    "their tier. Effective: of the alarms acknowledged, those whose zone came below their tier without rising "
    "further first, and how long that took. A dash is no case, not a good one. Exercises count as drills only."
)


def _iso(at: float, time_zone: str) -> str:
    return datetime.fromtimestamp(round(at), UTC).astimezone(ZoneInfo(time_zone)).isoformat(timespec="seconds")


def _short(at: float, time_zone: str) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(time_zone)).strftime("%m-%d %H:%M")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _percent(share: Share) -> str:
    return "–" if share.rate is None else f"{100 * share.rate:.0f} %"


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 180 else f"{seconds / 60:.0f} min"


def _tiles(made: Figures) -> str:
    times = [took for unit in made.units for took in unit.times_s]
    seen, hours = sum(zone.seen for zone in made.zones), sum(zone.hours for zone in made.zones)
    rolls = list(made.roll_calls.values())
    asked, confirmed = (sum(counts.get(key, 0) for counts in rolls) for key in ("asked", "confirmed"))
    late = made.receipts.get("late", 0) + made.receipts.get("not done", 0)
    tiles = (
        (
            "发现率 Found",
            _percent(made.found),
            f"{made.found.good} of {made.found.of} dangers; lead {_span(middle(made.lead_s))}",
        ),
        (
            "处置及时率 In time",
            _percent(made.handled),
            f"{made.handled.good} of {made.handled.of} alarms; median {_span(middle(times))}",
        ),
        (
            "有效性 Effective",
            _percent(made.relieved),
            f"{made.relieved.good} of {made.relieved.of} came down; median {_span(middle(made.relief_s))}",
        ),
        ("查岗 Roll-calls", _percent(Share(confirmed, asked)), f"{confirmed} of {asked} confirmed in time"),
        ("监看 Seen", "–" if not hours else f"{100 * seen / hours:.1f} %", f"{seen:.0f} of {hours:.0f} zone-hours"),
        (
            "隐患 Hazards open",
            str(made.hazards.get("open at the end", 0)),
            f"{made.hazards.get('overdue at the end', 0)} overdue; {late} receipts late or missing",
        ),
    )
    return (
        '<div class="tiles">'
        + "".join(
            f'<div class="tile"><span>{escape(name)}</span><b>{escape(value)}</b><span>{escape(more)}</span></div>'
            for name, value, more in tiles
        )
        + "</div>"
    )


def _bars(rows: Sequence[tuple[str, Sequence[tuple[float, str]], str]], legend: Sequence[tuple[str, str]] = ()) -> str:
    """Stacked bars on one scale: label, parts (value and colour), and words behind."""
    if not rows:
        return '<p class="none">–</p>'
    most = max(sum(value for value, _ in parts) for _, parts, _ in rows) or 1.0
    room, height = WIDTH - LABEL - 150, len(rows) * ROW + (20 if legend else 2)
    out, y = [], 4.0
    for label, parts, words in rows:
        out.append(f'<text x="{LABEL - 8}" y="{y + 11}" text-anchor="end">{escape(label[:28])}</text>')
        x = float(LABEL)
        for value, colour in parts:
            width = value / most * room
            if value:
                out.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>')
            x += width
        out.append(f'<text x="{x + 6:.1f}" y="{y + 11}" fill="{FAINT}">{escape(words)}</text>')
        y += ROW
    x = float(LABEL)
    for name, colour in legend:
        out.append(f'<rect x="{x}" y="{y}" width="9" height="9" fill="{colour}"/>')
        out.append(f'<text x="{x + 13}" y="{y + 9}" fill="{FAINT}">{escape(name)}</text>')
        x += 30 + 7 * len(name)
    return _svg(height, out)


def _svg(height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" font-size="12" fill="{INK}" role="img">'
        + "".join(parts)
        + "</svg>"
    )


def _units(made: Figures, titles: Mapping[str, str]) -> str:
    rows = [
        (
            titles.get(unit.unit, unit.unit),
            ((unit.in_time, GOOD), (unit.late, LATE), (unit.never, BAD)),
            f"{unit.in_time} of {unit.alarms} in time, median {_span(middle(unit.times_s))}",
        )
        for unit in made.units
    ]
    return _bars(rows, (("in time", GOOD), ("late", LATE), ("never", BAD)))


def _strip(made: Figures, titles: Mapping[str, str]) -> str:
    """A mark for each alarm on one scale of seconds."""
    units = [unit for unit in made.units if unit.times_s]
    if not units:
        return '<p class="none">–</p>'
    most = max(took for unit in units for took in unit.times_s) or 1.0
    room, out, y = WIDTH - LABEL - 60, [], 4.0
    for unit in units:
        label = titles.get(unit.unit, unit.unit)[:28]
        out.append(f'<text x="{LABEL - 8}" y="{y + 11}" text-anchor="end">{escape(label)}</text>')
        out.append(f'<line x1="{LABEL}" x2="{LABEL + room}" y1="{y + 7}" y2="{y + 7}" stroke="#e0e5e2"/>')
        for took in unit.times_s:
            x = LABEL + took / most * room
            out.append(f'<circle cx="{x:.1f}" cy="{y + 7}" r="4.5" fill="#2d5f8a" fill-opacity="0.6"/>')
        y += ROW
    out.append(f'<text x="{LABEL}" y="{y + 10}" fill="{FAINT}">0</text>')
    out.append(f'<text x="{LABEL + room}" y="{y + 10}" text-anchor="end" fill="{FAINT}">{_span(most)}</text>')
    return _svg(y + 16, out)


def _steps(made: Figures) -> str:
    rows = []
    for label, counts in (("Own steps · 本单位", made.steps), ("Receipts · 联动回执", made.receipts)):
        if counts:
            parts = tuple((counts.get(key, 0), colour) for key, colour in
                          (("in time", GOOD), ("late", LATE), ("not done", BAD), ("waived", "#b9c2be")))  # fmt: skip
            rows.append((label, parts, f"{counts.get('in time', 0)} of {counts.get('begun', 0)} in time"))
    return _bars(rows, (("in time", GOOD), ("late", LATE), ("not done", BAD), ("did not apply", "#b9c2be")))


def _rolls(made: Figures, titles: Mapping[str, str]) -> str:
    rows = []
    for unit, counts in sorted(made.roll_calls.items()):
        parts = ((counts.get("confirmed", 0), GOOD), (counts.get("missed", 0), BAD))
        left = f", {counts['left-out']} left out" if counts.get("left-out") else ""
        rows.append(
            (titles.get(unit, unit), parts, f"{counts.get('missed', 0)} of {counts.get('asked', 0)} missed{left}")
        )
    return _bars(rows, (("confirmed", GOOD), ("missed", BAD)))


def _zones(made: Figures) -> str:
    rows = [
        (
            zone.zone,
            ((zone.seen, GOOD), (max(0.0, zone.hours - zone.seen), BAD)),
            f"{zone.seen:.1f} of {zone.hours:.1f} h",
        )
        for zone in made.zones
    ]
    down = "".join(
        f"<tr><td>{escape(name)}</td><td>{hours:.1f} h</td></tr>" for name, hours in made.cameras_down_h.items()
    )
    table = f"<table><tr><th>Camera out of order</th><th>hours</th></tr>{down}</table>" if down else ""
    return _bars(rows) + table


def _drills(made: Figures, time_zone: str) -> str:
    rows = [
        (
            _short(one.begun, time_zone),
            one.name,
            one.how + (f": {one.why}" if one.how != "ended" else ""),
            f"{one.found} of {one.dangers}" if one.dangers else "–",
            f"{len(one.answered)} of {one.alarms}, median {_span(middle(one.answered))}",
            f"{one.steps_in_time} of {one.steps}" + (f"; late: {', '.join(one.steps_late)}" if one.steps_late else ""),
        )
        for one in made.drills
    ]
    return _table(("begun", "drill", "end", "found", "answered", "steps in time"), rows)


def _hazards(made: Figures, titles: Mapping[str, str], time_zone: str) -> str:
    counts = {key: value for key, value in made.hazards.items() if value}
    rows = [
        (
            str(one["cause"]),
            str(one["level"]),
            titles.get(str(one["owner"]), str(one["owner"])),
            _short(one["deadline"], time_zone) + (" OVERDUE" if one["overdue"] else "") if one["deadline"] else "",
            str(one["words"]),
        )
        for one in made.hazards_open
    ]
    return _pairs(counts) + (_table(("open at the end", "level", "owner", "deadline", "what"), rows) if rows else "")


def _events(made: Figures, time_zone: str) -> str:
    rows = [
        (
            _short(one["at"], time_zone),
            str(one["event"]),
            str(one["what"]) + (f", {one['hours_before']:g} h before" if "hours_before" in one else ""),
            f"{one.get('begins', '')} – {one.get('ends', '')}",
            str(one.get("why", "")),
        )
        for one in made.events
    ]
    return _table(("when", "event", "what", "planned for", "why"), rows)


def _pairs(counts: Mapping[str, int]) -> str:
    if not counts:
        return '<p class="none">–</p>'
    return "<p>" + " · ".join(f"{escape(key)} <b>{value}</b>" for key, value in counts.items()) + "</p>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return '<p class="none">–</p>'
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td{BAD_CELL if 'OVERDUE' in cell else ''}>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{top}</tr>{lines}</table>"


BAD_CELL = ' class="bad"'
