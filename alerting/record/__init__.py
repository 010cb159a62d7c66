"""What is kept for good: messages, tier changes, pages, and the state to go on from."""

from alerting.record.batch import Batch, Checkpoint, PageRow, PageState, Resumed
from alerting.record.store import Record, RecordAway, RecordRefused

__all__ = ["Batch", "Checkpoint", "PageRow", "PageState", "Record", "RecordAway", "RecordRefused", "Resumed"]
