"""Grafana panels as plain dictionaries: one function per kind of panel that Levee uses.

The JSON is Grafana's dashboard model (schema version 39 and later); a panel gets its id and its place in `layout`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Panel: TypeAlias = dict[str, Any]
Step: TypeAlias = tuple[float | None, str]

#: Every query goes to the Prometheus that the reader picks at the top of the dashboard.
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

SECONDS = "s"
PER_SECOND = "cps"
NUMBER = "short"
DENSITY = "suffix: /m²"
FRAMES = "suffix: frames/s"
CELSIUS = "celsius"


@dataclass(frozen=True)
class Query:
    """One PromQL expression and how its series are called in the legend."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Words:
    """What a number means: its text and its colour. Colour is never the only sign."""

    text: str
    color: str


def _targets(queries: Sequence[Query], *, instant: bool, table: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "refId": chr(ord("A") + place),
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": query.expr,
            "legendFormat": query.legend,
            "instant": instant,
            "range": not instant,
            "format": "table" if table else "time_series",
        }
        for place, query in enumerate(queries)
    ]


def _steps(steps: Sequence[Step]) -> dict[str, Any]:
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def _mappings(words: Mapping[int, Words]) -> list[dict[str, Any]]:
    if not words:
        return []
    options = {
        str(value): {"text": said.text, "color": said.color, "index": place}
        for place, (value, said) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]


def _panel(kind: str, title: str, description: str, size: tuple[int, int], targets: list[dict[str, Any]]) -> Panel:
    width, height = size
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"w": width, "h": height},
        "targets": targets,
    }


def stat(
    title: str,
    description: str,
    query: Query,
    *,
    size: tuple[int, int],
    steps: Sequence[Step] = ((None, "green"),),
    words: Mapping[int, Words] | None = None,
    unit: str = NUMBER,
) -> Panel:
    """One large figure: the newest value, coloured by `steps` or by `words`."""
    panel = _panel("stat", title, description, size, _targets([query], instant=True))
    panel["fieldConfig"] = {
        "defaults": {
            "unit": unit,
            "color": {"mode": "thresholds"},
            "thresholds": _steps(steps),
            "mappings": _mappings(words or {}),
            "noValue": "no data",
        },
        "overrides": [],
    }
    panel["options"] = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": "value",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return panel


def timeline(
    title: str, description: str, queries: Sequence[Query], words: Mapping[int, Words], *, size: tuple[int, int]
) -> Panel:
    """States over time: a band per series, each stretch with the text and the colour of its value."""
    panel = _panel("state-timeline", title, description, size, _targets(queries, instant=False))
    panel["fieldConfig"] = {
        "defaults": {
            "color": {"mode": "thresholds"},
            "thresholds": _steps([(None, "text")]),
            "mappings": _mappings(words),
            "custom": {"fillOpacity": 85, "lineWidth": 0},
        },
        "overrides": [],
    }
    panel["options"] = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.85,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return panel


def graph(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    size: tuple[int, int],
    unit: str = NUMBER,
    steps: Sequence[Step] = (),
    bars: bool = False,
    overrides: Sequence[dict[str, Any]] = (),
) -> Panel:
    """Curves over time from zero up, gaps left open; `steps` draws dashed threshold lines, `bars` draws counts."""
    panel = _panel("timeseries", title, description, size, _targets(queries, instant=False))
    panel["fieldConfig"] = {
        "defaults": {
            "unit": unit,
            "min": 0,
            "color": {"mode": "palette-classic"},
            "thresholds": _steps(steps or [(None, "green")]),
            "custom": {
                "drawStyle": "bars" if bars else "line",
                "lineInterpolation": "linear",
                "lineWidth": 1 if bars else 2,
                "fillOpacity": 70 if bars else 0,
                "showPoints": "never",
                "spanNulls": False,
                "stacking": {"mode": "normal" if bars else "none", "group": "A"},
                "thresholdsStyle": {"mode": "dashed" if steps else "off"},
            },
        },
        "overrides": list(overrides),
    }
    panel["options"] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel


def table(
    title: str, description: str, queries: Sequence[Query], *, size: tuple[int, int], hide: Sequence[str]
) -> Panel:
    """The newest samples as rows, one column per label, without the columns in `hide`."""
    panel = _panel("table", title, description, size, _targets(queries, instant=True, table=True))
    panel["fieldConfig"] = {"defaults": {"custom": {"align": "auto"}}, "overrides": []}
    panel["options"] = {"showHeader": True, "cellHeight": "sm"}
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {"excludeByName": dict.fromkeys(hide, True), "indexByName": {}, "renameByName": {}},
        },
    ]
    return panel


def linked(panel: Panel) -> Panel:
    """The same, with a link from every series of a zone to that zone's page in the console."""
    panel["fieldConfig"]["defaults"]["links"] = [
        {
            "title": "Open ${__field.labels.zone} in the console",
            "url": "${console}/zone/${__field.labels.site}/${__field.labels.zone}",
            "targetBlank": True,
        }
    ]
    return panel


def styled(series: str, **custom: Any) -> dict[str, Any]:
    """An override for the series called `series`: each keyword becomes a property of its drawing style."""
    properties = [{"id": f"custom.{name}", "value": value} for name, value in custom.items()]
    return {"matcher": {"id": "byName", "options": series}, "properties": properties}
