"""A message of the Common Alerting Protocol 1.2 (OASIS, ITU X.1303) as XML, valid against the standard's schema."""

from __future__ import annotations

from datetime import datetime, timedelta
from xml.etree import ElementTree

from alerting.desk.events import CapDraft
from alerting.desk.settings import CapSettings
from wire import Tier

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
#: Urgency and severity of a tier [J].
WEIGHT = {
    Tier.NORMAL: ("Past", "Minor"),
    Tier.BLUE: ("Future", "Moderate"),
    Tier.YELLOW: ("Expected", "Moderate"),
    Tier.ORANGE: ("Expected", "Severe"),
    Tier.RED: ("Immediate", "Extreme"),
}
WORDS = {
    "zh-CN": {
        "event": "人群拥挤",
        "tier": ("已解除", "蓝色（四级）", "黄色（三级）", "橙色（二级）", "红色（一级）"),
        "headline": "{place} 人群拥挤{tier}预警",
        "over": "{place} 人群拥挤预警解除",
        "what": "请勿前往，听从现场指引，避免拥挤。",
        "exercise": "演练",
    },
    "en-US": {
        "event": "Crowding",
        "tier": ("over", "blue (IV)", "yellow (III)", "orange (II)", "red (I)"),
        "headline": "{place}: crowding, {tier}",
        "over": "{place}: the warning of crowding is over",
        "what": "Do not go there; follow the people on site; keep out of the crowd.",
        "exercise": "EXERCISE",
    },
}
#: A message that nobody renews expires [J].
EXPIRES = timedelta(hours=2)


def cap_xml(draft: CapDraft, settings: CapSettings, place: str) -> str:
    """The message of `draft`; `place` is what people call the area."""
    words = WORDS[settings.language]
    exercise = draft.status == "Exercise"
    alert = ElementTree.Element("alert", {"xmlns": NAMESPACE})
    _put(alert, "identifier", draft.identifier)
    _put(alert, "sender", settings.sender)
    _put(alert, "sent", draft.sent)
    _put(alert, "status", draft.status)
    _put(alert, "msgType", draft.message)
    _put(alert, "source", "Levee")
    _put(alert, "scope", draft.scope)
    if draft.scope == "Restricted":
        _put(alert, "restriction", settings.restriction)
    if exercise:
        _put(alert, "note", str(words["exercise"]))
    if draft.references:
        _put(alert, "references", " ".join(f"{settings.sender},{name},{sent}" for name, sent in draft.references))
    if draft.incident:
        _put(alert, "incidents", draft.incident)
    info = ElementTree.SubElement(alert, "info")
    urgency, severity = WEIGHT[draft.tier]
    mark = f"{words['exercise']} " if exercise else ""
    over = draft.message == "Cancel"
    tier = words["tier"][int(draft.tier)]
    headline = str(words["over"] if over else words["headline"]).format(place=place, tier=tier)
    _put(info, "language", settings.language)
    _put(info, "category", "Safety")
    _put(info, "event", mark + str(words["event"]))
    _put(info, "responseType", "AllClear" if over else "Avoid")
    _put(info, "urgency", urgency)
    _put(info, "severity", severity)
    _put(info, "certainty", "Likely" if draft.kind == "forecast" else "Observed")
    _put(info, "expires", (datetime.fromisoformat(draft.sent) + EXPIRES).isoformat(timespec="seconds"))
    _put(info, "headline", mark + headline)
    _put(info, "description", mark + (draft.why or headline))
    if not over:
        _put(info, "instruction", mark + str(words["what"]))
    _pair(info, "parameter", "tier", draft.tier.label)
    area = ElementTree.SubElement(info, "area")
    _put(area, "areaDesc", place)
    _pair(area, "geocode", "levee", f"{draft.site}/{draft.zone}")
    ElementTree.indent(alert)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(alert, encoding="unicode") + "\n"


def _put(parent: ElementTree.Element, name: str, text: str) -> None:
    sound = "".join(letter if _legal(letter) else " " for letter in text)
    ElementTree.SubElement(parent, name).text = sound


def _legal(letter: str) -> bool:
    """XML has no word for most control characters, for halves of pairs, and for two more."""
    return letter in "\n\t" or (letter >= " " and not "\ud800" <= letter <= "\udfff" and letter not in "\ufffe\uffff")


def _pair(parent: ElementTree.Element, name: str, key: str, value: str) -> None:
    pair = ElementTree.SubElement(parent, name)
    _put(pair, "valueName", key)
    _put(pair, "value", value)
