"""Which tier is paged where, and how often it is tried."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wire import Name, Tier

Channels = Annotated[
    tuple[Name, ...] | None,
    msgspec.Meta(
        title="Channels", description="Names of the channels to page; all of them where it is not set, none if empty."
    ),
]


class PageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is called for what, and how often it is tried."""

    blue: Channels = ()
    yellow: Channels = None
    orange: Channels = None
    red: Channels = None
    unknown: Channels = None
    first_retry_s: Annotated[
        float, msgspec.Meta(title="First retry", description="Seconds until a page is tried again.", ge=0.1, le=600)
    ] = 2.0
    slowest_retry_s: Annotated[
        float,
        msgspec.Meta(title="Slowest retry", description="Longest pause between two tries, in seconds.", ge=1, le=3600),
    ] = 60.0
    give_up_s: Annotated[
        float,
        msgspec.Meta(title="Give up", description="Seconds after which a page is not tried any more.", ge=60),
    ] = 21_600.0

    def channels(self, tier: Tier) -> tuple[str, ...] | None:
        """The channels for `tier`; None means all."""
        return ((), self.blue, self.yellow, self.orange, self.red)[tier]
