"""Whole dashboards: headings, places on Grafana's grid of 24 columns, ids, and the variables at the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from levee.dashboards.panels import DATASOURCE, Panel

COLUMNS = 24
#: Grafana 11; a newer one brings the file up to date by itself when it loads it.
SCHEMA_VERSION = 39


#: Where the console listens by default.
CONSOLE = "http://127.0.0.1:9112"


@dataclass(frozen=True)
class Section:
    """A heading and the panels below it, in reading order. A panel that does not fit the line begins the next."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Variable:
    """A choice at the top: the values of `label` on the series that `selector` finds."""

    name: str
    title: str
    selector: str
    label: str

    @property
    def query(self) -> str:
        return f"label_values({self.selector}, {self.label})"


@dataclass(frozen=True)
class Mark:
    """A vertical line in every panel while `expr` has a sample; `title` may name its labels."""

    name: str
    expr: str
    title: str
    color: str


def dashboard(
    *,
    uid: str,
    title: str,
    description: str,
    variables: Sequence[Variable],
    sections: Sequence[Section],
    marks: Sequence[Mark] = (),
) -> dict[str, Any]:
    """The JSON model of one dashboard. `uid` is its lasting name: links and provisioning go by it."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["levee"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "timezone": "browser",
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
        "annotations": {"list": [_mark(mark) for mark in marks]},
        "links": [_links()],
        "templating": {"list": [_source(), _console(), *(_variable(variable) for variable in variables)]},
        "panels": _placed(sections),
    }


def _placed(sections: Sequence[Section]) -> list[Panel]:
    placed: list[Panel] = []
    top = 0
    for section in sections:
        heading = {"type": "row", "title": section.title, "collapsed": False, "panels": []}
        placed.append({"id": len(placed) + 1, **heading, "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}})
        top += 1
        left, line = 0, 0
        for panel in section.panels:
            width, height = panel["gridPos"]["w"], panel["gridPos"]["h"]
            if left + width > COLUMNS:
                top, left, line = top + line, 0, 0
            place = {"x": left, "y": top, "w": width, "h": height}
            placed.append({"id": len(placed) + 1, **panel, "gridPos": place})
            left, line = left + width, max(line, height)
        top += line
    return placed


def _links() -> dict[str, Any]:
    """To the other dashboards of Levee, with the same time and choices."""
    return {
        "title": "Levee",
        "type": "dashboards",
        "tags": ["levee"],
        "asDropdown": False,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }


def _source() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "skipUrlSync": False,
        "options": [],
        "current": {},
    }


def _console() -> dict[str, Any]:
    """Where the console is, for the links into it; whoever reads the dashboard may change it."""
    return {
        "name": "console",
        "label": "Console",
        "type": "textbox",
        "query": CONSOLE,
        "hide": 0,
        "skipUrlSync": False,
        "options": [{"selected": True, "text": CONSOLE, "value": CONSOLE}],
        "current": {"selected": True, "text": CONSOLE, "value": CONSOLE},
    }


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "name": mark.name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": mark.color,
        "expr": mark.expr,
        "step": "5s",
        "titleFormat": mark.title,
        "textFormat": "",
        "tagKeys": "site,zone",
        "useValueForTime": False,
    }


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.title,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": variable.query,
        "query": {"qryType": 5, "query": variable.query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "regex": "",
        "sort": 1,
        "refresh": 2,
        "hide": 0,
        "includeAll": True,
        "multi": True,
        "skipUrlSync": False,
        "options": [],
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }
