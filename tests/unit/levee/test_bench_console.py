"""What the bench of the console makes of its figures."""

from __future__ import annotations

import math

import pytest

import levee.benches.console as bench
from levee.benches.console import Result, quantile


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 1.0), (0.5, 3.0), (0.95, 4.0), (1.0, 4.0)])
def test_quantiles(share: float, wanted: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], share) == wanted


def test_nothing_heard_is_no_figure() -> None:
    assert math.isnan(quantile([], 0.5))


@pytest.mark.parametrize(("delays", "status"), [([0.1] * 4, 0), ([0.1] * 3, 1), ([0.1, 0.1, 0.1, 2.5], 1), ([], 1)])
def test_it_fails_where_one_was_slow_or_never_came(
    monkeypatch: pytest.MonkeyPatch, delays: list[float], status: int
) -> None:
    from typer.testing import CliRunner

    from levee.cli import app

    made = Result(2, 5, 2, delays, 0, {0: [0.01], 2: [0.02]})
    monkeypatch.setattr(bench, "bench_console", lambda *_: made)
    for options in ([], ["--json"]):
        told = CliRunner().invoke(app, ["bench", "console", "--connections", "2", *options])
        assert told.exit_code == status, told.output
