"""The tables of the record. Times are seconds since 1970 UTC."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

messages = Table(
    "messages",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("site", String(63), nullable=False),
    Column("box", String(63), nullable=False),
    Column("session", String(32), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    #: `live` or `backlog`.
    Column("way", String(8), nullable=False),
    Column("received", Float, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("site", "box", "session", "sequence"),
    Index("messages_received", "received"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("box", String(63), primary_key=True),
    Column("session", String(32), primary_key=True),
    Column("up_to", BigInteger, nullable=False),
    #: Inclusive ranges above `up_to`, as JSON.
    Column("ranges", Text, nullable=False),
    Column("heard", Float, nullable=False),
)

tier_changes = Table(
    "tier_changes",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("at", Float, nullable=False),
    Column("site", String(63), nullable=False),
    Column("zone", String(63), nullable=False),
    #: `tier`, `held`, `seen-again` or `settings`.
    Column("what", String(16), nullable=False),
    Column("from_tier", Integer, nullable=False),
    Column("to_tier", Integer, nullable=False),
    Column("why", String(400), nullable=False),
    #: People, density and trend at that moment, as JSON.
    Column("figures", Text, nullable=False),
    Index("tier_changes_at", "at"),
)

pages = Table(
    "pages",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("channel", String(63), primary_key=True),
    Column("tier", Integer, nullable=False),
    Column("queued", Float, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("answer", String(400), nullable=False),
    Index("pages_state", "state"),
)

site_states = Table(
    "site_states",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("saved", Float, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

#: All that was judged, in order: the pieces of a site's log, each with the numbers of its first and last event.
events = Table(
    "events",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    Column("piece", LargeBinary, nullable=False),
    Index("events_at", "at"),
)

#: States after event `number`, from which a replay can begin.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("at", Float, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Index("checkpoints_at", "at"),
)

#: One row for each start of a service; the term is what a former leader cannot have.
terms = Table(
    "terms",
    metadata,
    Column("term", Integer, primary_key=True, autoincrement=True),
    Column("instance", String(63), nullable=False),
    Column("session", String(32), nullable=False),
    Column("started", Float, nullable=False),
)
