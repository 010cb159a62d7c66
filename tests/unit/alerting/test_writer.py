"""Who may page and who may publish while the record is away."""

from __future__ import annotations

import time
from typing import Any

import pytest

from alerting.complaints import Complaints
from alerting.metrics import Metrics
from alerting.record import Batch, RecordAway
from alerting.settings import RecordSettings
from alerting.writer import UNRECORDED_PAGES_AFTER_S, Writer


class Gone:
    """A record whose lease has run out, and that nobody can reach."""

    def leads(self) -> bool:
        return False

    def renew(self) -> None:
        raise RecordAway("gone")


@pytest.mark.parametrize("alone", [True, False])
def test_with_a_standby_nobody_publishes_without_the_lead_though_both_page(
    alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    record: Any = Gone()
    writer = Writer(record, RecordSettings(), Metrics(), Complaints(), 0.0, alone=alone)
    begun = time.monotonic()
    writer.write(Batch(), 0.0, begun + 2.0, at_once=False)
    assert writer.away
    monkeypatch.setattr(time, "monotonic", lambda: begun + 2.0 + UNRECORDED_PAGES_AFTER_S - 0.1)
    assert (writer.may_page(), writer.may_publish()) == (False, False)
    monkeypatch.setattr(time, "monotonic", lambda: begun + 2.0 + UNRECORDED_PAGES_AFTER_S + 0.1)
    assert (writer.may_page(), writer.may_publish()) == (True, alone)
