"""Pages to somebody who is erased: tried no more, and nothing of them is kept."""

from __future__ import annotations

from dataclasses import replace

from alerting.duty.settings import DutySettings
from alerting.paging.desk import Desk
from alerting.record import Batch, PageRow, PageState
from alerting.view import PageView

Key = tuple[str, str]
#: What is left of a page to a person who was erased.
ERASED = b"{}"


def end_pages(desk: Desk, batch: Batch, person: str) -> set[Key]:
    """The pages that are under way still; the others end now."""
    for row in desk.drop(lambda row: row.person == person, PageState.GIVEN_UP, "erased"):
        batch.pages[row.id, row.channel] = row
    for key, row in batch.pages.items():
        if row.person == person:
            batch.pages[key] = replace(row, note=ERASED)
    return {(row.id, row.channel) for row in desk.rows if row.person == person}


def shown_without(pages: dict[Key, PageView], person: str, duty: DutySettings | None) -> dict[Key, PageView]:
    known = duty.person(person) if duty is not None else None
    title = known.title if known is not None else person
    return {
        key: replace(view, acknowledged_by="") if view.acknowledged_by == person else view
        for key, view in pages.items()
        if view.person not in (person, title)
    }


def emptied(row: PageRow) -> PageRow:
    return replace(row, person="", note=ERASED, answer="")
