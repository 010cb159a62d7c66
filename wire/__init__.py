"""What the two halves of Levee say to each other: message types, topics, and the bytes between.

Imports nothing of the house, so that anything may import it.
"""

from wire.codec import MAX_BYTES, MessageRefused, Refusal, decode, encode
from wire.names import NAME_PATTERN, RESERVED_BOXES, RESERVED_SITES, Name
from wire.presence import (
    CameraHealth,
    CameraState,
    Health,
    OutboxHealth,
    Presence,
    Recorded,
    ServicePresence,
    SessionRecorded,
    Status,
)
from wire.readings import VERSION, Band, Instant, Occupancy, Reading, Readings, State, Throughput
from wire.tiers import Kind, Tier, TierMessage, TierName

__all__ = [
    "MAX_BYTES",
    "NAME_PATTERN",
    "RESERVED_BOXES",
    "RESERVED_SITES",
    "VERSION",
    "Band",
    "CameraHealth",
    "CameraState",
    "Health",
    "Instant",
    "Kind",
    "MessageRefused",
    "Name",
    "Occupancy",
    "OutboxHealth",
    "Presence",
    "Reading",
    "Readings",
    "Recorded",
    "Refusal",
    "ServicePresence",
    "SessionRecorded",
    "State",
    "Status",
    "Throughput",
    "Tier",
    "TierMessage",
    "TierName",
    "decode",
    "encode",
]
