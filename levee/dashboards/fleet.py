"""The dashboard for the engineer: are the cameras, the boxes, the broker and the service well?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from levee.dashboards.layout import Section, Variable, dashboard
from levee.dashboards.panels import (
    CELSIUS,
    FRAMES,
    PER_SECOND,
    SECONDS,
    Panel,
    Query,
    Words,
    graph,
    stat,
    table,
    timeline,
)
from levee.dashboards.queries import increase, quantiles, rate
from wire import CameraState, State

SITE_BOX = 'site=~"$site", box=~"$box"'
EDGE = 'instance=~"$instance"'

_CAMERA_COLORS = {
    CameraState.LIVE: "dark-green",
    CameraState.STALLED: "orange",
    CameraState.FROZEN: "light-blue",
    CameraState.DARK: "#444444",
    CameraState.BLOCKED: "purple",
    CameraState.MOVED: "yellow",
    CameraState.OFF: "red",
}
CAMERA_STATES = {place: Words(state.value, color) for place, (state, color) in enumerate(_CAMERA_COLORS.items())}
READING_STATES = {
    0: Words(State.GOOD.value, "dark-green"),
    1: Words(State.DEGRADED.value, "yellow"),
    2: Words(State.UNKNOWN.value, "#7f8c86"),
}
LINK = {0: Words("away", "red"), 1: Words("connected", "dark-green")}
ONLINE = {0: Words("offline", "red"), 1: Words("online", "dark-green")}


def fleet() -> dict[str, Any]:
    """The dashboard `levee-fleet`."""
    return dashboard(
        uid="levee-fleet",
        title="Levee: boxes",
        description="Whether Levee can see: boxes, cameras, counting, latencies, drops with reasons, outboxes.",
        variables=(
            Variable("site", "Site", "levee_alerting_box_online", "site"),
            Variable("box", "Box", 'levee_alerting_box_online{site=~"$site"}', "box"),
            Variable("instance", "Box address", "levee_edge_build_info", "instance"),
        ),
        sections=(
            Section("Now", _now()),
            Section("Boxes, as the service hears of them", [*_heard(), *_told()]),
            Section("Cameras and counting", _cameras()),
            Section("Outbox and broker", _outbox()),
        ),
    )


def code(metric: str, by: str, selector: str, states: Mapping[int, Words]) -> str:
    """The number of the state that is on, from a metric with a 0/1 series for every state."""
    terms = (f'{number} * ({metric}{{{selector}, state="{said.text}"}} == 1)' for number, said in states.items())
    return f"max by ({by}) ({' or '.join(terms)})"


def _now() -> list[Panel]:
    firing = 'count(ALERTS{alertname=~"Levee.+", alertstate="firing", severity=~"warning|critical"})'
    return [
        stat(
            "Alerts firing",
            "Warnings and critical alerts of the rules in rules/alerts.yml. No alert at all is 0.",
            Query(f"{firing} or vector(0)", "firing"),
            size=(4, 5),
            steps=((None, "green"), (1.0, "red")),
        ),
        timeline(
            "Broker",
            "Whether the boxes and the service have a connection to the broker.",
            [
                Query(f"levee_edge_broker_connected{{{EDGE}}}", "box {{instance}}"),
                Query("levee_alerting_broker_connected", "service {{instance}}"),
            ],
            LINK,
            size=(12, 5),
        ),
        table(
            "Versions",
            "What runs where.",
            [
                Query(f"levee_edge_build_info{{{EDGE}}}", "box"),
                Query("levee_alerting_build_info", "service"),
            ],
            size=(8, 5),
            hide=("Time", "Value", "Value #A", "Value #B", "__name__"),
        ),
    ]


def _heard() -> list[Panel]:
    return [
        timeline(
            "Boxes",
            "From birth, farewell and will on the broker.",
            [Query(f"levee_alerting_box_online{{{SITE_BOX}}}", "{{site}} / {{box}}")],
            ONLINE,
            size=(12, 7),
        ),
        timeline(
            "Cameras",
            "Only a live camera gives good readings. For boxes that cannot be scraped, too.",
            [
                Query(
                    code("levee_alerting_box_camera_state", "site, box, camera", SITE_BOX, CAMERA_STATES),
                    "{{box}} / {{camera}}",
                )
            ],
            CAMERA_STATES,
            size=(12, 7),
        ),
    ]


def _told() -> list[Panel]:
    """What boxes report over MQTT: there for those that cannot be scraped, too."""
    return [
        graph(
            "Frames, as reported",
            "Frames taken from each camera.",
            [Query(rate("levee_alerting_box_frames_total", "box, camera", f"{{{SITE_BOX}}}"), "{{box}} / {{camera}}")],
            size=(8, 7),
            unit=FRAMES,
        ),
        graph(
            "Frames not counted, as reported",
            "By reason.",
            [
                Query(
                    rate("levee_alerting_box_frames_dropped_total", "box, camera, reason", f"{{{SITE_BOX}}}"),
                    "{{box}} / {{camera}}: {{reason}}",
                )
            ],
            size=(8, 7),
            unit=FRAMES,
        ),
        graph(
            "From the picture to the judgement",
            "Age of live readings when they are judged: median, 95 % and 99 %.",
            quantiles("levee_alerting_reading_age_seconds", "box", f"{{{SITE_BOX}}}", "{{box}}"),
            size=(8, 7),
            unit=SECONDS,
        ),
        graph(
            "Oldest message, as reported",
            "How far the record is behind each box.",
            [Query(f"levee_alerting_box_outbox_oldest_age_seconds{{{SITE_BOX}}}", "{{box}}")],
            size=(8, 7),
            unit=SECONDS,
        ),
        graph(
            "Given up, as reported",
            "Readings that the record will never have, by reason.",
            [
                Query(
                    increase("levee_alerting_box_outbox_dropped_total", "box, reason", f"{{{SITE_BOX}}}"),
                    "{{box}}: {{reason}}",
                )
            ],
            size=(8, 7),
            bars=True,
        ),
        graph(
            "Temperature",
            "Of the boxes that tell it.",
            [Query(f"levee_alerting_box_temperature_celsius{{{SITE_BOX}}}", "{{box}}")],
            size=(8, 7),
            unit=CELSIUS,
        ),
    ]


def _cameras() -> list[Panel]:
    return [
        graph(
            "Frames",
            "Frames taken from each camera.",
            [Query(rate("levee_edge_frames_total", "instance, camera", f"{{{EDGE}}}"), "{{camera}}")],
            size=(12, 7),
            unit=FRAMES,
        ),
        graph(
            "Frames not counted",
            "By reason.",
            [
                Query(
                    rate("levee_edge_frames_dropped_total", "instance, camera, reason", f"{{{EDGE}}}"),
                    "{{camera}}: {{reason}}",
                )
            ],
            size=(12, 7),
            unit=FRAMES,
        ),
        graph(
            "Age of the newest frame",
            "Grows while a camera is stalled or off.",
            [Query(f"levee_edge_frame_age_seconds{{{EDGE}}}", "{{camera}}")],
            size=(12, 7),
            unit=SECONDS,
        ),
        graph(
            "Time to count a frame",
            "Median, 95 % and 99 %.",
            quantiles("levee_edge_count_duration_seconds", "instance, camera", f"{{{EDGE}}}", "{{camera}}"),
            size=(12, 7),
            unit=SECONDS,
        ),
        timeline(
            "Readings of each zone",
            "How far the box trusts what it sends: a degraded reading is judged by its upper bound.",
            [Query(code("levee_edge_zone_state", "instance, zone", EDGE, READING_STATES), "{{zone}}")],
            READING_STATES,
            size=(24, 6),
        ),
    ]


def _outbox() -> list[Panel]:
    return [
        graph(
            "Messages in the outbox",
            "Sent or not, the service has not recorded them yet.",
            [
                Query(f"levee_edge_outbox_messages{{{EDGE}}}", "{{instance}}"),
                Query(f"levee_alerting_box_outbox_messages{{{SITE_BOX}}}", "{{box}}, as last reported"),
            ],
            size=(12, 7),
        ),
        graph(
            "Oldest message in the outbox",
            "How far the record is behind the box.",
            [Query(f"levee_edge_outbox_oldest_age_seconds{{{EDGE}}}", "{{instance}}")],
            size=(12, 7),
            unit=SECONDS,
        ),
        graph(
            "Messages given up",
            "Readings that the record will never have, by reason.",
            [
                Query(
                    increase("levee_edge_outbox_dropped_total", "instance, reason", f"{{{EDGE}}}"),
                    "{{instance}}: {{reason}}",
                )
            ],
            size=(12, 7),
            bars=True,
        ),
        graph(
            "Published",
            "By topic; `backlog` is what was sent late.",
            [Query(rate("levee_edge_published_total", "instance, topic", f"{{{EDGE}}}"), "{{instance}}: {{topic}}")],
            size=(12, 7),
            unit=PER_SECOND,
        ),
    ]
