"""The duty desk as the console reads it: the state that the service stored last."""

from __future__ import annotations

from typing import Any

from alerting.console.context import Console
from alerting.desk.state import DeskRefused, DeskState, Task, decode_desk
from alerting.record.engine import RecordRefused
from wire import Tier


async def state_of(console: Console) -> DeskState | None:
    """The desk as the service stored it last; None where there is no desk. RecordAway, RecordRefused."""
    stored = await console.read(lambda: console.door.record.desk())
    if stored is None:
        return None
    try:
        return decode_desk(stored)
    except DeskRefused as error:
        raise RecordRefused(str(error)) from None


def tasks_of(state: DeskState | None, site: str = "", zone: str = "") -> list[Task]:
    """Steps that wait first, the latest due last; then what was done."""
    found = [
        task
        for task in (state.tasks.values() if state is not None else ())
        if (not site or task.site == site) and (not zone or task.zone == zone)
    ]
    return sorted(found, key=lambda task: (not task.state.waits, task.due))


def shown_task(console: Console, task: Task) -> dict[str, Any]:
    known = console.zone(task.site, task.zone)
    unit = console.duty.unit(task.owner) if console.duty is not None else None
    return {
        "one": task,
        "tier": Tier(task.tier).label,
        "title": known[1].title if known else task.zone,
        "due": console.local(task.due, task.site),
        "unit": unit.title if unit is not None else task.owner,
        "by": console.feed.live.called(task.by),
    }
