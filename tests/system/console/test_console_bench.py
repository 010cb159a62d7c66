"""The bench of the console runs, hears every change on every connection, and leaves no process behind."""

from __future__ import annotations

from levee.benches.console import bench_console


def test_a_small_bench() -> None:
    said: list[str] = []
    result = bench_console(3, 2, 1, said.append)
    assert (result.missed, len(result.heard), result.dropped) == (0, 3, 0)
    assert min(result.heard) >= 0
    assert set(result.pages) == {0, 3}
    assert "3 live connections" in said
