"""The dashboards are sound by themselves: ids, places, queries, words. That queries return data is a system test."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import jsonschema
import pytest
import yaml

from levee.dashboards.duty_room import TIERS, TIERS_OR_UNKNOWN, UNKNOWN, duty_room
from levee.dashboards.fleet import CAMERA_STATES, READING_STATES, code, fleet
from levee.dashboards.layout import COLUMNS, Section, dashboard
from levee.dashboards.panels import Query, Words, stat
from levee.dashboards.service import service
from wire import CameraState, State, Tier

ROOT = Path(__file__).resolve().parents[3]
DASHBOARDS = [duty_room(), fleet(), service()]
PANELS = [(board["uid"], panel) for board in DASHBOARDS for panel in board["panels"] if panel["type"] != "row"]
TITLES = [f"{uid}: {panel['title']}" for uid, panel in PANELS]
#: Grafana's names of units, as far as Levee uses them; a text of one's own begins with `suffix:`.
UNITS = {"s", "short", "cps", "celsius"}
#: What Grafana fills in by itself.
BUILT_IN = {"__rate_interval", "__field"}


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_ids_are_unique_and_no_panel_lies_on_another(board):
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for one, two in combinations([panel["gridPos"] for panel in board["panels"]], 2):
        apart = (
            one["x"] + one["w"] <= two["x"]
            or two["x"] + two["w"] <= one["x"]
            or one["y"] + one["h"] <= two["y"]
            or two["y"] + two["h"] <= one["y"]
        )
        assert apart, (one, two)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= COLUMNS for panel in board["panels"])


def test_dashboards_have_lasting_names_of_their_own():
    assert len({board["uid"] for board in DASHBOARDS}) == len(DASHBOARDS)
    assert all(re.fullmatch(r"[a-z0-9-]{8,40}", board["uid"]) for board in DASHBOARDS)


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=TITLES)
def test_a_panel_explains_itself_and_asks_the_chosen_source(uid, panel):
    assert panel["description"].endswith(".")
    refs = [target["refId"] for target in panel["targets"]]
    assert refs
    assert len(set(refs)) == len(refs)
    for target in panel["targets"]:
        assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert target["expr"].count("(") == target["expr"].count(")")
        assert target["instant"] is not target["range"]
    unit = panel["fieldConfig"]["defaults"].get("unit")
    assert unit is None or unit in UNITS or unit.startswith("suffix:")
    seconds = re.search(r"_seconds(_bucket)?\b(?! > )", panel["targets"][0]["expr"])
    assert bool(seconds) == (unit == "s")


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_only_known_variables_are_used(board):
    known = {variable["name"] for variable in board["templating"]["list"]} | BUILT_IN
    used = set(re.findall(r"\$\{?(\w+)", str(board)))
    assert used - {"__all"} <= known
    # Without a panel of zones there is nothing to open in the console.
    assert known - BUILT_IN - {"console"} <= used


#: What is known of Grafana's model of dashboards (kinds/dashboard of its repository), as far as Levee uses it.
MODEL = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "panels", "templating", "annotations", "links", "time"],
    "properties": {
        "uid": {"type": "string", "pattern": "^[a-z0-9-]{8,40}$"},
        "graphTooltip": {"enum": [0, 1, 2]},
        "refresh": {"type": "string"},
        "panels": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type", "title", "gridPos"],
                "properties": {
                    "type": {"enum": ["row", "stat", "timeseries", "state-timeline", "table"]},
                    "repeatDirection": {"enum": ["h", "v"]},
                    "gridPos": {
                        "type": "object",
                        "required": ["x", "y", "w", "h"],
                        "properties": {
                            "x": {"type": "integer", "minimum": 0, "maximum": 23},
                            "y": {"type": "integer", "minimum": 0},
                            "w": {"type": "integer", "minimum": 1, "maximum": 24},
                            "h": {"type": "integer", "minimum": 1},
                        },
                    },
                    "fieldConfig": {
                        "type": "object",
                        "required": ["defaults", "overrides"],
                        "properties": {
                            "defaults": {
                                "properties": {
                                    "links": {
                                        "type": "array",
                                        "items": {
                                            "required": ["title", "url"],
                                            "properties": {"targetBlank": {"type": "boolean"}},
                                        },
                                    },
                                    "mappings": {"items": {"properties": {"type": {"const": "value"}}}},
                                    "thresholds": {"properties": {"mode": {"enum": ["absolute", "percentage"]}}},
                                }
                            },
                            "overrides": {"items": {"required": ["matcher", "properties"]}},
                        },
                    },
                },
            },
        },
        "annotations": {
            "properties": {
                "list": {
                    "items": {
                        "required": ["name", "datasource", "enable", "iconColor", "expr", "titleFormat"],
                        "properties": {"enable": {"type": "boolean"}, "hide": {"type": "boolean"}},
                    }
                }
            }
        },
        "templating": {
            "properties": {
                "list": {
                    "items": {
                        "required": ["type", "name", "hide", "query"],
                        "properties": {
                            "type": {"enum": ["query", "datasource", "textbox"]},
                            "hide": {"enum": [0, 1, 2]},
                        },
                    }
                }
            }
        },
        "links": {"items": {"required": ["title", "type", "icon", "tooltip", "url", "tags"]}},
    },
}


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_a_dashboard_fits_grafanas_model(board):
    jsonschema.validate(board, MODEL)


def test_panels_of_zones_lead_into_the_console():
    linked = [panel for _, panel in PANELS if panel["fieldConfig"]["defaults"].get("links")]
    assert len(linked) >= 4
    for panel in linked:
        [link] = panel["fieldConfig"]["defaults"]["links"]
        assert link["url"] == "${console}/zone/${__field.labels.site}/${__field.labels.zone}"
        # The series must bear both labels, or the link leads nowhere.
        for target in panel["targets"]:
            assert re.match(r"levee_alerting_zone_\w+\{site=", target["expr"]), target["expr"]


def test_tier_changes_are_marked_in_the_duty_room():
    [mark] = duty_room()["annotations"]["list"]
    assert "tier_changes_total" in mark["expr"]
    assert mark["titleFormat"] == "{{site}} / {{zone}} to {{to}}"


def test_every_tier_has_words_known_and_held():
    assert set(TIERS_OR_UNKNOWN) == {int(tier) + extra for tier in Tier for extra in (0, UNKNOWN)}
    words = [said.text for said in TIERS_OR_UNKNOWN.values()]
    assert len(set(words)) == len(words)
    for tier in Tier:
        assert tier.label in TIERS[int(tier)].text
        assert "unknown" in TIERS_OR_UNKNOWN[int(tier) + UNKNOWN].text


def test_every_state_of_a_camera_and_of_a_reading_has_a_word():
    assert {said.text for said in CAMERA_STATES.values()} == {state.value for state in CameraState}
    assert {said.text for said in READING_STATES.values()} == {state.value for state in State}


def test_one_number_tells_which_state_is_on():
    states = {0: Words("good", "green"), 1: Words("bad", "red")}
    wanted = 'max by (zone) (0 * (m{z="1", state="good"} == 1) or 1 * (m{z="1", state="bad"} == 1))'
    assert code("m", "zone", 'z="1"', states) == wanted


def test_a_panel_that_does_not_fit_begins_the_next_line():
    def wide(width: int, height: int) -> dict:
        return stat("a", "b.", Query("up", "up"), size=(width, height))

    board = dashboard(
        uid="u",
        title="t",
        description="d",
        variables=(),
        sections=(Section("one", [wide(12, 3), wide(12, 5), wide(6, 2)]), Section("two", [wide(24, 1)])),
    )
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]]
    assert places == [(0, 0), (0, 1), (12, 1), (0, 6), (0, 8), (0, 9)]


def test_provisioning_names_the_source_and_the_folder():
    folder = ROOT / "configs" / "grafana" / "provisioning"
    [source] = yaml.safe_load((folder / "datasources" / "levee.yml").read_text())["datasources"]
    scrapes = yaml.safe_load((ROOT / "configs" / "prometheus" / "prometheus.yml").read_text())["global"]
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == scrapes["scrape_interval"]
    [provider] = yaml.safe_load((folder / "dashboards" / "levee.yml").read_text())["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"].startswith("/")
