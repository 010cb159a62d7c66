"""The picture of a camera's zones: density as heat on the ground, its cells, arrows of the flow, and the figures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.density import Figures
from edge.polygon import Points, contains, outline
from levee.overlay.projection import Sheet
from levee.overlay.seen import COLOURS, UNKNOWN, WORDS, Arrows, GateSeen, ZoneSeen
from models import Count
from models.drawing import (
    AMBER,
    DENSEST,
    DENSITY_TABLE,
    INK,
    SOFT,
    Colour,
    Line,
    blend,
    density_colours,
    density_cover,
    plate,
    plate_size,
    put_text,
    text_size,
)
from models.overlay import headline, letters, refused
from models.overlay import heat as whole

Image = NDArray[np.uint8]

#: Side of the cells that are drawn, and judged, metres.
CELL_M = float(np.sqrt(10.0))
#: Cells emptier than this bear no number, persons/m².
NUMBERED_FROM = 0.5
#: An arrow is as long as the way that people walk in this time.
AHEAD_S = 1.8
STANDING_M_S = 0.2
ENLARGED_BELOW = 540
"""Pictures with a shorter side (px) are drawn twice as large."""
AGAINST: Colour = (255, 215, 60)
GATE: Colour = (240, 141, 255)


class Overlay:
    """Draws the zones of one camera; what does not depend on the counts is kept for each size of picture."""

    def __init__(self) -> None:
        self._sheets: dict[tuple[str, tuple[int, int], tuple[int, int]], Sheet] = {}

    def draw(
        self,
        frame: Image,
        count: Count | None,
        zones: Sequence[ZoneSeen],
        title: str = "",
        gates: Sequence[GateSeen] = (),
    ) -> Image:
        """The frame with all that is known of its zones on it; `count` None: nothing is known.

        Small frames are drawn enlarged, so that the figures can be read.
        """
        if min(frame.shape[:2]) < ENLARGED_BELOW:
            frame = np.asarray(cv2.resize(frame, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
        if count is None:
            why = next((zone.reasons[0] for zone in zones if zone.reasons), "not counted")
            out = refused(frame, why, title)
            shape = (8, 8)
        else:
            out = np.asarray(frame, np.uint8).copy()
            shape = (int(count.grid.shape[0]), int(count.grid.shape[1]))
        size = (int(frame.shape[1]), int(frame.shape[0]))
        sheets = [self._sheet(seen, size, shape) for seen in zones]
        if count is not None:
            out = _heat(out, count, sheets)
        px = letters(frame)
        for seen, sheet in zip(zones, sheets, strict=True):
            if seen.state != "good":
                out = _hatched(out, sheet, seen.state)
            _cells(out, sheet)
            _edge(out, sheet, seen)
            if seen.arrows is not None:
                _arrows(out, sheet, seen.arrows)
            if count is not None and seen.figures is not None:
                _numbers(out, sheet, seen, seen.figures, count, px)
        for gate in gates:
            _gate(out, gate, px)
        taken: list[tuple[int, int, int, int]] = []
        for seen, sheet in zip(zones, sheets, strict=True):
            _figures(out, sheet, seen, px, taken)
        if count is not None:
            _scale(out, px)
            total = headline(count)[0].text + " in the picture"
            lines = [Line(f"{total}   {title}".strip(), 0.75, SOFT)]
            plate(out, lines, (0, out.shape[0]), round(px * 0.9))
        return out

    def heat(self, frame: Image, count: Count, zones: Sequence[ZoneSeen]) -> Image:
        """The frame with the heat on its zones alone; of the whole picture, where there are none."""
        if not zones:
            return whole(frame, count)
        shape = (int(count.grid.shape[0]), int(count.grid.shape[1]))
        size = (int(frame.shape[1]), int(frame.shape[0]))
        return _heat(frame, count, [self._sheet(seen, size, shape) for seen in zones])

    def _sheet(self, seen: ZoneSeen, size: tuple[int, int], shape: tuple[int, int]) -> Sheet:
        key = (f"{seen.zone.name} {seen.zone.ground.digest}", size, shape)
        if key not in self._sheets:
            self._sheets[key] = Sheet(seen.zone, size, shape)
        return self._sheets[key]


def _heat(image: Image, count: Count, sheets: Sequence[Sheet]) -> Image:
    for sheet in sheets:
        density = sheet.density(count.grid)
        image = blend(image, density_colours(density), density_cover(density) * sheet.mask)
    return image


def _unit(sheet: Sheet) -> int:
    return max(1, round(min(sheet.size) / 360))


def _line(
    image: Image, pixels: Points, colour: Colour, width: int, *, closed: bool = False, cased: bool = True
) -> None:
    whole = np.isfinite(pixels).all(axis=1)
    if whole.sum() < 2:
        return
    # Four more bits than pixels, so that lines do not step.
    points = np.rint(pixels[whole] * 16).astype(np.int32)
    for tint, thick in (((20, 20, 20), width + 2), (colour, width)) if cased else ((colour, width),):
        cv2.polylines(image, [points], closed, tint, thick, cv2.LINE_AA, shift=4)


def _edge(image: Image, sheet: Sheet, seen: ZoneSeen) -> None:
    colour = UNKNOWN if seen.tier is None else COLOURS[seen.tier]
    _line(image, sheet.pixels(outline(seen.zone.corners, 0.25)), colour, 2 * _unit(sheet) + 1, closed=True)


def _cells(image: Image, sheet: Sheet) -> None:
    """Thin lines between the cells."""
    corners = sheet.zone.corners
    low, high = corners.min(axis=0), corners.max(axis=0)
    faint = image.copy()
    for axis in (0, 1):
        along = np.arange(low[1 - axis], high[1 - axis] + 0.1, 0.2)
        for at in np.arange(low[axis] + CELL_M, high[axis], CELL_M):
            places = np.empty((len(along), 2))
            places[:, axis], places[:, 1 - axis] = at, along
            places = places[contains(corners, places)]
            if len(places) > 1:
                _line(faint, sheet.pixels(places), INK, _unit(sheet), cased=False)
    cv2.addWeighted(faint, 0.45, image, 0.55, 0, dst=image)


def _numbers(image: Image, sheet: Sheet, seen: ZoneSeen, figures: Figures, count: Count, px: int) -> None:
    """Persons/m² of the cells, and a frame round the worst one."""
    corners = seen.zone.corners
    low, high = corners.min(axis=0), corners.max(axis=0)
    worst = np.array(figures.peak_place)
    side = CELL_M if seen.zone.area_m2 >= CELL_M**2 else 0.0
    for x in np.arange(low[0], high[0] - 0.5, CELL_M):
        for y in np.arange(low[1], high[1] - 0.5, CELL_M):
            corner = np.array([x, y])
            size = np.minimum(corner + CELL_M, high) - corner
            middle = corner + size / 2
            if side and np.abs(middle - worst - side / 2).max() < 0.62 * CELL_M:
                continue  # the worst cell bears its own number
            density = sheet.people(count.grid, corner, CELL_M) / max(float(np.prod(size)), 5.0)
            if density >= NUMBERED_FROM and contains(corners, middle[None])[0]:
                _number(image, sheet, middle, f"{density:.1f}", px, INK)
    if side and figures.peak_density.value >= NUMBERED_FROM:
        square = worst + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * side
        _line(image, sheet.pixels(outline(square, 0.25)), INK, 2 * _unit(sheet), closed=True)
        _number(image, sheet, worst + side / 2, f"{figures.peak_density.value:.1f}/m²", round(px * 1.3), INK)


def _number(image: Image, sheet: Sheet, middle: Points, text: str, px: int, colour: Colour) -> None:
    """A number in the middle of a cell, as large as the cell allows."""
    around = sheet.pixels(middle + np.array([[0, 0], [-CELL_M / 2, 0], [CELL_M / 2, 0]]))
    if not np.isfinite(around).all():
        return
    width, _ = text_size(text, px)
    room = 0.8 * abs(float(around[2, 0] - around[1, 0])) or 1.0
    size = round(px * min(1.0, room / width))
    if size < 8:
        return
    width, _ = text_size(text, size)
    put_text(
        image, text, (round(float(around[0, 0]) - width / 2), round(float(around[0, 1]) + size * 0.35)), size, colour,
        cased=True,
    )  # fmt: skip


def _arrows(image: Image, sheet: Sheet, arrows: Arrows) -> None:
    """From where people are to where they will be; those against the main direction in another colour."""
    px = letters(image)
    for middle, velocity, against in zip(arrows.middle, arrows.velocity, arrows.against, strict=True):
        pace = float(np.hypot(*velocity))
        if pace < STANDING_M_S:
            continue
        half = velocity / 2 * AHEAD_S
        start, tip = sheet.pixels(np.array([middle - half, middle + half]))
        length = float(np.hypot(*(tip - start)))
        if not np.isfinite(length) or length < 1e-6:
            continue
        way = (tip - start) / length
        if length < 2.4 * px:  # far away, or straight at the camera: still to be seen
            start, tip = (start + tip) / 2 - way * 1.2 * px, (start + tip) / 2 + way * 1.2 * px
        aside, head = np.array([-way[1], way[0]]), 1.1 * px
        # Each keeps to its right, so that two flows in one place do not cover each other.
        start, tip = start + aside * 0.8 * px, tip + aside * 0.8 * px
        neck, wing, wide = tip - way * head, 0.62 * head, 0.2 * px
        corners = np.array(
            [start + aside * wide, neck + aside * wide, neck + aside * wing, tip, neck - aside * wing,
             neck - aside * wide, start - aside * wide]
        )  # fmt: skip
        points = np.rint(corners * 16).astype(np.int32)
        cv2.fillPoly(image, [points], AGAINST if against else INK, cv2.LINE_AA, shift=4)
        cv2.polylines(image, [points], True, (20, 20, 20), max(1, _unit(sheet)), cv2.LINE_AA, shift=4)


def _gate(image: Image, seen: GateSeen, px: int) -> None:
    """Its line on the ground, an arrow on the way in, and what passed it in persons a minute."""
    gate = seen.gate
    scale = np.array([image.shape[1], image.shape[0]]) / gate.ground.picture
    line = gate.ends[0] + np.linspace(0, 1, 40)[:, None] * (gate.ends[1] - gate.ends[0])
    unit = max(1, round(min(image.shape[:2]) / 360))
    _line(image, gate.ground.to_picture(line) * scale, GATE, 2 * unit + 1)
    along = (gate.ends[1] - gate.ends[0]) / np.hypot(*(gate.ends[1] - gate.ends[0]))
    middle = gate.ends.mean(axis=0)
    ahead = gate.ground.to_picture(np.array([middle, middle + np.array([-along[1], along[0]])])) * scale
    if not np.isfinite(ahead).all():
        return
    way = (ahead[1] - ahead[0]) / max(float(np.hypot(*(ahead[1] - ahead[0]))), 1e-6)
    tip = ahead[0] + way * 2.2 * px
    aside = np.array([-way[1], way[0]]) * 0.6 * px
    _line(image, np.array([ahead[0], tip]), GATE, 2 * unit)
    _line(image, np.array([tip - way * 0.8 * px + aside, tip, tip - way * 0.8 * px - aside]), GATE, 2 * unit)
    flow = seen.flow
    words = "" if flow is None else f": in {flow.inflow:.0f}, out {flow.outflow:.0f} a minute"
    ends = gate.ground.to_picture(gate.ends) * scale
    right = ends[int(np.nan_to_num(ends[:, 0], nan=-1.0).argmax())]
    if np.isfinite(right).all():
        plate(
            image, [Line(gate.name + words, 0.8, GATE)], (round(float(right[0]) + px), round(float(right[1]) - px)), px
        )


def _hatched(image: Image, sheet: Sheet, state: str) -> Image:
    """Stripes over the zone: what is drawn there is not certain, or not known at all."""
    v, u = np.mgrid[0 : sheet.size[1], 0 : sheet.size[0]]
    period = 14 * _unit(sheet)
    stripes = ((u + v) % period < period // (5 if state == "degraded" else 2)).astype(np.float32)
    colour = np.broadcast_to(np.array(AMBER if state == "degraded" else UNKNOWN, np.uint8), image.shape)
    return blend(image, np.asarray(colour, np.uint8), stripes * sheet.mask * np.float32(0.55))


def _figures(image: Image, sheet: Sheet, seen: ZoneSeen, px: int, taken: list[tuple[int, int, int, int]]) -> None:
    """A plate above the zone: what it is called, how many, how dense, and what that means."""
    lines = figure_lines(seen)
    edge = sheet.pixels(outline(seen.zone.corners, 0.5), height_m=0.0)
    edge = edge[np.isfinite(edge).all(axis=1)]
    width, height = plate_size(lines, px)
    if len(edge):
        left, top = round(float(edge[:, 0].mean()) - width / 2), round(float(edge[:, 1].min()) - height - px * 1.4)
    else:
        left, top = 0, 0
    left = int(np.clip(left, 0, max(0, image.shape[1] - width)))
    top = int(np.clip(top, 0, max(0, image.shape[0] - height)))
    for x, y, w, h in taken:
        if left < x + w and x < left + width and top < y + h and y < top + height:
            top = min(y + h + 4, max(0, image.shape[0] - height))
    taken.append((left, top, width, height))
    plate(image, lines, (left, top), px, UNKNOWN if seen.tier is None else COLOURS[seen.tier])


def figure_lines(seen: ZoneSeen) -> list[Line]:
    """The words of a zone's plate."""
    if seen.figures is None or seen.tier is None:
        return [Line(f"{seen.zone.name}: unknown", 1.0, AMBER), Line(", ".join(seen.reasons), 0.75, SOFT)]
    people, worst = seen.figures.count, seen.figures.peak_density
    lines = [
        Line(f"{seen.zone.name}: {people.value:.0f} people ({people.low:.0f}–{people.high:.0f})", 1.0),
        Line(WORDS[seen.tier], 0.9, COLOURS[seen.tier]),
        Line(f"densest 10 m²: {worst.value:.1f}/m² ({worst.low:.1f}–{worst.high:.1f})", 0.8, SOFT),
    ]
    flow = []
    if seen.speed is not None:
        flow.append(f"{seen.speed:.1f} m/s" if seen.speed >= STANDING_M_S else "hardly moving")
    if seen.speed is not None and seen.speed >= STANDING_M_S and (seen.counterflow or 0.0) >= 0.1:
        flow.append(f"{seen.counterflow:.0%} against the flow")
    if flow:
        lines.append(Line(", ".join(flow), 0.8, SOFT))
    if seen.state == "degraded":
        lines.append(Line("degraded: " + ", ".join(seen.reasons or ("denser-than-trained",)), 0.8, AMBER))
    return lines


def _scale(image: Image, px: int) -> None:
    """Colours of persons/m² in the lower right corner."""
    width, height, small = round(px * 9), max(5, round(px * 0.5)), max(8, round(px * 0.7))
    left, top = image.shape[1] - width - px, image.shape[0] - height - px
    part = image[top - round(px * 1.9) :, left - px :]
    part[:] = (part * np.float32(0.26)).astype(np.uint8)
    ramp = DENSITY_TABLE[np.linspace(0, 255, width).astype(int)]
    image[top : top + height, left : left + width] = ramp[None]
    put_text(image, "people per m²", (left, top - round(px * 1.05)), small, SOFT)
    for density in (1, 3, 5, 7):
        text = f"{density}"
        x = left + round(width * density / DENSEST) - text_size(text, small)[0] // (1 if density == DENSEST else 2)
        put_text(image, text, (x, top - round(px * 0.2)), small, INK)
