"""Mosquitto's access list, made from the table of topics: each party by its full name, and nothing by a pattern.

A pattern would go by the box's name alone, and the name of a box is only unique within its site.
"""

from __future__ import annotations

from collections.abc import Iterable

from levee.enroll.identity import Identity, Role
from wire import topics

#: What each role may say (w), hear (r) or both, of the table in `wire.topics`. Whatever is not named is denied.
RIGHTS: dict[Role, tuple[tuple[topics.Topic, str], ...]] = {
    Role.BOX: (
        (topics.READINGS, "write"),
        (topics.BACKLOG, "write"),
        (topics.HEALTH, "write"),
        # A box hears its own status, so that it can undo a will of its last session that came late.
        (topics.STATUS, "readwrite"),
        (topics.RECORDED, "read"),
        (topics.DRILL_READINGS, "write"),
    ),
    Role.SERVICE: (
        (topics.READINGS, "read"),
        (topics.BACKLOG, "read"),
        (topics.HEALTH, "read"),
        (topics.STATUS, "read"),
        (topics.RECORDED, "readwrite"),
        (topics.TIER, "readwrite"),
        (topics.SERVICE, "readwrite"),
        # A drill may be played from the machine of the service, too: nothing of it is ever judged as live.
        (topics.DRILL_READINGS, "readwrite"),
        (topics.DRILL_TIER, "readwrite"),
    ),
    Role.SIGN: ((topics.TIER, "read"), (topics.SERVICE, "read")),
    Role.READER: tuple((row, "read") for row in topics.TOPICS),
    Role.BROKER: (),
}

_HEAD = """\
# Who may say what at the broker. Written by `levee box enroll` and `levee box revoke`: change nothing here by hand.
# Mosquitto reads it again on SIGHUP (systemctl reload mosquitto). Whoever is not named may say and hear nothing.
"""


def acl(identities: Iterable[Identity]) -> str:
    """The whole file for these parties."""
    blocks = [_block(one) for one in sorted(set(identities), key=lambda one: one.user) if RIGHTS[one.role]]
    return "\n".join([_HEAD, *blocks])


def _block(identity: Identity) -> str:
    levels: dict[str, str] = {}
    if identity.role is Role.BOX:
        levels = dict(zip(("site", "box"), identity.parts, strict=True))
    elif identity.role is Role.SIGN:
        levels = {"site": identity.parts[0]}
    lines = [f"user {identity.user}"]
    lines += [f"topic {right} {row.everywhere(**levels)}" for row, right in RIGHTS[identity.role]]
    return "\n".join([*lines, ""])
