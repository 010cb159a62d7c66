"""A database behind a dead network must not hold up the judgement for minutes."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from alerting.record.engine import _patience


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_dead_connection_is_given_up_in_seconds(driver: str) -> None:
    given = _patience(make_url(f"postgresql+{driver}://db/levee"))
    assert given["keepalives"] == 1
    assert given["keepalives_idle"] + given["keepalives_interval"] * given["keepalives_count"] <= 15
    assert given["tcp_user_timeout"] <= 5000
