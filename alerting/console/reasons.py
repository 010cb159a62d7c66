"""Why a tier is what it is, in Chinese. The service tells its reasons in English (`alerting.assess`), phrase by phrase;
what is not known here stays as it was told, because a reason that is not understood is better than none.
"""

from __future__ import annotations

import re
from functools import lru_cache

TIERS = {"normal": "正常", "blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}
_TIER = "(normal|blue|yellow|orange|red)"
_N = r"(-?\d[\d.e+-]*\d|\d)"
#: Phrases of the judgement, longer ones first. `{t}` stands for the tier that the first word in brackets names.
_PHRASES: tuple[tuple[str, str], ...] = (
    (rf"forecast of density {_N} \({_N} to {_N}\) persons/m² in {_N} min", r"预测 \4 分钟后最密处 \1（\2–\3）人/m²"),
    (rf"forecast of capacity {_N} \({_N} to {_N}\) people in {_N} min", r"预测 \4 分钟后 \1（\2–\3）人"),
    (rf"forecast of capacity {_N} \({_N} to {_N}\) inside in {_N} min", r"预测 \4 分钟后场内 \1（\2–\3）人"),
    (rf"{_TIER}, from {_N}, is {_N}% likely by then", r"届时达到\1（≥\2）的可能性 \3%"),
    (rf"density {_N} persons/m² in the worst cell over {_N} s", r"最密处 \1 人/m²（\2 秒均值）"),
    (rf"density {_N} persons/m² under {_N}", r"最密处 \1 人/m²，低于 \2"),
    (rf"capacity {_N} people over {_N} s, {_N}% of {_N}", r"人数 \1（\2 秒均值），为容量 \4 的 \3%"),
    (rf"capacity {_N} inside since (.+?), {_N}% of {_N}", r"自“\2”起场内 \1 人，为容量 \4 的 \3%"),
    (rf"{_N} people under {_N}", r"\1 人，低于 \2"),
    (rf"{_N} inside under {_N}", r"场内 \1 人，低于 \2"),
    (rf"density\.{_TIER} from {_N} to {_N}", r"\1阈值由 \2 改为 \3"),
    (rf"capacity from {_N} to {_N}", r"容量由 \1 改为 \2"),
    (rf"{_TIER} from {_N} %", r"\1 ≥ \2%"),
    (rf"{_TIER} from {_N}", r"\1 ≥ \2"),
    (rf"stall: no quicker than {_N} m/s for {_N} s", r"停滞：\2 秒内速度不超过 \1 m/s"),
    (rf"counterflow: {_N}% or more walk against the others for {_N} s", r"对冲：\2 秒内 \1% 以上的人逆行"),
    (rf"pressure: {_N} 1/s² or more for {_N} s", r"人群压力：\2 秒内不低于 \1 1/s²"),
    (
        rf"outflow: under {_N} persons/m/s get out, and more come in, for {_N} s",
        r"疏散不足：\2 秒内流出低于 \1 人/m/s，且流入更多",
    ),
    (rf", at {_TIER} by density", r"，密度为\1"),
    (rf", at {_TIER}\b", r"，当前\1"),
    (
        rf"neighbour (\S+) is emptying: about {_N} people on their way, {_N} persons/m² in the worst cell when they "
        rf"arrive in {_N} s",
        r"相邻区域 \1 正在散场：约 \2 人将在 \4 秒后到达，届时最密处 \3 人/m²",
    ),
    (rf"fall after {_N} s below {_N}% of {_TIER}", r"低于\3阈值的 \2% 持续 \1 秒后回落"),
    (rf"unknown ended after {_N} s", r"看不见 \1 秒后恢复"),
    (rf"unknown: no word of its gates for more than {_N} s", r"看不见：闸机超过 \1 秒无数据"),
    (rf"unknown: no reading for more than {_N} s", r"看不见：超过 \1 秒无读数"),
    (r"unknown: no reading yet", "看不见：尚无读数"),
    (r"uncalibrated: neither a density nor a capacity to judge by", "未标定：没有密度也没有容量可供研判"),
    (rf"; for {_N} s, {_TIER} is held", r"；已 \1 秒，保持\2"),
    (r"unknown: ", "看不见："),
    (r"upper bound: ", "按上限："),
    (r"settings changed by somebody who is not named", "阈值由未具名者更改"),
    (r"settings changed by (\S+)", r"阈值由 \1 更改"),
)
#: Single words, of cameras and readings.
_WORDS = {
    "dark": "过暗",
    "blocked": "遮挡",
    "frozen": "画面冻结",
    "stalled": "停滞",
    "moved": "镜头移动",
    "off": "关闭",
    "saturated": "饱和",
    "blurred": "模糊",
    "unlike-trained": "画面异常",
    "uncalibrated": "未标定",
}
_phrases = tuple((re.compile(pattern, re.ASCII), words) for pattern, words in _PHRASES)
#: Chinese letters are no part of a word here.
_tier = re.compile(r"\b(normal|blue|yellow|orange|red)\b", re.ASCII)
_word = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, _WORDS)) + r")(?![\w-])", re.ASCII)


@lru_cache(maxsize=4096)
def in_chinese(why: str) -> str:
    """`why` with every phrase that is known in Chinese."""
    # What a person wrote stands in brackets after his or her name, and stays as it was written.
    written = re.search(r"settings changed by .+? (\(.*\)): ", why)
    told = why.replace(written.group(1), "\x00", 1) if written is not None else why
    for pattern, words in _phrases:
        told = pattern.sub(words, told)
    told = _word.sub(lambda found: _WORDS[found.group(1)], _tier.sub(lambda found: TIERS[found.group(1)], told))
    told = told.replace("; ", "；").replace(", ", "，").replace(": ", "：")
    return told.replace("\x00", written.group(1), 1) if written is not None else told


def reason(why: str, language: str) -> str:
    return in_chinese(why) if language == "zh" else why
