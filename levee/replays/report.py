"""A score as tables: for a terminal, for a page, and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from levee.replays.score import WARNINGS, Score
from levee.replays.skill import Skill

Table = tuple[str, Sequence[str], list[list[str]]]


def _minutes(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds / 60:.1f}"


def _tables(score: Score) -> Iterable[Table]:
    if score.leads:
        yield (
            "Minutes from each tier to the danger",
            ("replay", "zone", "danger", *(tier.label for tier in WARNINGS)),
            [
                [
                    lead.recording,
                    lead.label.zone,
                    lead.label.what,
                    *(_minutes(lead.before_s[tier]) for tier in WARNINGS),
                ]
                for lead in score.leads
            ],
        )
    if score.zone_days:
        names = ("", *(tier.label for tier in WARNINGS))
        safe = score.safe_zone_days
        per_day = [f"{score.false.get(tier, 0) / safe:.3f}" if safe > 0 else "-" for tier in WARNINGS]
        rows = [
            ["in all", *(str(score.false.get(tier, 0)) for tier in WARNINGS)],
            ["a zone and day", *per_day],
        ]
        worst = [
            (zone, counted)
            for zone, counted in score.by_zone.items()
            if any(counted.get(tier, 0) for tier in WARNINGS[1:])
        ]
        rows += [
            [f"{name}, {zone}", *(str(counted.get(tier, 0)) for tier in WARNINGS)]
            for (name, zone), counted in sorted(worst, key=lambda one: -one[1].get(WARNINGS[1], 0))[:8]
        ]
        yield f"False alarms in {score.recordings} replays, {safe:.1f} zone-days without a danger near", names, rows
        total = sum(score.time_in.values()) or 1.0
        yield (
            "Time in each tier",
            [tier.label for tier in sorted(score.time_in)],
            [[f"{score.time_in[tier] / total:.1%}" for tier in sorted(score.time_in)]],
        )
    if score.skills:
        yield (
            "Forecasts so many minutes ahead: pinball loss (lower is better), and the share within the 90 % band",
            (
                "figure",
                "minutes",
                "forecasts",
                "loss",
                "persistence",
                "yesterday",
                "better by",
                "within",
            ),
            [_skill_row(figure, minutes, skill) for (figure, minutes), skill in sorted(score.skills.items())],
        )


def _skill_row(figure: str, minutes: int, skill: Skill) -> list[str]:
    stays, before = Skill.baseline(skill.persistence), Skill.baseline(skill.yesterday)
    best = min(one for one in (stays, before) if one is not None)
    return [
        figure,
        str(minutes),
        f"{len(skill.told):,}",
        f"{skill.loss:.3g}",
        "-" if stays is None else f"{stays:.3g}",
        "-" if before is None else f"{before:.3g}",
        f"{1 - skill.loss / best:+.0%}" if best > 0 else "-",
        f"{skill.coverage:.0%}",
    ]


def _misses(score: Score) -> str:
    if not score.leads:
        return "No danger is labelled."
    return f"{len(score.leads)} dangers, {len(score.misses)} missed (not at orange when it began)."


def print_report(score: Score) -> None:
    """The tables on the terminal."""
    from rich.console import Console
    from rich.table import Table as Grid

    out = Console(highlight=False)
    out.print(_misses(score))
    for title, names, rows in _tables(score):
        grid = Grid(title=title, title_justify="left", show_edge=False, pad_edge=False)
        for number, name in enumerate(names):
            grid.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
        for row in rows:
            grid.add_row(*row)
        out.print()
        out.print(grid)


def markdown_report(score: Score) -> str:
    """The tables for a page."""
    parts = [_misses(score)]
    for title, names, rows in _tables(score):
        lines = [f"**{title}**", "", "| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def json_report(score: Score) -> str:
    """One object: leads in seconds, counts, shares, losses."""
    return json.dumps(
        {
            "replays": score.recordings,
            "zone_days": round(score.zone_days, 3),
            "safe_zone_days": round(score.safe_zone_days, 3),
            "leads": [
                {
                    "replay": lead.recording,
                    "zone": lead.label.zone,
                    "what": lead.label.what,
                    **{f"{tier.label}_s": lead.before_s[tier] for tier in WARNINGS},
                }
                for lead in score.leads
            ],
            "misses": len(score.misses),
            "false_alarms": {tier.label: score.false.get(tier, 0) for tier in WARNINGS},
            "by_zone": [
                {"replay": name, "zone": zone, **{tier.label: number for tier, number in counted.items()}}
                for (name, zone), counted in score.by_zone.items()
                if counted
            ],
            "seconds_in": {tier.label: round(seconds) for tier, seconds in score.time_in.items()},
            "forecasts": [
                {
                    "figure": figure,
                    "minutes": minutes,
                    "forecasts": len(skill.told),
                    "loss": skill.loss,
                    "persistence": Skill.baseline(skill.persistence),
                    "yesterday": Skill.baseline(skill.yesterday),
                    "within_90": skill.coverage,
                }
                for (figure, minutes), skill in sorted(score.skills.items())
            ],
        },
        ensure_ascii=False,
    )
