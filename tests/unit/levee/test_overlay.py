"""The picture of `levee count --video`: colours that mean persons/m², on the ground that they stand for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from edge.camera_settings import CameraSettings, MountSettings
from edge.density import Figures, ZoneDensity
from edge.gates import Flow, make_gate
from edge.ground import calibrate
from edge.motion import Moves
from edge.settings import GateSettings, ZoneSettings
from edge.zone import Zone, make_zone
from levee.cli import app
from levee.overlay.draw import AGAINST, COLOURS, GATE, Overlay, figure_lines
from levee.overlay.looking import arrows_of
from levee.overlay.projection import Sheet
from levee.overlay.seen import Arrows, GateSeen, ZoneSeen
from models import Count
from models.drawing import DENSITY_TABLE, density_colours, density_cover
from wire import Band, Tier

SIZE = (1280, 720)
SHAPE = (90, 160)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def zone() -> Zone:
    mount = MountSettings(height_m=8, tilt_deg=32, field_of_view_deg=60)
    ground = calibrate(CameraSettings(name="c", source="x", picture_px=SIZE, mount=mount))
    corners = ((-5.0, 8.0), (5.0, 8.0), (5.0, 18.0), (-5.0, 18.0))
    return make_zone(ZoneSettings(name="yard", camera="c", polygon=corners), ground)


def crowd(zone: Zone, places: NDArray[np.float64]) -> Count:
    """A count of one person with the head over each place."""
    grid = np.zeros(SHAPE, np.float32)
    heads = zone.ground.to_picture(places, height_m=zone.ground.head_height_m)
    cells = (heads / SIZE * [SHAPE[1], SHAPE[0]]).astype(int)
    np.add.at(grid, (cells[:, 1], cells[:, 0]), 1.0)
    return Count(grid, SIZE, None, "density:test", False, ())


def evenly(
    density: float, low: tuple[float, float] = (-5, 8), high: tuple[float, float] = (5, 18)
) -> NDArray[np.float64]:
    step = 1 / np.sqrt(density)
    x, y = np.meshgrid(np.arange(low[0] + step / 2, high[0], step), np.arange(low[1] + step / 2, high[1], step))
    return np.column_stack([x.ravel(), y.ravel()])


def seen(zone: Zone, count: Count, **more: object) -> ZoneSeen:
    return replace(ZoneSeen(zone, ZoneDensity(zone, SHAPE).figures(count)), **more)


@pytest.mark.parametrize("density", [1.0, 3.0, 6.0])
def test_the_heat_is_the_density_of_the_ground_that_a_pixel_shows(zone: Zone, density: float) -> None:
    sheet = Sheet(zone, SIZE, SHAPE)
    heat = sheet.density(crowd(zone, evenly(density)).grid)
    inside = sheet.pixels(np.array([[x, y] for x in (-3.0, 0.0, 3.0) for y in (10.0, 13.0, 16.0)])).astype(int)
    assert heat[inside[:, 1], inside[:, 0]] == pytest.approx(density, rel=0.2)
    outside = sheet.pixels(np.array([[-8.0, 12.0], [8.0, 12.0], [0.0, 25.0]])).astype(int)
    assert np.all(heat[outside[:, 1], outside[:, 0]] == 0)


def test_a_knot_of_people_is_hot_where_their_feet_are_not_where_their_heads_are(zone: Zone) -> None:
    sheet = Sheet(zone, SIZE, SHAPE)
    heat = sheet.density(crowd(zone, evenly(5.0, (-1, 12), (1, 14))).grid)
    v, u = np.unravel_index(int(heat.argmax()), heat.shape)
    place = zone.ground.to_ground(np.array([[u, v]], float))[0]
    assert np.hypot(*(place - [0, 13])) < 0.8


def test_more_people_look_darker_and_hide_more() -> None:
    lightness = cv2.cvtColor(DENSITY_TABLE[None].astype(np.float32) / 255, cv2.COLOR_BGR2Lab)[0, :, 0]
    assert np.all(np.diff(lightness[19:]) < 0.01)
    assert lightness[19] - lightness[-1] > 45
    assert np.all(np.diff(density_cover(np.linspace(0, 8, 50))) >= 0)
    assert density_cover(np.zeros(1))[0] == 0
    assert np.array_equal(density_colours(np.array([99.0])), DENSITY_TABLE[-1:])


def test_figures_and_words_are_those_of_the_zone(zone: Zone) -> None:
    figures = Figures(Band(value=43, low=36, high=52), 0.4, Band(value=4.2, low=3.6, high=5.1), (0.0, 10.0))
    good = ZoneSeen(zone, figures, speed=0.62, counterflow=0.31)
    text = [line.text for line in figure_lines(good)]
    assert text[0] == "yard: 43 people (36–52)"
    assert text[1].startswith("ORANGE")
    assert text[2] == "densest 10 m²: 4.2/m² (3.6–5.1)"
    assert text[3] == "0.6 m/s, 31% against the flow"
    degraded = replace(good, reasons=("camera-moved",))
    assert (degraded.tier, degraded.state) == (Tier.RED, "degraded")  # by its upper end
    assert figure_lines(degraded)[-1].text == "degraded: camera-moved"
    unknown = ZoneSeen(zone, None, ("dark",))
    assert [line.text for line in figure_lines(unknown)] == ["yard: unknown", "dark"]
    assert not any(character.isdigit() for line in figure_lines(unknown) for character in line.text)
    assert figure_lines(replace(good, speed=0.05))[3].text == "hardly moving"


def test_what_is_drawn_shows_the_state(zone: Zone) -> None:
    frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    count = crowd(zone, evenly(6.0))
    overlay = Overlay()
    plain = overlay.draw(frame, count, [seen(zone, count)])
    assert plain.shape == frame.shape
    assert np.array_equal(frame, np.full_like(frame, 90))
    striped = overlay.draw(frame, count, [seen(zone, count, reasons=("unlike-trained",))])
    lost = overlay.draw(frame, None, [ZoneSeen(zone, None, ("it cannot be decoded",))])
    assert colour_near(plain, COLOURS[Tier.RED]) > 500
    assert colour_near(lost, COLOURS[Tier.RED]) == 0
    sheet = Sheet(zone, SIZE, SHAPE)
    quiet = sheet.mask > 0.99
    assert np.abs(plain.astype(int) - striped.astype(int)).max(axis=2)[quiet].mean() > 5
    assert np.all(plain[-200:-120, :60] == 90)


def colour_near(image: NDArray[np.uint8], colour: tuple[int, int, int]) -> int:
    return int((np.abs(image.astype(int) - colour).max(axis=2) < 12).sum())


def test_two_flows_in_one_place_are_two_arrows_of_two_colours(zone: Zone) -> None:
    places = evenly(2.0)
    velocity = np.zeros_like(places)
    velocity[:, 1] = np.where(np.arange(len(places)) % 3 == 0, -1.0, 1.0)
    moved = Moves(places, velocity, np.zeros(len(places)), np.ones(len(places)), 1.0)
    arrows = arrows_of(moved, zone.corners)
    assert arrows is not None
    assert arrows.main == pytest.approx((0.0, 1.0), abs=0.05)
    assert 0 < arrows.against.sum() < len(arrows.against)
    assert np.abs(np.abs(arrows.velocity[:, 1]) - 1).max() < 1e-9  # not their mean, which is nothing
    frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    count = crowd(zone, places)
    both = Overlay().draw(frame, count, [seen(zone, count, arrows=arrows)])
    one = Overlay().draw(
        frame, count, [seen(zone, count, arrows=Arrows(arrows.middle, np.abs(arrows.velocity), (0, 1)))]
    )
    assert colour_near(both, AGAINST) > 200
    assert colour_near(one, AGAINST) < 20


def test_a_gate_shows_its_way_in_and_what_passed(zone: Zone) -> None:
    gate = make_gate(GateSettings(name="door", camera="c", line=((-3.0, 12.0), (3.0, 12.0))), zone.ground)
    frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    count = crowd(zone, evenly(0.2))
    bare = Overlay().draw(frame, count, [seen(zone, count)])
    known = Overlay().draw(frame, count, [seen(zone, count)], gates=[GateSeen(gate, Flow(34.0, 12.0, 60.0))])
    unknown = Overlay().draw(frame, count, [seen(zone, count)], gates=[GateSeen(gate)])
    assert colour_near(bare, GATE) < 20
    assert colour_near(known, GATE) > colour_near(unknown, GATE) > 500


def test_a_film_of_zones_is_what_the_box_would_say(tmp_path: Path) -> None:
    box = ROOT / "configs" / "demo" / "box.yaml"
    clip = ROOT / "sample_videos" / "clips" / "steps.mp4"
    out = tmp_path / "seen.png"
    words = ["count", str(clip), "--zones", str(box), "--video", str(out), "--limit", "4", "--every", "0.8"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    drawn = cv2.imread(str(out))
    assert drawn.shape == (720, 1280, 3)  # small frames are enlarged
    level = {tier: colour_near(drawn, COLOURS[tier]) for tier in Tier}
    assert level[Tier.NORMAL] > 1000  # nothing has begun on the steps
    assert level[Tier.RED] < 200  # but for the scale of colours


def test_nobody_who_walks_is_no_arrow(zone: Zone) -> None:
    still = Moves(evenly(1.0), np.zeros((100, 2)), np.zeros(100), np.ones(100), 1.0)
    assert arrows_of(still, zone.corners) is None


@pytest.mark.parametrize("size", [(320, 200), (200, 320), (1920, 1080)])
def test_pictures_of_any_size_are_drawn(zone: Zone, size: tuple[int, int]) -> None:
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    count = crowd(zone, evenly(2.0))
    out = Overlay().draw(frame, count, [seen(zone, count)], "clip.mp4  1.0 s")
    assert out.shape[0] / out.shape[1] == size[1] / size[0]
    assert out.max() > 200
