"""Names of builds, clothes, hair, hats and bags."""

from __future__ import annotations

BUILDS = ("slim", "man", "stout", "woman", "curvy", "child")
GARMENTS = ("shirt", "loose", "jacket", "coat", "puffer", "skirt", "dress", "robe")
HAIRS = ("bald", "short", "thick", "side", "bob", "long", "bun", "tail")
HATS = ("none", "cap", "beanie", "sunhat", "hood", "helmet", "scarf")
BAGS = ("none", "backpack", "shoulder", "tote", "shopping", "case", "umbrella", "phone", "pram", "furled")
