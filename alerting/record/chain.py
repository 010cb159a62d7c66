"""The hash chain of the record. Each entry's hash covers the one before it, so that none can be changed, taken out or
put in unseen. It covers the digest of the body, not the body, so that old bodies can be deleted while it stays whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: What the first entry has before it.
BEGINNING = "0" * 64
SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Head:
    """The last entry: its number, from 1, and its hash. Number 0 is an empty chain."""

    number: int = 0
    hash: str = BEGINNING


@dataclass(frozen=True)
class Link:
    """One entry as it stands in the database; `at_ms` is in milliseconds since 1970 UTC. A body that was deleted when
    its time had come is None."""

    number: int
    at_ms: int
    kind: str
    body: str | None
    digest: str
    hash: str


@dataclass(frozen=True)
class Fault:
    """The first entry that is not as it was written."""

    number: int
    words: str

    def __str__(self) -> str:
        return f"entry {self.number}: {self.words}"


@dataclass(frozen=True)
class Verdict:
    head: Head
    #: Entries whose bodies were deleted when their time had come.
    deleted: int
    fault: Fault | None = None


def canonical(body: Mapping[str, Any]) -> str:
    """The one way to write `body` as JSON."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    # Half a surrogate pair, which JSON may carry, is no text that a database takes.
    return text.encode("utf-8", "replace").decode()


def digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def seal(before: str, number: int, at_ms: int, kind: str, body_digest: str) -> str:
    """The hash of an entry, whose predecessor has the hash `before`."""
    parts = SEPARATOR.join((before, str(number), str(at_ms), kind, body_digest))
    return hashlib.sha256(parts.encode()).hexdigest()


def extend(head: Head, entries: Iterable[tuple[float, str, Mapping[str, Any]]]) -> Iterator[Link]:
    """The links for `entries` (time in seconds, kind, body), after `head`."""
    before = head.hash
    for number, (at, kind, body) in enumerate(entries, head.number + 1):
        text = canonical(body)
        at_ms, body_digest = round(at * 1000), digest(text)
        before = seal(before, number, at_ms, kind, body_digest)
        yield Link(number, at_ms, kind, text, body_digest, before)


def verify(links: Iterable[Link], witness: Head | None = None) -> Verdict:
    """Follow the whole chain from its beginning. `witness` is a head that was seen earlier, by somebody else.

    A body may only be missing where the chain itself says later on that it was deleted: an entry of kind `pruned` with
    the `kind` and the time `before_ms`.
    """
    head, deleted, fault = Head(), 0, None
    seen_witness = witness is None or witness.number == 0
    missing: dict[str, tuple[int, int]] = {}
    for link in links:
        fault = _look(head, link)
        if fault is not None:
            break
        if link.body is None:
            deleted += 1
            latest = missing.get(link.kind)
            if latest is None or link.at_ms >= latest[0]:
                missing[link.kind] = (link.at_ms, link.number)
        elif link.kind == "pruned":
            told = json.loads(link.body)
            at = missing.get(str(told.get("kind")))
            if at is not None and at[0] < int(told.get("before_ms", 0)):
                del missing[str(told.get("kind"))]
        head = Head(link.number, link.hash)
        if witness is not None and head.number == witness.number:
            seen_witness = True
            if head.hash != witness.hash:
                fault = Fault(head.number, "is another than the one that was witnessed")
                break
    if fault is None and not seen_witness and witness is not None:
        fault = Fault(head.number + 1, f"is missing: entry {witness.number} was witnessed")
    if fault is None and missing:
        fault = Fault(
            min(number for _, number in missing.values()), "its body was deleted, and nothing says that it was due"
        )
    return Verdict(head, deleted, fault)


def _look(head: Head, link: Link) -> Fault | None:
    if link.number != head.number + 1:
        return Fault(head.number + 1, "is missing")
    if link.body is not None and digest(link.body) != link.digest:
        return Fault(link.number, "its body was changed")
    if seal(head.hash, link.number, link.at_ms, link.kind, link.digest) != link.hash:
        return Fault(link.number, "does not follow from the one before it")
    return None
