"""Who is filmed: builds, clothes, colours and habits of people, drawn from a seeded generator."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sample_videos.figures import poses
from sample_videos.figures.kinds import BAGS, BUILDS, GARMENTS, HAIRS, HATS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SKIN, HAIR, TOP, BOTTOM, SHOES, BAG, ACCENT, HAT = range(8)
PARTS = 8
PATTERNS = ("plain", "stripes", "checks", "print", "bands", "flowers", "camouflage", "letters")
SEASONS = ("summer", "mild", "winter")

# sRGB 0..255 in BGR order, as OpenCV keeps pictures.
_SKINS = [
    (178, 202, 238),
    (160, 186, 228),
    (168, 194, 236),
    (140, 168, 216),
    (150, 180, 226),
    (120, 152, 200),
    (92, 120, 170),
    (58, 80, 120),
]
_HAIRS = [
    (22, 22, 26),
    (18, 20, 24),
    (20, 20, 22),
    (26, 26, 32),
    (16, 18, 20),
    (30, 36, 48),
    (34, 52, 80),
    (60, 96, 140),
    (140, 140, 142),
    (36, 40, 62),
    (14, 15, 18),
    (24, 26, 30),
    (20, 22, 28),
    (28, 30, 36),
]
_DARKS = [(26, 26, 28), (40, 36, 34), (62, 44, 34), (84, 62, 48), (52, 54, 58), (48, 62, 72), (92, 90, 90)]
_LIGHTS = [
    (222, 224, 226),
    (196, 202, 208),
    (168, 186, 204),
    (150, 150, 152),
    (206, 190, 170),
    (180, 206, 226),
    (232, 232, 230),
]
_BRIGHT = [
    (48, 44, 150),
    (132, 72, 50),
    (70, 108, 72),
    (62, 138, 186),
    (136, 104, 158),
    (146, 132, 80),
    (70, 96, 186),
    (184, 128, 124),
    (72, 42, 100),
    (110, 178, 200),
    (40, 36, 190),
    (60, 190, 220),
    (170, 140, 60),
]
_DENIM = [(112, 84, 60), (88, 62, 44), (150, 122, 96), (70, 50, 38)]


def linear(colour: tuple[float, float, float] | NDArray[np.floating]) -> Floats:
    """sRGB 0..255 to linear light 0..1."""
    return np.asarray((np.asarray(colour, float) / 255) ** 2.2)


@dataclass(frozen=True)
class Cast:
    """n people as columns: `height` (n,) m, indices into BUILDS, GARMENTS, HAIRS, HATS, BAGS, `habit` into HABITS,
    `palette` (n, 8, 3) linear BGR, `cut` (n, 4): sleeve 0..1, trouser hem m, neckline m, lowest edge of the top m;
    `pattern` (n, 4): of top and bottom, scale, gloss; `stoop` (n,) radians, `head` (n,) size of the head."""

    height: Floats
    build: Ints
    garment: Ints
    hair: Ints
    hat: Ints
    bag: Ints
    habit: Ints
    palette: Floats
    cut: Floats
    pattern: Floats
    stoop: Floats
    head: Floats

    def __len__(self) -> int:
        return len(self.height)

    def take(self, rows: NDArray[np.integer]) -> Cast:
        """The people of these rows."""
        return Cast(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def _pick(rng: np.random.Generator, table: list[tuple[int, int, int]]) -> Floats:
    base = np.array(table[int(rng.integers(len(table)))], float)
    return np.clip(base * rng.uniform(0.78, 1.15) + rng.normal(0, 1.2 + 0.035 * base.mean(), 3), 4, 245)


def _cloth(rng: np.random.Generator, dark: float, bright: float) -> Floats:
    draw = rng.random()
    return _pick(rng, _DARKS if draw < dark else _BRIGHT if draw < dark + bright else _LIGHTS)


def _of(rng: np.random.Generator, names: tuple[str, ...], shares: dict[str, float]) -> int:
    weights = np.array([shares.get(name, 0.0) for name in names])
    return int(rng.choice(len(names), p=weights / weights.sum()))


_WOMEN_WEAR = {
    "summer": {"shirt": 0.34, "loose": 0.12, "skirt": 0.24, "dress": 0.26, "robe": 0.04},
    "mild": {"shirt": 0.14, "loose": 0.20, "jacket": 0.28, "coat": 0.12, "skirt": 0.14, "dress": 0.09, "robe": 0.03},
    "winter": {"jacket": 0.22, "coat": 0.42, "puffer": 0.34, "robe": 0.02},
}
_MEN_WEAR = {
    "summer": {"shirt": 0.68, "loose": 0.28, "jacket": 0.04},
    "mild": {"shirt": 0.18, "loose": 0.34, "jacket": 0.42, "coat": 0.06},
    "winter": {"jacket": 0.38, "coat": 0.24, "puffer": 0.38},
}
_HATS = {
    "summer": {"none": 0.80, "cap": 0.11, "sunhat": 0.08, "scarf": 0.01},
    "mild": {"none": 0.87, "cap": 0.07, "hood": 0.03, "sunhat": 0.01, "scarf": 0.02},
    "winter": {"none": 0.60, "beanie": 0.18, "hood": 0.15, "cap": 0.05, "scarf": 0.02},
}
_BAGS = {"none": 0.50, "backpack": 0.17, "shoulder": 0.11, "tote": 0.09, "shopping": 0.09, "case": 0.03, "pram": 0.01}
_HABITS = {
    "plain": 0.42,
    "phone": 0.20,
    "pockets": 0.14,
    "crossed": 0.06,
    "talk": 0.08,
    "call": 0.04,
    "photo": 0.04,
    "hold": 0.02,
}


def _person(rng: np.random.Generator, season: str, rain: float, cheer: float) -> dict[str, object]:
    child = rng.random() < 0.07
    woman = not child and rng.random() < 0.49
    height = rng.uniform(1.05, 1.48) if child else np.clip(rng.normal(1.62 if woman else 1.735, 0.065), 1.45, 1.98)
    build = (
        "child"
        if child
        else str(
            rng.choice(["woman", "curvy"], p=(0.7, 0.3))
            if woman
            else rng.choice(["slim", "man", "stout"], p=(0.32, 0.5, 0.18))
        )
    )
    wear = _WOMEN_WEAR[season] if woman else _MEN_WEAR[season]
    garment = GARMENTS[_of(rng, GARMENTS, wear)]
    hairs = (
        {"bob": 0.22, "long": 0.38, "bun": 0.13, "tail": 0.20, "thick": 0.05, "short": 0.02}
        if woman
        else {"short": 0.52, "thick": 0.18, "side": 0.20, "bald": 0.08, "tail": 0.02}
    )
    bag, habit = BAGS[_of(rng, BAGS, _BAGS)], poses.HABITS[_of(rng, poses.HABITS, _HABITS)]
    if rng.random() < cheer:
        habit, bag = ("cheer" if rng.random() < 0.7 else "photo"), "none"
    elif rng.random() < rain:
        habit, bag = "umbrella", "umbrella"
    if bag in ("pram",):
        habit = "push"
    if habit in ("phone", "call", "photo") and bag == "none":
        bag = "phone"
    row: dict[str, object] = {
        "height": float(height),
        "build": BUILDS.index(build),
        "garment": GARMENTS.index(garment),
        "hair": _of(rng, HAIRS, hairs),
        "hat": _of(rng, HATS, _HATS[season]),
        "bag": BAGS.index(bag),
        "habit": poses.HABITS.index(habit),
        "stoop": float(np.clip(rng.normal(0, 0.05), -0.05, 0.3)),
        "head": float(np.clip(1.0 + (1.62 - height) * 0.55, 0.96, 1.32) * rng.normal(1, 0.025)),
    }
    row["palette"] = _palette(rng, season, garment, woman)
    row["cut"] = _lengths(rng, season, garment)
    plain = 0.84 if season == "winter" else 0.66
    top = float(
        rng.choice(
            len(PATTERNS), p=np.array([0, 0.26, 0.18, 0.22, 0.11, 0.10, 0.02, 0.11]) * (1 - plain) + [plain, *[0] * 7]
        )
    )
    bottom = float(rng.choice([0, 2, 5], p=(0.92, 0.03, 0.05)))
    row["pattern"] = np.array([top, bottom, rng.uniform(0.6, 1.6), 0.25 if garment == "puffer" else 0.05])
    return row


def _palette(rng: np.random.Generator, season: str, garment: str, woman: bool) -> Floats:
    winter = season == "winter"
    palette = np.zeros((PARTS, 3))
    palette[SKIN] = _pick(rng, _SKINS)
    palette[HAIR] = _pick(rng, _HAIRS)
    palette[TOP] = _cloth(rng, 0.66 if winter else 0.34 if season == "summer" else 0.45, 0.14 if winter else 0.26)
    legs = rng.random()
    palette[BOTTOM] = _pick(rng, _DENIM) if legs < 0.35 and garment != "skirt" else _cloth(rng, 0.66, 0.10)
    if garment in ("dress", "robe"):
        palette[BOTTOM] = palette[TOP] = _cloth(rng, 0.35, 0.40)
    palette[SHOES] = _pick(rng, _DARKS if rng.random() < 0.6 else _LIGHTS)
    palette[BAG] = _cloth(rng, 0.6, 0.22)
    palette[ACCENT] = _cloth(rng, 0.25, 0.25)
    palette[HAT] = _cloth(rng, 0.6, 0.2)
    return linear(palette)


def _lengths(rng: np.random.Generator, season: str, garment: str) -> Floats:
    """Sleeve 0..1, trouser hem m, neckline m, lowest edge of the top m."""
    long = 0.955
    sleeve = long
    if garment in ("shirt", "dress", "skirt") and season != "winter":
        short = 0.8 if season == "summer" else 0.3
        sleeve = float(rng.uniform(0.02, 0.42)) if rng.random() < short else long
    hem = 0.075
    if garment in ("skirt", "dress"):
        hem = 0.56 if rng.random() < 0.75 else 0.09
    elif garment in ("shirt", "loose") and season == "summer" and rng.random() < 0.45:
        hem = float(rng.uniform(0.42, 0.70))
    neck = float(rng.uniform(1.40, 1.455))
    lowest = {
        "shirt": 0.93,
        "loose": 0.86,
        "jacket": 0.85,
        "coat": 0.58,
        "puffer": 0.84,
        "skirt": 1.02,
        "dress": 0.50,
        "robe": 0.20,
    }[garment]
    return np.array([sleeve, hem, neck, lowest + rng.normal(0, 0.015)])


def cast(rng: np.random.Generator, count: int, season: str = "mild", rain: float = 0.0, cheer: float = 0.0) -> Cast:
    """`count` people dressed for the season; shares of them with open umbrellas and with raised arms."""
    rows = [_person(rng, season, rain, cheer) for _ in range(count)]
    if not rows:
        return cast(np.random.default_rng(0), 1).take(np.zeros(0, int))
    return Cast(**{name: np.array([row[name] for row in rows]) for name in rows[0]})


def statues(rng: np.random.Generator, count: int) -> Cast:
    """Figures of bronze, stone or plastic, for statues and shop dummies."""
    people = cast(rng, max(count, 1)).take(np.arange(count))
    stuff = np.array(
        [linear(_pick(rng, [(52, 70, 78), (150, 160, 165), (210, 212, 214), (60, 62, 60)])) for _ in range(count)]
    )
    habit = np.where(rng.random(count) < 0.6, poses.MANNEQUIN, people.habit)
    plain = np.zeros_like(people.pattern)
    return Cast(
        people.height * 1.03,
        people.build,
        people.garment,
        people.hair,
        people.hat,
        people.bag * 0,
        habit,
        np.repeat(stuff.reshape(-1, 1, 3), PARTS, 1),
        people.cut,
        plain,
        people.stoop,
        people.head,
    )
