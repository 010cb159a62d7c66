"""Drafts of the calibration page: what they amount to against a known camera, and what is refused in which words."""

from __future__ import annotations

import asyncio
import itertools
import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.camera_settings import CameraSettings, MountSettings
from edge.ground import calibrate
from edge.points import GroundRefused
from levee.calibrate import writing
from levee.calibrate.draft import Draft, GateDraft, MountDraft, PieceDraft, PointDraft, SpanDraft, ZoneDraft
from levee.calibrate.judge import judge
from levee.calibrate.page import MARK, make_app
from levee.calibrate.session import Session
from levee.calibrate.sight import grid, horizon, pose
from levee.calibrate.tape import places_of
from levee.calibrate.target import CalibrateRefused, open_target
from levee.calibrate.watch import Watch
from levee.calibrate.words import said
from levee.config.load import load_box, load_site

ROOT = Path(__file__).resolve().parents[3]
CLIP = ROOT / "sample_videos" / "clips" / "plaza.mp4"
TRUE: dict[str, Any] = yaml.safe_load(CLIP.with_name("plaza.camera.yaml").read_text())
PICTURE = (640, 360)


def drawn(**more: Any) -> Draft:
    points = [PointDraft(pixel=tuple(p["pixel"]), x=p["ground"][0], y=p["ground"][1]) for p in TRUE["ground_points"]]
    return Draft(**{"picture": PICTURE, "points": points, **more})


def test_a_draft_of_measured_points_finds_the_camera() -> None:
    verdict = judge(drawn()).verdict
    assert verdict.refusal is None
    assert verdict.residual_m is not None
    assert verdict.residual_m < 0.01
    assert verdict.pose is not None
    assert verdict.pose.height_m == pytest.approx(TRUE["pinhole"]["position_m"][2], abs=0.05)
    assert verdict.pose.place == pytest.approx(TRUE["pinhole"]["position_m"][:2], abs=0.05)
    assert verdict.pose.tilt_deg == pytest.approx(TRUE["pinhole"]["tilt_deg"], abs=0.1)
    assert all(off is not None and off.off_m < 0.02 for off in verdict.points)


@settings(max_examples=25)
@given(
    height=st.floats(3, 15),
    tilt=st.floats(15, 60),
    roll=st.floats(-3, 3),
    view=st.floats(35, 95),
    seed=st.integers(0, 99),
)
def test_distances_find_the_ground_that_a_mount_sees(
    height: float, tilt: float, roll: float, view: float, seed: int
) -> None:
    mount = MountSettings(height_m=height, tilt_deg=tilt, roll_deg=roll, field_of_view_deg=view)
    ground = calibrate(CameraSettings(name="x", source="x", picture_px=PICTURE, mount=mount))
    rng = np.random.default_rng(seed)
    pixels = np.array([[90, 330], [560, 320], [430, 190], [200, 200], [320, 260]]) + rng.uniform(-15, 15, (5, 2))
    places = ground.to_ground(pixels)
    if not np.isfinite(places).all() or np.abs(places).max() > 80:
        return
    pairs = list(itertools.combinations(range(5), 2))
    spans = [(a, b, round(float(np.hypot(*(places[a] - places[b]))), 2)) for a, b in pairs]
    found = places_of(pixels, spans, PICTURE)
    for a, b, metres in spans:
        assert np.hypot(*(found[a] - found[b])) == pytest.approx(metres, abs=0.05)


def test_four_sides_and_a_diagonal_are_enough() -> None:
    points = TRUE["ground_points"][:4]
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
    spans = [
        SpanDraft(a=a, b=b, metres=float(np.hypot(*(np.array(points[a]["ground"]) - points[b]["ground"]))))
        for a, b in pairs
    ]
    draft = drawn(method="distances", spans=spans)
    draft.points = [PointDraft(pixel=point.pixel) for point in draft.points[:4]]
    judged = judge(draft)
    assert judged.ground is not None
    assert judged.ground.focal_px == pytest.approx(TRUE["pinhole"]["focal_px"], rel=0.02)
    assert [off is not None and abs(off.off_m) < 0.02 for off in judged.verdict.spans] == [True] * 5


@pytest.mark.parametrize("bend", [-0.06, 0.03])
def test_the_lens_slider_straightens_what_the_lens_bent(bend: float) -> None:
    from edge.lens import Lens

    lens = Lens(PICTURE, float(np.hypot(*PICTURE)) / 2, bend)
    draft = drawn(lens=bend)
    for point in draft.points:
        point.pixel = tuple(lens.bent(np.array([point.pixel]))[0])
    bent, straight = drawn(points=draft.points, lens=0.0), draft
    good, bad = judge(straight), judge(bent)
    assert good.verdict.residual_m is not None
    assert good.verdict.residual_m < 0.02
    assert bad.verdict.refusal is not None or (bad.verdict.residual_m or 0) > 4 * good.verdict.residual_m
    assert good.camera is not None
    assert good.camera.focal_px == pytest.approx(TRUE["pinhole"]["focal_px"], rel=0.03)
    assert good.verdict.pose is not None
    assert good.verdict.pose.height_m == pytest.approx(10.5, abs=0.3)


def on_a_line(draft: Draft) -> None:
    draft.points = [PointDraft(pixel=(100 + 90.0 * n, 90 + 60.0 * n), x=n, y=2 * n) for n in range(4)]


def slipped(draft: Draft) -> None:
    draft.points[7].x = 9.0


def crossed(draft: Draft) -> None:
    corners = [(60.0, 310.0), (480.0, 110.0), (580.0, 300.0), (150.0, 115.0)]
    draft.zones = [ZoneDraft(name="z", pixels=corners)]


def in_the_sky(draft: Draft) -> None:
    draft.method, draft.mount = "mount", MountDraft(height_m=8, tilt_deg=4)
    draft.points, draft.zones = [], [ZoneDraft(name="z", pixels=[(100, 20), (500, 20), (500, 300)])]


def tiny(draft: Draft) -> None:
    draft.zones = [ZoneDraft(name="z", pixels=[(300, 200), (303, 200), (303, 202)])]


def outside(draft: Draft) -> None:
    draft.zones = [ZoneDraft(name="z", pixels=[(2, 5), (636, 5), (320, 60)])]


def no_gate(draft: Draft) -> None:
    draft.gates = [GateDraft(name="g", pixels=[(300, 200), (302, 200)])]


def too_high(draft: Draft) -> None:
    draft.method, draft.mount = "mount", MountDraft(height_m=900)


def far_off(draft: Draft) -> None:
    draft.method, draft.mount = "mount", MountDraft(height_m=20, tilt_deg=60)


def short(draft: Draft) -> None:
    draft.points = draft.points[:3]


def cliff(draft: Draft) -> None:
    draft.pieces = [PieceDraft(line=[(0, 0, 0), (0, 1, 9)])]


def few_spans(draft: Draft) -> None:
    draft.method = "distances"


@pytest.mark.parametrize(
    ("spoil", "english", "chinese"),
    [
        (on_a_line, "lie on one line", "一条直线"),
        (slipped, "do not fit one view: residual", "残差"),
        (crossed, "crosses itself", "自相交叉"),
        (in_the_sky, "above the horizon", "地平线"),
        (tiny, "an area of", "面积"),
        (outside, "lies outside the picture", "画面"),
        (no_gate, "a gate 0.", "出入口宽"),
        (too_high, "a height of 900", "高度"),
        (far_off, "do not fit the mount", "安装参数不符"),
        (short, "1 more ground point", "还需要 1"),
        (cliff, "elevation 1", "台阶 1"),
        (few_spans, "4 more distances", "还需要 4"),
    ],
)
def test_what_cannot_be_is_one_sentence_in_either_language(spoil: Any, english: str, chinese: str) -> None:
    draft = drawn()
    spoil(draft)
    verdict = judge(draft).verdict
    lines = [shape.refusal.line for shape in [*verdict.zones, *verdict.gates] if shape.refusal is not None]
    lines += [each.line for each in (verdict.refusal, verdict.needed) if each is not None]
    assert len(lines) == 1
    assert english in lines[0]
    assert "\n" not in lines[0]
    assert said(lines[0], "en") == lines[0]
    assert chinese in said(lines[0], "zh")


def test_every_sentence_of_the_rooms_below_that_a_page_can_meet_is_known_in_chinese() -> None:
    """Sentences are found in the sources, so that a new one is not forgotten."""
    for file in (
        "edge/points.py",
        "edge/gates.py",
        "edge/zone.py",
        "levee/calibrate/tape.py",
        "levee/calibrate/judge.py",
    ):
        text = (ROOT / file).read_text(encoding="utf-8")
        for raised in re.findall(r"(?:GroundRefused|_Incomplete)\(\s*((?:f?\"(?:[^\"\\]|\\.)*\"\s*)+)", text):
            line = "".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", raised))
            line = re.sub(r"\{[^{}]*%\}", "7%", re.sub(r"\{'s' if[^}]*\}", "s", line))
            line = re.sub(r"\{name\}", "tilt", line.replace("{where}", "on the ground"))
            line = re.sub(r"\{[^{}]*\}", "7", line)
            if "not finite" in line or " cameras" in line:
                continue  # a page cannot send it
            assert said(line, "zh") != line, f"{file}: {line}"


def test_the_grid_lies_on_whole_metres_and_the_horizon_where_no_ground_is() -> None:
    mount = MountSettings(height_m=6, tilt_deg=8, field_of_view_deg=70)
    ground = calibrate(CameraSettings(name="x", source="x", picture_px=PICTURE, mount=mount))
    step, lines = grid(ground)
    assert lines
    for line in lines:
        assert line.metres / step == pytest.approx(round(line.metres / step))
        back = ground.to_ground(np.array([pixel for piece in line.pixels for pixel in piece]))
        off = np.abs(back[:, "xy".index(line.axis)] - line.metres)
        assert np.nanmedian(off) < 0.15
    above = np.array(horizon(ground)) - [0, 2]
    assert np.isnan(ground.to_ground(above)).all()
    assert np.isfinite(ground.to_ground(above + np.array([0, 6]))).all()
    there = pose(ground)
    assert there is not None
    assert (there.height_m, there.tilt_deg) == pytest.approx((6, 8), abs=0.01)


@pytest.fixture
def target_and_draft(tmp_path: Path) -> Any:
    target, draft = open_target(tmp_path / "box.yaml", None, None, str(CLIP), PICTURE)
    draft.points = drawn().points
    corners = [point.pixel for point in draft.points[:4]]
    draft.zones = [ZoneDraft(name="plaza", pixels=corners, kind="steps", capacity=200)]
    draft.gates = [GateDraft(name="door", pixels=[(250, 200), (400, 200)], into="plaza")]
    return target, draft


def test_files_are_read_as_they_were_written(tmp_path: Path, target_and_draft: Any) -> None:
    target, draft = target_and_draft
    new = writing.texts(target, draft)
    assert [p for p in writing.check(target, new) if not p.warning] == []
    assert writing.changed(target, new) == []
    assert writing.write(target, new) == [tmp_path / "box.yaml", tmp_path / "site.yaml"]
    again, loaded = open_target(tmp_path / "box.yaml", None, None, str(CLIP), PICTURE)
    assert loaded.zones[0].capacity == 200
    assert loaded.zones[0].kind == "steps"
    assert loaded.gates[0].into == "plaza"
    assert writing.texts(again, loaded) == new
    assert writing.changed(again, new) == []
    assert load_site(tmp_path / "site.yaml").zones[0].kind.value == "steps"


def test_what_the_page_does_not_own_stays_with_its_comments(tmp_path: Path, target_and_draft: Any) -> None:
    file = tmp_path / "box.yaml"
    file.write_text(
        "# ours\nlevee: box\nsite: s\nbox: b\ncameras:\n  - name: other  # at the gate\n    source: rtsp://192.0.2.1/a\n"
        "    mount: {height_m: 5, tilt_deg: 30, field_of_view_deg: 60}\n    picture_px: [640, 360]\n"
        "zones:\n  - name: yard\n    camera: other\n    polygon: [[-1, 5], [1, 5], [1, 8], [-1, 8]]  # taped\n"
        "mqtt: {host: broker.example.net}\n"
    )
    _, before = target_and_draft
    target, draft = open_target(file, None, "new-cam", str(CLIP), PICTURE)
    draft.points, draft.zones = before.points, before.zones
    text = writing.texts(target, draft)
    for kept in ("# ours", "# at the gate", "# taped", "host: broker.example.net"):
        assert kept in text.box
    assert writing.changed(target, text) == [file]
    writing.write(target, text)
    assert file.with_name("box.yaml.before").exists()
    box = load_box(file)
    assert [camera.name for camera in box.cameras] == ["other", "new-cam"]
    assert [zone.name for zone in box.zones] == ["yard", "plaza"]


def test_a_renamed_zone_is_the_same_zone_and_a_dropped_one_goes(tmp_path: Path, target_and_draft: Any) -> None:
    target, draft = target_and_draft
    draft.zones.append(ZoneDraft(name="edge", pixels=[(250, 150), (400, 150), (400, 200), (250, 200)]))
    writing.write(target, writing.texts(target, draft))
    file = tmp_path / "box.yaml"
    file.write_text(file.read_text().replace("    polygon:", "    smoothing_s: 9\n    polygon:", 1))
    target, draft = open_target(tmp_path / "box.yaml", None, None, str(CLIP), PICTURE)
    draft.zones[0].name = draft.gates[0].into = "square"
    del draft.zones[1]
    writing.write(target, writing.texts(target, draft))
    box, site = load_box(tmp_path / "box.yaml"), load_site(tmp_path / "site.yaml")
    assert [(zone.name, zone.smoothing_s) for zone in box.zones] == [("square", 9)]
    assert [zone.name for zone in site.zones] == ["square"]


def test_a_password_never_enters_the_file(tmp_path: Path) -> None:
    target, _ = open_target(tmp_path / "box.yaml", None, "gate-cam", "rtsp://watch:secret@192.0.2.1/1", PICTURE)
    assert target.source == ("source_from_env", "GATE_CAM_SOURCE")


def test_a_file_of_another_camera_is_refused(tmp_path: Path, target_and_draft: Any) -> None:
    target, draft = target_and_draft
    writing.write(target, writing.texts(target, draft))
    with pytest.raises(CalibrateRefused, match="calibrated for pictures of 640 x 360, and this one is 640 x 480"):
        open_target(tmp_path / "box.yaml", None, None, str(CLIP), (640, 480))
    _, larger = open_target(tmp_path / "box.yaml", None, None, str(CLIP), (1280, 720))
    assert larger.points[0].pixel == pytest.approx([2 * value for value in draft.points[0].pixel])


def test_nothing_is_answered_without_the_key_nor_to_another_page(tmp_path: Path, target_and_draft: Any) -> None:
    target, draft = target_and_draft
    watch = Watch(str(CLIP))
    app = make_app(Session(watch, target, draft, watch.frame(0.0), "nobody"), "right")

    async def visit() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://page", follow_redirects=True) as client:
            assert (await client.get("/frame.jpg")).status_code == 403
            assert (await client.get("/?key=wrong")).status_code == 403
            assert (await client.get("/?key=right")).status_code == 200
            assert (await client.get("/frame.jpg")).headers["content-type"] == "image/jpeg"
            assert (await client.post("/save", json={})).status_code == 403
            sound = {"draft": msgspec.to_builtins(draft)}
            nobody = await client.post("/look", json=sound, headers={MARK: "1"})
            assert (nobody.status_code, "nobody" in nobody.json()["error"]) == (400, True)
            (tmp_path / "box.yaml").write_text("levee: [box")
            broken = await client.post("/save", json=sound, headers={MARK: "1"})
            assert broken.status_code == 400
            assert "\n" not in broken.json()["error"]
            unknown = {"draft": {"picture": [1, 2], "wrong": 1}}
            answer = await client.post("/judge", json=unknown, headers={MARK: "1"})
            assert (answer.status_code, "wrong" in answer.json()["error"]) == (400, True)

    asyncio.run(visit())
    watch.close()


def test_a_clip_gives_the_frame_that_is_asked_for() -> None:
    watch = Watch(str(CLIP))
    first = watch.frame(0.0)[1]
    assert watch.frame(30.0)[0] == pytest.approx(30.0, abs=0.11)
    assert watch.frame(12.0)[0] == pytest.approx(12.0, abs=0.11)
    again = watch.frame(0.0)
    assert again[0] == 0.0
    assert np.array_equal(again[1], first)
    assert watch.duration_s == pytest.approx(89.9, abs=0.2)
    watch.close()


def test_distances_that_cannot_be_are_refused() -> None:
    pixels = np.array([[90.0, 330], [560, 320], [430, 190], [200, 200]])
    for spans, words in (
        ([(0, 1, 5.0)], "distances or more"),
        ([(0, 0, 5.0), (0, 1, 5.0), (1, 2, 5.0), (2, 3, 5.0)], "two different points"),
        ([(0, 1, -5.0), (0, 2, 5.0), (1, 2, 5.0), (2, 3, 5.0)], "cannot be measured"),
        ([(0, 1, 5.0), (0, 2, 5.0), (1, 2, 5.0), (2, 1, 5.0)], "four points"),
    ):
        with pytest.raises(GroundRefused, match=words):
            places_of(pixels, spans, PICTURE)
