"""What came of one drill: who answered when, and which steps were late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo


def drill_report(
    entries: Iterable[tuple[float, str, Mapping[str, Any]]], mark: str, names: Mapping[str, str]
) -> dict[str, Any]:
    """The report of the drill `mark`; people by what they are called (`names`, by pseudonym)."""
    report: dict[str, Any] = {"drill": mark, "tiers": [], "calls": [], "answers": [], "steps": {}, "how": "", "why": ""}
    for at, kind, body in entries:
        if body.get("drill") != mark:
            continue
        if kind == "drill":
            if body["what"] == "begun":
                report |= {"name": body["name"], "site": body["site"], "begun": at}
            else:
                report |= {"how": body["what"], "why": body["why"], "ended": at}
        elif kind == "drill-tier":
            report["tiers"].append({"at": at, "zone": body["zone"], "from": body["from"], "to": body["to"]})
        elif kind == "drill-call":
            who = names.get(body["person"], "?")
            report["calls"].append({"at": at, "who": who, "unit": body["unit"], "tier": body["tier"]})
        elif kind == "drill-incident" and body["what"] == "acknowledged":
            report["answers"].append({"at": at, "who": names.get(body.get("by", ""), "?"), "zone": body["zone"]})
        elif kind == "step":
            step = report["steps"].setdefault(
                body["task"], {"plan": body["plan"], "step": body["step"], "owner": body["owner"], "to": body["to"]}
            )
            step |= {"state": body["what"], "late": step.get("late", False) or body["what"] == "overdue"}
            if body["what"] in ("done", "received"):
                step |= {"took_s": body["took_s"], "who": names.get(body.get("by", ""), body["to"])}
    report["steps"] = list(report["steps"].values())
    return report


def drill_text(report: Mapping[str, Any], time_zone: str) -> str:
    """The same for people."""

    def clock(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(time_zone)).strftime("%H:%M:%S")

    lines = [f"EXERCISE {report.get('name', '')} {report['how']}: {report['why']}"]
    lines += [f"  {clock(one['at'])} {one['zone']}: {one['from']} to {one['to']}" for one in report["tiers"]]
    lines += [f"  {clock(one['at'])} {one['who']} ({one['unit']}) was called" for one in report["calls"]]
    lines += [f"  {clock(one['at'])} {one['who']} answered for {one['zone']}" for one in report["answers"]]
    lines += [] if report["answers"] else ["  nobody answered"]
    for one in report["steps"]:
        told = f"{one['took_s']:.0f} s" if "took_s" in one else one["state"]
        late = ", LATE" if one["late"] else ""
        lines.append(f"  {one['plan']}/{one['step']} ({one['to'] or one['owner']}): {told}{late}")
    return "\n".join(lines)
