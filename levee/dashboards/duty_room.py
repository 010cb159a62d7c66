"""The dashboard for the duty room's engineer: where it is getting dangerous, how sure that is, who was called."""

from __future__ import annotations

from typing import Any

from alerting.assess import ZoneKind
from alerting.assess.rules import DENSITY_LEVELS
from levee.dashboards.layout import Mark, Section, Variable, dashboard
from levee.dashboards.panels import DENSITY, SECONDS, Panel, Query, Step, Words, graph, linked, stat, styled, timeline
from wire import Tier

SITE = 'site=~"$site"'
ZONE = 'site=~"$site", zone=~"$zone"'
#: Grafana's choice: at least four scrapes.
INTERVAL = "$__rate_interval"
#: Added to a tier while the zone is unknown, so that one number says both.
UNKNOWN = 10

_COLORS = {
    Tier.NORMAL: ("dark-green", "#7f8c86"),
    Tier.BLUE: ("blue", "#6f86a6"),
    Tier.YELLOW: ("yellow", "#a69a5b"),
    Tier.ORANGE: ("orange", "#a87d52"),
    Tier.RED: ("red", "#9c5555"),
}
_GRADES = {Tier.BLUE: "IV", Tier.YELLOW: "III", Tier.ORANGE: "II", Tier.RED: "I"}


def _name(tier: Tier) -> str:
    grade = _GRADES.get(tier)
    return f"{tier.label} ({grade})" if grade else tier.label


TIERS = {int(tier): Words(_name(tier), color) for tier, (color, _) in _COLORS.items()}
TIERS_OR_UNKNOWN = TIERS | {
    int(tier) + UNKNOWN: Words(f"unknown, {tier.label} held", grey) for tier, (_, grey) in _COLORS.items()
}
#: The default thresholds of level ground in persons/m²; a zone may have its own.
DENSITY_STEPS: tuple[Step, ...] = (
    (None, _COLORS[Tier.NORMAL][0]),
    *((DENSITY_LEVELS[ZoneKind.FLAT].of(tier), _COLORS[tier][0]) for tier in list(Tier)[1:]),
)


def duty_room() -> dict[str, Any]:
    """The dashboard `levee-duty-room`."""
    return dashboard(
        uid="levee-duty-room",
        title="Levee: duty room",
        description="Tiers, people, density and pages. For reading: people are paged by the service, never from here.",
        variables=(
            Variable("site", "Site", "levee_alerting_zone_tier", "site"),
            Variable("zone", "Zone", f"levee_alerting_zone_tier{{{SITE}}}", "zone"),
        ),
        sections=(
            Section("Now", _now()),
            Section("Zones", _zones()),
            Section("Each zone: density, its thresholds, and what is foreseen", [_density()]),
            Section("Incidents, changes and pages", [*_incidents(), *_changes()]),
            Section("People with their 90 % band, as the boxes count them", [_band()]),
        ),
        marks=(
            Mark(
                "Tier changes",
                f"sum by (site, zone, to) (increase(levee_alerting_tier_changes_total{{{ZONE}}}[{INTERVAL}])) > 0",
                "{{site}} / {{zone}} to {{to}}",
                "orange",
            ),
        ),
    )


def _now() -> list[Panel]:
    bad = ((None, "green"), (1.0, "red"))
    return [
        stat(
            "Worst tier",
            "The highest tier of all chosen zones. An unknown zone counts with the tier that it holds.",
            Query(f"max(levee_alerting_zone_tier{{{ZONE}}})", "worst tier"),
            size=(6, 4),
            words=TIERS,
        ),
        stat(
            "Zones unknown",
            "Zones without a usable reading: they hold their tier, and nobody has confirmed it.",
            Query(f"sum(levee_alerting_zone_unknown{{{ZONE}}})", "unknown"),
            size=(4, 4),
            steps=((None, "green"), (1.0, "#7f8c86")),
        ),
        stat(
            "Boxes offline",
            "Boxes whose session has ended, with or without a goodbye.",
            Query(f"sum(1 - levee_alerting_box_online{{{SITE}}})", "offline"),
            size=(4, 4),
            steps=bad,
        ),
        stat(
            "Pages not out",
            "Pages that are decided and that no channel has accepted yet.",
            Query("sum(levee_alerting_pages_pending)", "pending"),
            size=(3, 4),
            steps=bad,
        ),
        stat(
            "Not accepted, 1 h",
            "Tries of the last hour that a channel did not accept.",
            Query('sum(increase(levee_alerting_pages_total{outcome!="accepted"}[1h]))', "not accepted"),
            size=(3, 4),
            steps=((None, "green"), (0.5, "red")),
        ),
        stat(
            "Oldest reading",
            "Age of the newest reading, in the zone where it is oldest.",
            Query(f"max(levee_alerting_zone_reading_age_seconds{{{ZONE}}})", "age"),
            size=(4, 4),
            unit=SECONDS,
            steps=((None, "green"), (10.0, "yellow"), (30.0, "red")),
        ),
    ]


def _zones() -> list[Panel]:
    tier_or_unknown = f"levee_alerting_zone_tier{{{ZONE}}} + {UNKNOWN} * levee_alerting_zone_unknown{{{ZONE}}}"
    return [
        linked(
            timeline(
                "Tier of each zone",
                "IV blue to I red. Grey tones: the zone is unknown and holds the tier that is named.",
                [Query(tier_or_unknown, "{{site}} / {{zone}}")],
                TIERS_OR_UNKNOWN,
                size=(24, 8),
            )
        ),
        linked(
            graph(
                "Density in the worst cell",
                "Persons per square metre in the worst cell of about 10 m². The lines are the default thresholds for "
                "level ground; a zone may have its own, and steps have lower ones. A gap is unknown, not empty.",
                [Query(f"levee_alerting_zone_peak_density_per_square_metre{{{ZONE}}}", "{{site}} / {{zone}}")],
                size=(12, 9),
                unit=DENSITY,
                steps=DENSITY_STEPS,
            )
        ),
        linked(
            graph(
                "People in each zone",
                "As last received by the service. A gap is unknown, not empty.",
                [Query(f"levee_alerting_zone_people{{{ZONE}}}", "{{site}} / {{zone}}")],
                size=(12, 9),
            )
        ),
    ]


def _density() -> Panel:
    """One panel per chosen zone."""
    zone, hidden = 'site=~"$site", zone="$zone"', {"lineWidth": 0, "fillOpacity": 0}
    name, soon = "levee_alerting_zone_peak_density", "levee_alerting_zone_forecast_density"
    panel = linked(
        graph(
            "Density in $zone",
            "Persons per square metre in the worst cell with its 90 % band, the thresholds of this zone, and what is "
            "foreseen for the time of a dispatch. A gap is unknown, not empty.",
            [
                Query(f"{name}_low_per_square_metre{{{zone}}}", "low"),
                Query(f"{name}_high_per_square_metre{{{zone}}}", "high"),
                Query(f"{name}_per_square_metre{{{zone}}}", "density"),
                Query(f"{soon}_low_per_square_metre{{{zone}}}", "foreseen, low"),
                Query(f"{soon}_high_per_square_metre{{{zone}}}", "foreseen, high"),
                Query(f"{soon}_per_square_metre{{{zone}}}", "foreseen"),
                Query(f"levee_alerting_zone_threshold_per_square_metre{{{zone}}}", "{{tier}}"),
            ],
            size=(24, 9),
            unit=DENSITY,
            overrides=[
                styled("low", **hidden),
                styled("high", lineWidth=0, fillOpacity=25, fillBelowTo="low"),
                styled("density", lineWidth=2),
                styled("foreseen, low", **hidden),
                styled("foreseen, high", lineWidth=0, fillOpacity=10, fillBelowTo="foreseen, low"),
                styled("foreseen", lineWidth=1, lineStyle={"fill": "dash", "dash": [8, 6]}),
                *(
                    {
                        "matcher": {"id": "byName", "options": tier.label},
                        "properties": [
                            {"id": "color", "value": {"mode": "fixed", "fixedColor": _COLORS[tier][0]}},
                            {"id": "custom.lineStyle", "value": {"fill": "dot", "dash": [2, 6]}},
                            {"id": "custom.lineWidth", "value": 1},
                        ],
                    }
                    for tier in list(Tier)[1:]
                ),
            ],
        )
    )
    panel.update(repeat="zone", repeatDirection="h", maxPerRow=3)
    return panel


def _incidents() -> list[Panel]:
    return [
        graph(
            "Open incidents",
            "By phase: unacknowledged ones wait for a person.",
            [
                Query(
                    f"sum by (phase) (levee_alerting_incidents{{{SITE}}}) > 0 or sum by (phase) "
                    f'(levee_alerting_incidents{{{SITE}, phase="unacknowledged"}})',
                    "{{phase}}",
                )
            ],
            size=(8, 7),
        ),
        graph(
            "Longest wait for an answer",
            "Since the oldest page that nobody has acknowledged.",
            [Query(f"max by (site) (levee_alerting_incident_unanswered_seconds{{{SITE}}})", "{{site}}")],
            size=(8, 7),
            unit=SECONDS,
        ),
        graph(
            "Calls and answers",
            "Calls to people by name, the first and every escalation, and incidents that somebody acknowledged.",
            [
                Query(f"sum by (site) (increase(levee_alerting_calls_total{{{SITE}}}[{INTERVAL}]))", "{{site}}: calls"),
                Query(
                    f"sum by (site) (increase(levee_alerting_acknowledgements_total{{{SITE}}}[{INTERVAL}]))",
                    "{{site}}: acknowledged",
                ),
            ],
            size=(8, 7),
            bars=True,
        ),
    ]


def _changes() -> list[Panel]:
    return [
        graph(
            "Tier changes",
            "How often each zone went to each tier.",
            [
                Query(
                    f"sum by (site, zone, to) (increase(levee_alerting_tier_changes_total{{{ZONE}}}[{INTERVAL}]))",
                    "{{site}} / {{zone}} to {{to}}",
                )
            ],
            size=(12, 7),
            bars=True,
        ),
        graph(
            "Pages by channel and outcome",
            "Accepted means that the vendor took it, not that a person has read it.",
            [
                Query(
                    "sum by (channel, outcome) (increase(levee_alerting_pages_total[$__rate_interval]))",
                    "{{channel}}: {{outcome}}",
                )
            ],
            size=(12, 7),
            bars=True,
        ),
    ]


def _band() -> Panel:
    """One panel per chosen zone. The box knows no site: where two sites share a zone's name, their curves share it."""
    hidden = {"lineWidth": 0, "fillOpacity": 0}
    panel = graph(
        "People in $zone",
        "The count and its 90 % band. Broad means unsure; a gap is unknown, not empty.",
        [
            Query('levee_edge_zone_people_low{zone=~"$zone"}', "low"),
            Query('levee_edge_zone_people_high{zone=~"$zone"}', "high"),
            Query('levee_edge_zone_people{zone=~"$zone"}', "people"),
        ],
        size=(24, 8),
        overrides=[
            styled("low", **hidden),
            styled("high", lineWidth=0, fillOpacity=25, fillBelowTo="low"),
            styled("people", lineWidth=2),
        ],
    )
    panel.update(repeat="zone", repeatDirection="h", maxPerRow=3)
    return panel
