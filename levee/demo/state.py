"""Asks the service for its state and its figures over HTTP, and makes one snapshot of both."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterable

import msgspec
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from alerting.view import ChangeView, PageView, View, ZoneView, decode_view
from levee.demo.snapshot import BoxSeen, CameraSeen, PageSeen, Snapshot, TierChange, ZoneSeen

_TIMEOUT_S = 2.0
_MAX_BYTES = 20_000_000
_BOX = "levee_alerting_box_"


class StateRefused(RuntimeError):
    """The service gave no state: one line."""


def fetch(state: str, metrics: str) -> Snapshot:
    """What the service says at its two addresses; StateRefused where it does not answer, or with something else."""
    try:
        view = decode_view(_get(state))
        families = list(text_string_to_metric_families(_get(metrics).decode()))
    except (msgspec.DecodeError, ValueError) as error:
        raise StateRefused(f"the service's answer cannot be read: {error}") from None
    return snapshot(view, families)


def _get(address: str) -> bytes:
    # No proxy: an address on this machine is never asked for through one.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=_TIMEOUT_S) as answer:
            body: bytes = answer.read(_MAX_BYTES)
            return body
    except (OSError, urllib.error.URLError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise StateRefused(f"the service does not answer at {address}: {reason}") from None


def snapshot(view: View, metrics: Iterable[Metric] = ()) -> Snapshot:
    """The view of the service in the demo's own terms, with boxes and cameras from its metrics."""
    boxes, cameras = _devices(metrics)
    return Snapshot(
        at=view.at,
        link=view.broker_connected,
        zones=tuple(sorted((_zone(zone) for zone in view.zones), key=lambda zone: (-zone.tier, zone.zone))),
        boxes=boxes,
        cameras=cameras,
        changes=tuple(_change(change, view.zones) for change in view.changes),
        pages=tuple(_page(page) for page in view.pages),
    )


def _zone(zone: ZoneView) -> ZoneSeen:
    return ZoneSeen(
        site=zone.site,
        zone=zone.zone,
        title=zone.title,
        tier=zone.tier.tier,
        since=zone.since,
        why=zone.why,
        unknown=zone.held,
        people=zone.people,
        peak=zone.density,
        reasons=(zone.unknown_why,) if zone.unknown_why else (),
    )


def _change(change: ChangeView, zones: tuple[ZoneView, ...]) -> TierChange:
    now = next((zone for zone in zones if (zone.site, zone.zone) == (change.site, change.zone)), None)
    return TierChange(
        at=change.time,
        what=change.what,
        zone=change.zone,
        before=change.from_tier.tier,
        after=change.to_tier.tier,
        why=change.why,
        kind=change.kind.value,
        people=now.people.value if now and now.people else None,
        peak=now.density.value if now and now.density else None,
    )


def _page(page: PageView) -> PageSeen:
    return PageSeen(
        at=page.time,
        zone=page.zone,
        tier=page.tier.tier,
        unknown=page.unknown,
        channel=page.channel,
        outcome=page.state,
        answer=page.answer,
    )


def _devices(metrics: Iterable[Metric]) -> tuple[tuple[BoxSeen, ...], tuple[CameraSeen, ...]]:
    online: dict[str, bool] = {}
    waiting: dict[str, int] = {}
    cameras: list[CameraSeen] = []
    for family in metrics:
        for sample in family.samples:
            if sample.name == f"{_BOX}online":
                online[sample.labels["box"]] = sample.value > 0
            elif sample.name == f"{_BOX}outbox_messages":
                waiting[sample.labels["box"]] = int(sample.value)
            elif sample.name == f"{_BOX}camera_state" and sample.value > 0:
                labels = sample.labels
                cameras.append(CameraSeen(labels["box"], labels["camera"], labels["state"]))
    boxes = tuple(BoxSeen(box, online[box], waiting.get(box)) for box in sorted(online))
    return boxes, tuple(sorted(cameras, key=lambda seen: (seen.box, seen.camera)))
