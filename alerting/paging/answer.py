"""What a receiver says to a page, in one form for all of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from alerting.paging.note import Note

MAX_ANSWER = 300


class Outcome(enum.Enum):
    """`accepted`: the receiver said yes. `refused`: it said no. `failed`: it said nothing that could be understood.
    `held`: it was not asked, because another service leads."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    HELD = "held"


@dataclass(frozen=True)
class Answer:
    outcome: Outcome
    #: The receiver's own words, or what went wrong; without secrets, one line.
    words: str
    #: Seconds that the receiver asks to be left alone for.
    wait_s: float = 0.0


class Sender(Protocol):
    def send(self, note: Note) -> Answer:
        """Try once; takes no longer than the channel's time-out by much."""


class ChannelRefused(ValueError):
    """A channel that cannot work as it is set up."""


def one_line(words: str, *hidden: str) -> str:
    for part in sorted(filter(None, hidden), key=len, reverse=True):
        words = words.replace(part, "***")
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:MAX_ANSWER]
