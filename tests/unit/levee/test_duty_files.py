"""Duty files that would call nobody: each fault in one line, with its file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from levee.config.check import check_files

SITE = """\
levee: site
site: riverside
title: Riverside
responsible: Duty room
duty: {operator: gate, territory: street, level: street}
zones:
  - {name: plaza, title: Plaza, kind: flat, box: b}
"""
SERVICE = """\
levee: service
sites: [site.yaml]
duty: duty.yaml
channels:
  log: {type: console}
  sms: {type: twilio, account: AC, secret_from_env: PATH, sender: "+15005550006"}
  mail: {type: mail, host: mail.example, sender: l@x.example}
pages: {yellow: [log], orange: [log], red: [log], unknown: [log]}
answer: {url: https://duty.example}
"""
DUTY = """\
levee: duty
time_zone: Europe/Berlin
people:
  - {name: ann, title: Ann, reach: [{channel: sms, to: "+4915112345678"}]}
  - {name: bob, title: Bob, reach: [{channel: mail, to: bob@x.example}]}
keeper: street
units:
  - name: gate
    title: Gate
    shifts:
      - {name: day, begins: "08:00", ends: "20:00", teams: [[ann]]}
      - {name: night, begins: "20:00", ends: "08:00", teams: [[bob]]}
  - name: street
    title: Street
    level: street
    shifts:
      - {name: all, teams: [[bob]]}
"""


def faults(folder: Path, duty: str = DUTY, site: str = SITE, service: str = SERVICE) -> list[str]:
    for name, text in (("duty", duty), ("site", site), ("service", service)):
        (folder / f"{name}.yaml").write_text(text)
    return [str(problem).replace(f"{folder}/", "") for problem in check_files([folder / "service.yaml"])]


def test_a_sound_place_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "teams: [[ann]]",
            "teams: [[]]",
            "duty.yaml:10: units[0].shifts[0].teams: shift day: teams holds a shift with nobody",
        ),
        ("teams: [[ann]]", "teams: [[eve]]", "unit gate: shift day: nobody is called eve"),
        ('ends: "20:00"', 'ends: "19:00"', "unit gate: nobody is on duty from"),
        ("channel: sms", "channel: fax", "person ann: service.yaml has no channel called fax"),
        (', to: "+4915112345678"', "", "person ann: the channel sms needs a telephone number `to`"),
        ("bob@x.example", "bob", "person bob: the channel mail needs a mail address `to`"),
        ("[{channel: mail, to: bob@x.example}]", "[]", "people[1].reach: must hold at least 1"),
        ("keeper: street", "keeper: moon", "keeper: no unit is called moon"),
        (
            "    level: street\n",
            "    level: district\n",
            "zone plaza: its level is street, and that of its territory district",
        ),
        ("title: Street\n", "title: Street\n    up: street\n", "unit street: up leads in a circle"),
        ("teams: [[bob]]}\n", "teams: [[bob]], days: [mon, tue]}\n", "and more such gaps"),
        ("name: street\n", "name: road\n", "no unit is called street"),
    ],
)
def test_what_is_wrong_with_a_duty_file(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in DUTY
    found = faults(tmp_path, duty=DUTY.replace(old, new))
    assert any(says.split(": ", 1)[-1] in line for line in found), found
    assert not any("warning" in line for line in found if says in line)


@pytest.mark.parametrize(
    ("site", "says"),
    [
        (
            SITE.replace("operator: gate", "operator: moon"),
            "site.yaml:5: duty: zone plaza: duty.yaml has no unit called moon",
        ),
        (
            SITE.replace("duty: {operator: gate, territory: street, level: street}", "duty: {level: street}"),
            "duty names no unit, so the chain of calls ends in nobody",
        ),
        (
            SITE.replace("duty: {operator: gate, territory: street, level: street}\n", ""),
            "warning: zones[0]: zone plaza: no `duty`, so nobody is called by name",
        ),
        (
            SITE.replace("operator: gate, ", ""),
            "warning: duty: zone plaza: its whole chain is one person, so nobody is next",
        ),
    ],
)
def test_chains_that_end_in_nobody(tmp_path: Path, site: str, says: str) -> None:
    assert any(says in line for line in faults(tmp_path, site=site)), faults(tmp_path, site=site)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "answer: {url: https://duty.example}\n",
            "",
            "warning: duty: people are called by name (`duty`), but without `answer`",
        ),
        ("duty: duty.yaml", "duty: none.yaml", "no such file:"),
        ("red: [log]", "red: [sms]", "pages name the channel sms, which reaches nobody without an address"),
        ("https://duty.example", "duty.example", "url must begin with http:// or https://"),
        ("answer:", "cluster: pair\nanswer:", "a leader and its standby need one PostgreSQL"),
        ("answer:", "self_test: {to: eve}\nanswer:", "nobody in duty.yaml is called eve"),
        ("answer:", "audit: {channels: {}}\nanswer:", "the auditor could tell nobody"),
    ],
)
def test_what_is_wrong_with_the_service(tmp_path: Path, old: str, new: str, says: str) -> None:
    found = faults(tmp_path, service=SERVICE.replace(old, new))
    assert any(says in line for line in found), found


def test_a_gap_at_the_change_to_summer_time_is_named_with_its_offsets(tmp_path: Path) -> None:
    swap = '    swaps: [{begins: "2027-03-28 01:00", ends: "2027-03-28 03:30", absent: bob}]\n'
    found = faults(tmp_path, duty=DUTY.replace("  - name: street\n", swap + "  - name: street\n"))
    gap = "from Sun 2027-03-28 01:00+0100 to Sun 2027-03-28 03:30+0200"
    assert f"duty.yaml:10: units[0].shifts: unit gate: nobody is on duty {gap}" in found
