"""What goes into the record in one transaction, and what comes out of it at a start."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from alerting.assess import Change
from alerting.duty.events import Call, Entry
from alerting.duty.incident import Incident
from alerting.ingest import Accepted
from alerting.ledger import Ledger
from alerting.thresholds import Place, Thresholds


class PageState(enum.Enum):
    """Accepted and given-up are final; the others are tried again. `acknowledged` is a page that a person answered."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    GIVEN_UP = "given-up"
    ACKNOWLEDGED = "acknowledged"

    @property
    def pending(self) -> bool:
        return self in (PageState.QUEUED, PageState.REFUSED, PageState.FAILED)


@dataclass(frozen=True)
class PageRow:
    """One page on one channel; `note` is what is sent, as JSON. Times in seconds since 1970 UTC.

    `person` is the short name of who is called; empty where the channel has one receiver.
    """

    id: str
    channel: str
    tier: int
    queued: float
    note: bytes
    state: PageState = PageState.QUEUED
    attempts: int = 0
    answer: str = ""
    person: str = ""


@dataclass(frozen=True)
class CallRow:
    """A call, for the one who answers it."""

    call: Call
    site: str
    #: What its page says.
    text: str


@dataclass(frozen=True)
class Request:
    """What somebody asks for through another door; `body` is JSON."""

    id: int
    key: str
    at: float
    body: str


@dataclass(frozen=True)
class Outcome:
    """What came of a request: a word and a sentence."""

    request: int
    outcome: str
    words: str


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
    #: For the chain, in their order.
    entries: list[Entry] = field(default_factory=list)
    #: Encoded duties by site, incidents and calls by id.
    duties: dict[str, bytes] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    calls: dict[str, CallRow] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    #: Calls whose pages were answered.
    answered: list[str] = field(default_factory=list)
    #: Short names of people who are to be forgotten, once everything else is written.
    erased: list[str] = field(default_factory=list)
    #: What was judged, by site: number and encoded event, one after another; and states to begin a replay from.
    events: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    #: Thresholds that were changed, by site and zone; None where the file's count again.
    thresholds: dict[Place, Thresholds | None] = field(default_factory=dict)

    @property
    def weighty(self) -> bool:
        """Whether it holds what should not wait."""
        heavy = (self.changes, self.pages, self.entries, self.outcomes, self.calls, self.erased, self.thresholds)
        return any(heavy)

    def __bool__(self) -> bool:
        light = (self.messages, self.states, self.ledgers, self.events, self.duties, self.incidents)
        return self.weighty or any(light)


@dataclass(frozen=True)
class Resumed:
    """Where the last run of the service ended."""

    term: int
    #: The service's clock at the last commit; 0 in a new record.
    at: float
    states: dict[str, bytes]
    #: By site, the pieces of its log that hold events after its state, each with the number of its first event.
    events: dict[str, list[tuple[int, bytes]]]
    #: By site and box, the session heard of last at the end.
    ledgers: dict[tuple[str, str], dict[str, Ledger]]
    pending: tuple[PageRow, ...]
    duties: dict[str, bytes] = field(default_factory=dict)
    #: The key that signs the links of the pages, unless the settings name another.
    key: str = ""
    thresholds: dict[Place, Thresholds] = field(default_factory=dict)
