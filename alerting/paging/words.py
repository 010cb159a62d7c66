"""What a page says to a person, in Chinese and in English."""

from __future__ import annotations

from datetime import datetime

from wire import Band, TierName

TIERS = {
    "zh": {"normal": "正常", "blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"},
    "en": {"normal": "NORMAL", "blue": "BLUE", "yellow": "YELLOW", "orange": "ORANGE", "red": "RED"},
}
REASONS = {
    "zh": {
        "next": "前一人未确认，现呼叫您。",
        "again": "全部人员均未确认，再次呼叫。",
        "everybody": "全部人员均未确认，现同时呼叫所有人。",
        "resumed": "静默已结束，情况仍未解除。",
        "together": "同一时段的多起告警合并通知。",
        "silence-ends": "",
        "rise": "",
        "": "",
    },
    "en": {
        "next": "Whoever was called before did not answer.",
        "again": "Nobody of the whole chain answered; you are called again.",
        "everybody": "Nobody of the whole chain answered; everybody is called now.",
        "resumed": "The silence is over, and this is not.",
        "together": "Several alarms of the same minute, in one page.",
        "silence-ends": "",
        "rise": "",
        "": "",
    },
}


def tier_word(tier: TierName, blind: bool, language: str) -> str:
    if blind:
        return "无法观测" if language == "zh" else "NOT SEEN"
    return TIERS[language][tier.value]


def exercise_mark(language: str, drill: bool) -> str:
    if language == "zh":
        return "【演练】" if drill else "【测试】"
    return "EXERCISE " if drill else "TEST "


def sentence(
    language: str,
    *,
    tier: TierName,
    blind: bool,
    place: tuple[str, str],
    since: datetime,
    people: Band | None,
    density: Band | None,
    trend: float | None,
    forecast: str | None,
    why: str,
    responsible: str,
    reason: str,
    mark: str,
) -> str:
    """One sentence or two: tier, place, since when, how many, what is to come, why, who answers."""
    word = tier_word(tier, blind, language)
    if language == "zh":
        parts = [f"{mark}{word} {place[0]}{place[1]}，{since:%H:%M:%S} 起"]
        parts += [f"约 {people.value:.0f} 人"] if people is not None else []
        parts += [f"最密处每平方米 {density.value:.1f} 人"] if density is not None else []
        parts += [f"每分钟 {trend:+.2f} 人/平方米"] if trend is not None else []
        told = f"{REASONS['zh'].get(reason, '')}{'，'.join(parts)}。"
        told += f"预测：{forecast}。" if forecast else ""
        return f"{told}原因：{why}。责任单位：{responsible}。"
    parts = [f"{mark}{word} {place[0]}, {place[1]}, since {since:%H:%M:%S}"]
    parts += [f"about {people.value:.0f} people"] if people is not None else []
    parts += [f"{density.value:.1f} persons/m² in the worst cell"] if density is not None else []
    parts += [f"{trend:+.2f} persons/m² a minute"] if trend is not None else []
    called = REASONS["en"].get(reason, "")
    told = f"{called} {', '.join(parts)}." if called else f"{', '.join(parts)}."
    told += f" Forecast: {forecast}." if forecast else ""
    return f"{told} {why}. Responsible: {responsible}."


def foreseen(language: str, ahead: Band | None, minutes: int) -> str | None:
    """The forecast of the worst cell, in a few words; none where there is none."""
    if ahead is None:
        return None
    if language == "zh":
        return f"{minutes} 分钟后最密处每平方米 {ahead.value:.1f} 人（{ahead.low:.1f} 至 {ahead.high:.1f}）"
    return f"{ahead.value:.1f} persons/m² in the worst cell in {minutes} min ({ahead.low:.1f} to {ahead.high:.1f})"


def whole(language: str, text: str, steps: tuple[str, ...], link: str, repeat: bool, name: str, mark: str) -> str:
    """All that a person gets to read: the sentence, the plan's first steps, and where to answer."""
    lines = [text]
    if language == "zh":
        lines += [f"{number}. {step}" for number, step in enumerate(steps, 1)]
        lines += [f"{name}，请确认：{link}"] if link else []
        lines += ["（重复发送，编号相同）"] if repeat else []
        lines += [f"编号 {mark[:8]}"]
    else:
        lines += [f"{number}. {step}" for number, step in enumerate(steps, 1)]
        lines += [f"{name}, acknowledge: {link}"] if link else []
        lines += ["(Sent again; the same page.)"] if repeat else []
        lines += [f"Page {mark[:8]}"]
    return "\n".join(lines)
