"""The answering page as HTML: no script, readable on any telephone, in Chinese or English."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

WORDS = {
    "zh": {
        "title": "值守告警",
        "button": "我已知悉，由我处置",
        "hint": "打开本页不等于确认，请按按钮。",
        "acknowledged": "已确认，感谢。",
        "already": "已由 {who} 确认 {when}",
        "closed": "该事件已结束。",
        "risen": "情况已升级或再次告警，请使用最新的通知确认。",
        "unknown-person": "值班表中没有此人，未确认。",
        "expired": "链接已过期，请使用最新的通知。",
        "forged": "链接无效。",
        "desk-step": "已记录完成。",
        "desk-receipt": "已收到回执，感谢。",
        "desk-roll": "已确认在岗。",
        "desk-step-button": "已完成",
        "desk-receipt-button": "收到，立即处置",
        "desk-roll-button": "本人在岗",
        "unpressed": "请选择一项并按其按钮。",
        "away": "暂时无法记录，请再试一次；如仍失败，请致电值班室。",
        "waiting": "已收到，尚待记录。请刷新本页查看。",
    },
    "en": {
        "title": "Crowd warning",
        "button": "I know, and I see to it",
        "hint": "Opening this page acknowledges nothing: press the button.",
        "acknowledged": "Acknowledged. Thank you.",
        "already": "Already acknowledged by {who} {when}",
        "closed": "This incident is closed.",
        "risen": "It has risen or come again since: acknowledge the newer page.",
        "unpressed": "Not acknowledged: open the link and press the button. 未确认，请打开链接并按按钮。",
        "unknown-person": "Nobody on the duty list is called so: not acknowledged.",
        "expired": "This link has expired: use the newest page. 链接已过期，请使用最新的通知。",
        "desk-step": "Ticked off. Thank you.",
        "desk-receipt": "Receipt recorded. Thank you.",
        "desk-roll": "Confirmed: you are at your post.",
        "desk-step-button": "Done",
        "desk-receipt-button": "Received, we see to it",
        "desk-roll-button": "I am at my post",
        "forged": "This is no link of this service. 链接无效。",
        "away": "It cannot be recorded now: try again, or call the duty room. 暂时无法记录，请重试或致电值班室。",
        "waiting": "Taken, and not recorded yet: open this page again to see.",
    },
}
#: What the button says. A telephone vendor's call-back that holds nothing is no press of it.
FIELD, PRESSED = "answer", "acknowledge"
#: Which of several things a press is for.
ASK = "ask"
STYLE = (
    "body{font:1.15rem/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1.2rem;"
    "color:#111;background:#fff}"
    "h1{font-size:1rem;color:#555;margin:0 0 1rem}p.text{white-space:pre-line;font-size:1.3rem;margin:0 0 1.4rem}"
    "button{font:inherit;font-weight:700;width:100%;padding:1.1rem;border:0;border-radius:.6rem;background:#b00020;"
    "color:#fff}button:focus{outline:4px solid #00639b}p.hint{color:#555;font-size:1rem}"
    "form+form{margin-top:.8rem}p.said{font-weight:700;font-size:1.3rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#111}h1,p.hint{color:#aaa}}"
)


@dataclass(frozen=True)
class Page:
    html: str
    status: int
    #: The same in a few words, to be read aloud.
    words: str


def button(language: str, text: str) -> Page:
    words = WORDS[language]
    body = (
        f'<form method="post"><input type="hidden" name="{FIELD}" value="{PRESSED}">'
        f'<button type="submit">{html.escape(words["button"])}</button></form>'
        f'<p class="hint">{html.escape(words["hint"])}</p>'
    )
    return Page(_whole(language, text, body), 200, words["button"])


def buttons(language: str, text: str, asks: Sequence[str], every: Sequence[str] = (), done: str = "") -> Page:
    """A button for each of `asks`, numbered as in the text among `every`; and what has just been done."""
    words, every = WORDS[language], every or asks
    body = f'<p class="said">{html.escape(words[done])}</p>' if done else ""
    for ask in asks:
        number = f"{list(every).index(ask) + 1}. " if len(every) > 1 else ""
        label = html.escape(number + words[f"desk-{ask.partition(':')[0]}-button"])
        body += (
            f'<form method="post"><input type="hidden" name="{FIELD}" value="{PRESSED}">'
            f'<input type="hidden" name="{ASK}" value="{html.escape(ask)}">'
            f'<button type="submit">{label}</button></form>'
        )
    body += f'<p class="hint">{html.escape(words["hint"])}</p>' if asks else ""
    return Page(_whole(language, text, body), 200, words[done] if done else words["button"])


def answered(language: str, text: str, who: str, when: str) -> Page:
    """Somebody has it in hand already."""
    said = WORDS[language]["already"].format(who=who or "?", when=when).strip()
    return Page(_whole(language, text, f'<p class="said">{html.escape(said)}</p>'), 200, said)


def message(language: str, text: str, status: int, reason: str = "", words: str = "") -> Page:
    said = WORDS[language].get(reason) or words or reason
    if reason == "already":
        said = words or said
    return Page(_whole(language, text, f'<p class="said">{html.escape(said)}</p>'), status, said)


def _whole(language: str, text: str, body: str) -> str:
    title = html.escape(WORDS[language]["title"])
    told = f'<p class="text">{html.escape(text)}</p>' if text else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{told}{body}</body></html>"
    )
