"""What goes into the record in one transaction, and what comes out of it at a start."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from alerting.assess import Change
from alerting.ingest import Accepted
from alerting.ledger import Ledger


class PageState(enum.Enum):
    """Accepted and given-up are final; the others are tried again."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    GIVEN_UP = "given-up"

    @property
    def pending(self) -> bool:
        return self not in (PageState.ACCEPTED, PageState.GIVEN_UP)


@dataclass(frozen=True)
class PageRow:
    """One page on one channel; `note` is what is sent, as JSON. Times in seconds since 1970 UTC."""

    id: str
    channel: str
    tier: int
    queued: float
    note: bytes
    state: PageState = PageState.QUEUED
    attempts: int = 0
    answer: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """A state as it stood after event `number`, so that a replay can begin there."""

    number: int
    at: float
    state: bytes


@dataclass
class Batch:
    """Waits in memory until it is committed as a whole."""

    messages: list[Accepted] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    #: The newest state of each page, by id and channel.
    pages: dict[tuple[str, str], PageRow] = field(default_factory=dict)
    #: Encoded states by site, and ledgers by site, box and session.
    states: dict[str, bytes] = field(default_factory=dict)
    ledgers: dict[tuple[str, str, str], Ledger] = field(default_factory=dict)

    #: What was judged, by site: number and encoded event, one after another; and states to begin a replay from.
    events: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.messages or self.changes or self.pages or self.states or self.ledgers or self.events)


@dataclass(frozen=True)
class Resumed:
    """Where the last run of the service ended."""

    term: int
    #: The service's clock at the last commit; 0 in a new record.
    at: float
    states: dict[str, bytes]
    #: By site, what was judged after its state was saved: pieces of the log with the number of their first event.
    events: dict[str, list[tuple[int, bytes]]]
    #: By site and box, the session heard of last at the end.
    ledgers: dict[tuple[str, str], dict[str, Ledger]]
    pending: tuple[PageRow, ...]
