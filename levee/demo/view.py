"""The view in the terminal: a snapshot in, something that rich can draw out. Knows no clock and no socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from levee.demo.snapshot import PageSeen, Snapshot, ZoneSeen
from levee.demo.trend import Trend
from wire import Band, Tier

#: Each tier has a colour and its word, so that nobody depends on the colour. Named colours, since a terminal of 16
#: would show an exact shade of red as a yellow.
STYLES = {
    Tier.NORMAL: "black on white",
    Tier.BLUE: "bold white on blue",
    Tier.YELLOW: "bold black on yellow",
    Tier.ORANGE: "bold black on dark_orange",
    Tier.RED: "bold white on red",
}
GRADES = {Tier.NORMAL: "", Tier.BLUE: " IV", Tier.YELLOW: " III", Tier.ORANGE: " II", Tier.RED: " I"}
UNKNOWN = "bold white on magenta"
PAGES_SHOWN = 6
_FRAME = 14
#: Persons/m² at which the bar of the worst cell is full.
FULL_DENSITY = 6.0
_BAR = 10
#: Below this many columns the bars go, and the reasons stand under the table.
WIDE = 118


@dataclass(frozen=True)
class Frame:
    """What stands around the figures. `elapsed_s` counts from the start of the demo."""

    elapsed_s: float
    trends: Mapping[tuple[str, str], Trend]
    places: tuple[tuple[str, str], ...] = ()
    notice: str = ""


def draw(snapshot: Snapshot | None, frame: Frame, width: int, height: int) -> RenderableType:
    """The whole view for a terminal of `width` columns and `height` lines, as far as it fits.

    Before the first snapshot, only what is being waited for.
    """
    if snapshot is None:
        waiting = Text(frame.notice or "starting", style="italic")
        return Panel(Group(waiting, _places(frame)), title=_title(frame.elapsed_s), border_style="dim", padding=(0, 1))
    worst = max((zone.tier for zone in snapshot.zones), default=Tier.NORMAL)
    wide = width >= WIDE
    parts: list[RenderableType] = [_zones(snapshot, frame, wide)]
    if not wide:
        parts += [Text(f"{zone.zone}: {_why(zone)}", style="dim") for zone in snapshot.zones if _why(zone)]
    # What is not a page takes a line for each zone (two where its reason stands below) and about as many as _FRAME.
    room = height - _FRAME - len(snapshot.zones) * (1 if wide else 2)
    parts += [_devices(snapshot), _pages(snapshot.pages, max(1, min(PAGES_SHOWN, room))), _places(frame)]
    if frame.notice:
        parts.append(Text(frame.notice, style="italic"))
    clock = _clock(snapshot)
    border = _colour(worst) if worst > Tier.NORMAL else "dim"
    return Panel(
        Group(*parts),
        title=_title(frame.elapsed_s),
        subtitle=clock,
        border_style=border,
        box=box.ROUNDED,
        padding=(0, 1),
    )


def _clock(snapshot: Snapshot) -> str:
    """The time at the site, which pages and reasons are told in as well."""
    place = next((zone.since.tzinfo for zone in snapshot.zones if zone.since is not None), UTC)
    at = snapshot.at.astimezone(place)
    return f"{at:%Y-%m-%d %H:%M:%S} {at.tzname() if at.utcoffset() else 'UTC'}"


def _title(elapsed_s: float) -> str:
    minutes, seconds = divmod(int(elapsed_s), 60)
    return f"[bold]Levee[/bold] demo · running {minutes}:{seconds:02d} · Ctrl-C ends it"


def tier_badge(tier: Tier) -> Text:
    """Colour and word: ` RED I `."""
    return _badge(f"{tier.label.upper()}{GRADES[tier]}", STYLES[tier])


def _badge(word: str, style: str) -> Text:
    """A style of the whole text would colour the rest of its cell as well."""
    return Text().append(f" {word} ", style=style)


def _colour(tier: Tier) -> str:
    return STYLES[tier].split(" on ")[1]


def _zones(snapshot: Snapshot, frame: Frame, wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1 if wide else 0), collapse_padding=not wide)
    table.add_column("zone", min_width=12, ratio=3, overflow="ellipsis", no_wrap=True)
    table.add_column("tier", no_wrap=True)
    table.add_column("people", justify="right", no_wrap=True)
    table.add_column("worst cell, persons/m²" if wide else "worst cell, /m²", no_wrap=True)
    table.add_column("trend", no_wrap=True)
    table.add_column("since", no_wrap=True)
    if wide:
        table.add_column("why", ratio=5, overflow="ellipsis", no_wrap=True)
    for zone in snapshot.zones:
        trend = frame.trends.get(zone.key, Trend.UNKNOWN)
        badge = tier_badge(zone.tier)
        if zone.unknown:
            badge.append(" ").append(" UNKNOWN " if wide else " ? ", style=UNKNOWN)
        cells: list[RenderableType] = [
            Text(zone.title if wide else zone.zone),
            badge,
            _band(zone.people, 0),
            _density(zone, wide),
            Text(f"{trend.arrow} {trend.value}" if trend is not Trend.UNKNOWN else trend.arrow, style="dim"),
            Text(_since(zone.since, snapshot.at)),
        ]
        table.add_row(*cells, *([Text(_why(zone), style="dim")] if wide else []))
    return table


def _why(zone: ZoneSeen) -> str:
    if zone.unknown:
        return "held, unknown: " + (", ".join(zone.reasons) or "no reading")
    return zone.why


def _band(band: Band | None, digits: int) -> Text:
    """`41 (35–48)`: the estimate and its 90 % band; `unknown` where there is none, never 0."""
    if band is None:
        return Text("unknown", style="italic")
    text = Text(f"{band.value:.{digits}f}", style="bold")
    return text.append(f" ({band.low:.{digits}f}–{band.high:.{digits}f})", style="dim")


def _density(zone: ZoneSeen, bar: bool) -> Text:
    if zone.peak is None or not bar:
        return _band(zone.peak, 1)
    filled = min(_BAR, round(zone.peak.value / FULL_DENSITY * _BAR))
    text = Text("█" * filled, style=_colour(zone.tier)).append("░" * (_BAR - filled), style="dim")
    return text.append(" ").append(_band(zone.peak, 1))


def _since(since: datetime | None, now: datetime) -> str:
    if since is None:
        return "·"
    seconds = max(0, int((now - since).total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min {seconds % 60:02d} s"


def _devices(snapshot: Snapshot) -> Text:
    text = Text("broker ", style="dim")
    text.append("connected" if snapshot.link else "NO LINK", style="" if snapshot.link else UNKNOWN)
    for one in snapshot.boxes:
        text.append(f"   box {one.box} ", style="dim")
        text.append("online" if one.online else "OFFLINE", style="" if one.online else UNKNOWN)
        if one.waiting:
            text.append(f", {one.waiting} waiting to be recorded", style="dim")
    for camera in snapshot.cameras:
        text.append(f"   camera {camera.camera} ", style="dim")
        live = camera.state == "live"
        text.append(camera.state if live else camera.state.upper(), style="" if live else UNKNOWN)
    return text


def _pages(pages: tuple[PageSeen, ...], shown: int) -> RenderableType:
    if not pages:
        return Text("pages   none so far", style="dim")
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1))
    table.add_column("last pages", no_wrap=True)
    table.add_column("tier", no_wrap=True)
    table.add_column("zone", no_wrap=True)
    table.add_column("channel", no_wrap=True)
    table.add_column("what became of it", ratio=1)
    for page in sorted(pages, key=lambda page: page.at, reverse=True)[:shown]:
        table.add_row(
            f"{page.at:%H:%M:%S}",
            _badge("UNKNOWN", UNKNOWN) if page.unknown else tier_badge(page.tier),
            Text(page.zone),
            Text(page.channel),
            Text(page.outcome + (f": {page.answer}" if page.answer and page.outcome != "accepted" else "")),
        )
    return table


def _places(frame: Frame) -> Text:
    text = Text()
    for name, where in frame.places:
        text.append(f"{name} ", style="dim").append(where).append("   ")
    return text
