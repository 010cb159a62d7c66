"""What happens in the scenes is what they say."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from sample_videos import scenes
from sample_videos.crowds import flows
from sample_videos.crowds.stories import FPS, Moment
from sample_videos.measures import Gate, counterflow

DOOR = Gate("gap", (-1.2, 0.2), (1.2, 0.2))


def run(story: flows.Story, seconds: float, seed: int = 3) -> list[Moment]:
    frames = round(seconds * FPS)
    return list(islice(story(seed, frames), frames))


def crossed(gate: Gate, moments: list[Moment]) -> tuple[int, int]:
    inward = outward = 0
    for before, after in pairwise(moments):
        _, a, b = np.intersect1d(before.ident, after.ident, return_indices=True)
        found = gate.crossings(before.place[a], after.place[b])
        inward, outward = inward + found[0], outward + found[1]
    return inward, outward


def test_a_queue_moves_up_and_never_overtakes() -> None:
    moments = run(flows.queue(0.3, 3.0, 20), 20)
    inside = [set(moment.ident.tolist()) for moment in moments]
    assert len(inside[-1] | inside[0]) > 20  # some came
    served = crossed(Gate("counter", (-2.0, 4.5), (0.0, 4.5)), moments)
    assert 1 <= served[0] <= 7
    speeds = np.concatenate([np.hypot(*moment.velocity.T) for moment in moments])
    assert speeds.max() < 2.2
    assert np.median(speeds) < 0.3


def test_a_concert_stands_densely_and_then_goes_home() -> None:
    moments = run(flows.concert(150, 6.0, 3.0), 30)
    pit = scenes.scene("concert").zones[0]
    assert pit.worst(moments[0].place) > 4.0
    assert len(moments[0].ident) == 150
    before, after = moments[10], moments[-1]
    assert np.hypot(*before.velocity.T).mean() < 0.3
    assert len(after.ident) < 90 or pit.people(after.place) < 0.4 * pit.people(before.place)
    assert np.hypot(*moments[150].velocity.T).max() < 2.1


@pytest.mark.usefixtures("jupedsim")
def test_a_yard_empties_through_its_gap_and_nowhere_else() -> None:
    moments = run(flows.door(2.4, 60), 25)
    assert len(moments[0].ident) == 60
    beyond = [int((moment.place[:, 1] < 0.0).sum()) for moment in moments]
    inward, outward = crossed(DOOR, moments)
    assert inward == 0
    assert outward >= 30
    assert outward >= max(beyond)


@pytest.mark.usefixtures("jupedsim")
def test_on_the_one_way_path_those_against_begin_at_their_second() -> None:
    moments = run(flows.one_way(1.0, 3.0, 2), 14)
    shares = [counterflow(moment.velocity, (0.0, 1.0)) for moment in moments]
    assert np.nanmax(shares[:30]) == 0
    assert np.nanmax(shares[60:]) > 0
    assert sum(int((moment.velocity[:, 1] < -0.5).sum() > 2) for moment in moments) == 0


@pytest.mark.usefixtures("jupedsim")
def test_a_metro_exit_lets_a_wave_out() -> None:
    moments = run(flows.metro(40, 60.0), 14)
    inward, outward = crossed(Gate("door", (-2.0, 12.0), (2.0, 12.0)), moments)
    assert outward >= 8
    assert inward <= outward
    assert all(np.abs(moment.place[moment.place[:, 1] > 12.2, 0]).max(initial=0) < 2.0 for moment in moments)


def test_velocity_is_the_way_from_frame_to_frame() -> None:
    moments = run(flows.queue(0.3, 3.0, 12), 6)
    for before, after in pairwise(moments[10:]):
        _, a, b = np.intersect1d(before.ident, after.ident, return_indices=True)
        queued = after.place[b, 1] < 4.0
        way = (after.place[b] - before.place[a]) * FPS
        assert np.allclose(way[queued], after.velocity[b][queued], atol=0.02)


@pytest.mark.parametrize("name", ["night", "empty"])
def test_nobody_comes_where_nobody_should(name: str) -> None:
    scene = scenes.scene(name)
    assert all(not len(moment.ident) for moment in islice(scene.story(1, 5), 5))
