"""What is kept for good: messages, tier changes, incidents, pages, the chained log, and the state to go on from."""

from alerting.record.batch import Batch, CallRow, Checkpoint, Outcome, PageRow, PageState, Request, Resumed
from alerting.record.engine import Deposed, RecordAway, RecordRefused
from alerting.record.store import Record

__all__ = [
    "Batch",
    "CallRow",
    "Checkpoint",
    "Deposed",
    "Outcome",
    "PageRow",
    "PageState",
    "Record",
    "RecordAway",
    "RecordRefused",
    "Request",
    "Resumed",
]
