"""The ledger against the plainest one there is: a set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerting.ledger import MAX_RANGES, MAX_TOLD, Ledger


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 59)), max_size=80))
def test_it_knows_what_was_taken(messages: list[tuple[int, int]]) -> None:
    ledger, taken, given_up = Ledger(), set[int](), 0
    for sequence, back in messages:
        floor = max(1, sequence - back)
        given_up = max(given_up, floor - 1)
        taken.add(sequence)
        ledger.add(sequence, floor)
        for number in range(1, 65):
            assert ledger.holds(number) is (number in taken or number <= given_up)
        assert ledger.ranges == sorted(ledger.ranges)
        ends = [ledger.up_to, *[edge for span in ledger.ranges for edge in span]]
        assert all(ends[i] + 1 < ends[i + 1] for i in range(0, len(ends) - 1, 2)), "ranges touch"


def test_adding_twice_changes_nothing() -> None:
    ledger = Ledger()
    for sequence in (5, 6, 9, 5, 9):
        ledger.add(sequence, 1)
    assert (ledger.up_to, ledger.ranges) == (0, [(5, 6), (9, 9)])


def test_it_is_bounded_and_forgets_rather_than_invents() -> None:
    ledger = Ledger()
    sequences = range(2, 4 * MAX_RANGES, 2)
    for sequence in sequences:
        ledger.add(sequence, 1)
    assert len(ledger.ranges) == MAX_RANGES
    assert len(ledger.told()) == MAX_TOLD
    assert ledger.holds(sequences[-1])
    assert not any(ledger.holds(sequence) for sequence in range(1, 4 * MAX_RANGES, 2))
