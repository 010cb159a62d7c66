"""Names of sites, boxes, zones and cameras: one rule, because they become topic levels, labels and file names."""

from __future__ import annotations

from typing import Annotated

import msgspec

#: The end refuses a trailing line feed, which a bare `$` would let through.
NAME_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$(?!\n)"
#: Second topic levels that a box may not be called, and first ones that a site may not be called.
RESERVED_BOXES = frozenset({"zones", "drill"})
RESERVED_SITES = frozenset({"service"})

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=NAME_PATTERN,
        description="1 to 63 of a-z, 0-9 and '-', neither beginning nor ending with '-'.",
    ),
]
