"""Reasons in Chinese: what the judgement says is told whole, and nothing is lost or made up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.console.reasons import in_chinese, reason

SAID = [
    ("density 3.53 persons/m² in the worst cell over 12 s, red from 3.5", "最密处 3.53 人/m²（12 秒均值），红色 ≥ 3.5"),
    (
        "density 2.05 persons/m² in the worst cell over 60 s, blue from 2 (upper bound: dark, saturated)",
        "最密处 2.05 人/m²（60 秒均值），蓝色 ≥ 2 (按上限：过暗，饱和)",
    ),
    (
        "capacity 380 people over 60 s, 95% of 400, orange from 90 %",
        "人数 380（60 秒均值），为容量 400 的 95%，橙色 ≥ 90%",
    ),
    (
        "capacity 380 inside since doors open, 95% of 400, orange from 90 %",
        "自“doors open”起场内 380 人，为容量 400 的 95%，橙色 ≥ 90%",
    ),
    ("stall: no quicker than 0.2 m/s for 30 s, at yellow by density", "停滞：30 秒内速度不超过 0.2 m/s，密度为黄色"),
    ("counterflow: 20% or more walk against the others for 20 s, at blue", "对冲：20 秒内 20% 以上的人逆行，当前蓝色"),
    ("pressure: 0.02 1/s² or more for 20 s, at orange", "人群压力：20 秒内不低于 0.02 1/s²，当前橙色"),
    (
        "outflow: under 0.8 persons/m/s get out, and more come in, for 60 s, at yellow",
        "疏散不足：60 秒内流出低于 0.8 人/m/s，且流入更多，当前黄色",
    ),
    (
        "neighbour square is emptying: about 900 people on their way, 3.2 persons/m² in the worst cell when they "
        "arrive in 60 s",
        "相邻区域 square 正在散场：约 900 人将在 60 秒后到达，届时最密处 3.2 人/m²",
    ),
    (
        "forecast of density 4.1 (3.2 to 5.0) persons/m² in 15 min; orange, from 4, is 83% likely by then",
        "预测 15 分钟后最密处 4.1（3.2–5.0）人/m²；届时达到橙色（≥4）的可能性 83%",
    ),
    (
        "fall after 180 s below 80% of red: density 2.10 persons/m² under 2.80, 90 people under 320",
        "低于红色阈值的 80% 持续 180 秒后回落：最密处 2.10 人/m²，低于 2.80，90 人，低于 320",
    ),
    ("unknown: no reading for more than 10 s; for 120 s, red is held", "看不见：超过 10 秒无读数；已 120 秒，保持红色"),
    ("unknown: dark", "看不见：过暗"),
    ("unknown: no reading yet", "看不见：尚无读数"),
    ("unknown ended after 45 s", "看不见 45 秒后恢复"),
    (
        "settings changed by li-wei (red from 5, they said: a fence): density.red from 5 to 4.5",
        "阈值由 li-wei 更改 (red from 5, they said: a fence)：红色阈值由 5 改为 4.5",
    ),
]


@pytest.mark.parametrize(("said", "wanted"), SAID)
def test_what_the_judgement_says(said: str, wanted: str) -> None:
    assert in_chinese(said) == wanted


@pytest.mark.parametrize(("said", "wanted"), SAID)
def test_no_figure_is_lost(said: str, wanted: str) -> None:
    figures = re.findall(r"\d+(?:\.\d+)?", said)
    assert sorted(re.findall(r"\d+(?:\.\d+)?", in_chinese(said))) == sorted(figures)


@given(st.text(max_size=400))
def test_anything_else_is_borne(said: str) -> None:
    in_chinese(said)
    assert reason(said, "en") == said
