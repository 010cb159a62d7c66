"""The tables of the record. Times are seconds since 1970 UTC."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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
    #: Over all of the row; see `alerting.record.sealed`. Absent in rows of make 2.
    Column("digest", LargeBinary),
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
    #: `tier`, `held` or `seen-again`.
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
    #: The pseudonym of who is called; empty where the channel has one receiver.
    Column("person", String(24), nullable=False),
    Column("tier", Integer, nullable=False),
    Column("queued", Float, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
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

#: One row for each reign of a service; the term is what a former leader cannot have.
terms = Table(
    "terms",
    metadata,
    Column("term", Integer, primary_key=True),
    Column("instance", String(63), nullable=False),
    Column("session", String(32), nullable=False),
    Column("started", Float, nullable=False),
)

#: One row: who leads. `beat` moves as long as the leader lives; every commit asks for the term first.
leadership = Table(
    "leadership",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("term", Integer, nullable=False),
    Column("instance", String(63), nullable=False),
    Column("session", String(32), nullable=False),
    Column("beat", BigInteger, nullable=False),
    #: The leader has gone of its own will.
    Column("free", Boolean, nullable=False),
)

#: The chain; see `alerting.record.chain`.
log = Table(
    "log",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("body", Text),
    Column("digest", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("log_kind", "kind", "at_ms"),
)

#: Who stands behind the pseudonyms of the chain. Erasing a row leaves the chain whole. `erased` with a name: it is
#: still being looked for elsewhere.
people = Table(
    "people",
    metadata,
    Column("pseudonym", String(24), primary_key=True),
    Column("name", String(63)),
    Column("title", String(200)),
    Column("erased", Float),
)

duty_states = Table(
    "duty_states",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("saved", Float, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("site", String(63), nullable=False),
    Column("zone", String(63), nullable=False),
    Column("phase", String(24), nullable=False),
    Column("tier", Integer, nullable=False),
    Column("peak", Integer, nullable=False),
    Column("opened", Float, nullable=False),
    Column("since", Float, nullable=False),
    Column("alarm", Integer, nullable=False),
    #: When the next one is called.
    Column("due", Float),
    Column("acknowledged_by", String(24), nullable=False),
    Column("acknowledged_at", Float),
    Column("why", String(400), nullable=False),
    Index("incidents_opened", "opened"),
)

#: What an answer to a call acknowledges.
calls = Table(
    "calls",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("site", String(63), nullable=False),
    Column("at", Float, nullable=False),
    Column("person", String(24), nullable=False),
    #: Incidents and their alarms, as JSON.
    Column("incidents", Text, nullable=False),
    #: What the page says, for the one who answers it.
    Column("text", Text, nullable=False),
)

#: What people ask for through other doors: acknowledgements and silences. The leader takes them in their order; what
#: was asked is forgotten once it is taken.
requests = Table(
    "requests",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    #: Once each.
    Column("key", String(80), nullable=False, unique=True),
    Column("at", Float, nullable=False),
    Column("body", Text, nullable=False),
    #: What came of it: a word and a sentence; absent until the leader has taken it.
    Column("outcome", String(20)),
    Column("words", String(400), nullable=False),
)

#: Thresholds that a person changed, in force until the site's file is changed. Both as JSON.
thresholds = Table(
    "thresholds",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("zone", String(63), primary_key=True),
    Column("at", Float, nullable=False),
    #: The pseudonym of who changed them.
    Column("person", String(24), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("base", Text, nullable=False),
    Column("levels", Text, nullable=False),
)

#: Keys that every service of one record shares.
keys = Table(
    "keys",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", String(64), nullable=False),
)

#: The make of these tables; see `alerting.record.make`.
meta = Table("meta", metadata, Column("version", Integer, primary_key=True))
