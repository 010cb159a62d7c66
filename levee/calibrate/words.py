"""The sentences of refusals in Chinese, and the kinds of zones in both languages.

The rooms below speak English in files and logs; on the page the same sentence is said in the reader's language.
"""

# ruff: noqa: E501  (a pattern and what is said for it stand on one line)
from __future__ import annotations

import re

from alerting.assess.rules import ZoneKind

_KINDS = {
    ZoneKind.FLAT: ("Open ground", "平地"),
    ZoneKind.STEPS: ("Steps or a ramp", "台阶、坡道"),
    ZoneKind.STANDING_AUDIENCE: ("Standing audience", "站立观众区"),
    ZoneKind.PLATFORM: ("Platform", "站台"),
    ZoneKind.QUEUE: ("Queue", "排队区"),
}

#: English pattern, and what is said for it.
_CHINESE = [
    (r"(\d+) more ground points? with metres needed", r"还需要 \1 个填好坐标（米）的地面点"),
    (r"(\d+) more ground points? needed", r"还需要 \1 个地面点"),
    (r"(\d+) more distances? needed", r"还需要 \1 段距离"),
    (r"stairs (\d+): give foot and head, two places or more", r"台阶 \1：请给出最低处和最高处，至少两个位置"),
    (r"four ground points or more are needed, not (\d+)", r"至少需要四个地面点，现在只有 \1 个"),
    (r"points (.+) and (\d+) lie on one line in the picture: .*", r"点 \1 和点 \2 在画面中位于一条直线上：请把其中一点移开"),
    (r"points (.+) and (\d+) lie on one line on the ground: .*", r"点 \1 和点 \2 在地面上位于一条直线上：请把其中一点移开"),
    (r"points (\d+) and (\d+) are the same place in the picture", r"点 \1 和点 \2 在画面中是同一位置"),
    (r"points (\d+) and (\d+) are the same place on the ground", r"点 \1 和点 \2 在地面上是同一位置"),
    (r"point (\d+) \(pixel .*\) lies outside the picture of (.+)", r"点 \1 在画面（\2）之外"),
    (r"point (\d+) lies more than 100 km from the origin.*", r"点 \1 距原点超过 100 公里：请使用米"),
    (r"the ground points are mirrored.*", r"地面点左右颠倒：从上方看，y 轴应在 x 轴左侧（交换 x 与 y，或改变其中一个的正负号）"),
    (r"the ground points are crossed: points (\d+) and (\d+) seem to be exchanged", r"地面点交叉：点 \1 和点 \2 似乎对调了"),
    (r"the ground points are crossed: point (\d+) lies on the wrong side of the others", r"地面点交叉：点 \1 在其他点的错误一侧"),
    (
        r"the ground points do not fit one view: residual ([\d.]+) m \(limit ([\d.]+) m\), point (\d+) is off by ([\d.]+) m",
        r"地面点不属于同一视角：残差 \1 米（上限 \2 米），点 \3 偏差 \4 米",
    ),
    (
        r"the measured points do not fit the mount: residual ([\d.]+|inf|nan) m \(limit ([\d.]+) m\), point (\d+) .*",
        r"实测点与安装参数不符：残差 \1 米（上限 \2 米），请检查点 \3",
    ),
    (r"the points do not lie on one plane: point (\d+) is ([\d.]+) m above or below it.*", r"各点不在同一平面上：点 \1 高出或低于平面 \2 米"),
    (r"point (\d+) would lie behind the camera.*", r"点 \1 会落在摄像机背后：这些点不属于同一视角"),
    (r"the ground points do not fix a view of the ground", r"这些地面点无法确定视角：请分散取点"),
    (r"the points do not tell the focal length.*", r"这些点无法确定焦距：请填写焦距，或增加近处与远处的点"),
    (r"no camera above the ground sees the ground points like that", r"地面上方没有任何摄像机会这样看到这些点"),
    (r"no camera above level ground sees these points: is one of them in the sky\?", r"平地上方没有任何摄像机会这样看到这些点：是否有点落在天空中？"),
    (r"(\d+) distances or more are needed, not (\d+)", r"至少需要 \1 段距离，现在只有 \2 段"),
    (r"distance (\d+) must join two different points", r"距离 \1 必须连接两个不同的点"),
    (r"distance (\d+): ([\d.e+-]+) m cannot be measured", r"距离 \1：\2 米不合理"),
    (r"the distances must join four points or more", r"这些距离必须连接至少四个点"),
    (r"a height of (.+) cannot be: (.+) to (.+)", r"高度 \1 不合理：应在 \2 到 \3 之间"),
    (r"a tilt of (.+) cannot be: (.+) to (.+)", r"俯角 \1 不合理：应在 \2 到 \3 之间"),
    (r"a roll of (.+) cannot be: (.+) to (.+)", r"侧倾 \1 不合理：应在 \2 到 \3 之间"),
    (r"a field of view of (.+) cannot be: (.+) to (.+)", r"视场角 \1 不合理：应在 \2 到 \3 之间"),
    (r"(?:corner|end) (\d+) lies at or above the horizon: .*", r"第 \1 个角点位于地平线上或其上方：那里没有地面，请画低一些"),
    (r"corner (\d+) \(.*\) lies beyond the horizon or behind the camera", r"第 \1 个角点越过地平线，或在摄像机背后"),
    (r"an end of the line lies beyond the horizon or behind the camera", r"出入口的一端越过地平线，或在摄像机背后"),
    (r"the polygon crosses itself: its edges (.+) and (.+) meet", r"区域边界自相交叉：第 \1 边与第 \2 边相交"),
    (r"an area of (.+) m² cannot be: (.+) to (.+) m² are watched by one camera", r"面积 \1 平方米不合理：一台摄像机可看 \2 到 \3 平方米"),
    (r"a gate (.+) m wide cannot be: (.+) to (.+) m are watched by one camera", r"出入口宽 \1 米不合理：应在 \2 到 \3 米之间"),
    (r"(\d+)% of the zone lies outside the picture of (.+): heads at corner (\d+) .*", r"区域有 \1% 在画面（\2）之外：第 \3 个角点处的人头看不到"),
    (r"(\d+)% of the line lies outside the picture of (.+): heads at end (\d+) .*", r"出入口有 \1% 在画面（\2）之外：第 \3 端的人头看不到"),
    (r"corners (\d+) and (\d+) are the same place", r"第 \1 与第 \2 个角点是同一位置"),
    (r"distortion .* folds the picture over before its corners", r"畸变过大：画面在角落之前就折叠了"),
    (r"straight line (\d+) stays bent by ([\d.]+) px under any lens: .*", r"第 \1 条直边在任何镜头下都弯曲 \2 像素：现实中它是直的吗？"),
    (r"straight line (\d+) is too short to show a bend.*", r"第 \1 条直边太短：请取横跨画面的边"),
    (r"straight line (\d+) has (\d+) points.*", r"第 \1 条直边只有 \2 个点：至少需要三个"),
    (r"elevation (\d+): (.*)", r"台阶 \1：\2"),
    (r"zone (\S*): a zone needs three corners", r"区域 \1：至少需要三个角点"),
    (r"gate (\S*): a gate needs two ends", r"出入口 \1：需要两个端点"),
    (r"gate (\S*): it must lead from one place into another", r"出入口 \1：必须从一处通向另一处（入口侧与出口侧不能相同）"),
    (r"there is no zone yet: draw one", r"还没有区域：请画一个"),
]  # fmt: skip
_PATTERNS = [(re.compile(english), chinese) for english, chinese in _CHINESE]


def kinds() -> list[dict[str, str]]:
    """Kinds of zones by their word in the settings, and what a person calls them."""
    return [{"name": kind.value, "en": _KINDS[kind][0], "zh": _KINDS[kind][1]} for kind in ZoneKind]


def said(line: str, language: str) -> str:
    """The sentence in `language` (`en`, `zh`); in English where it is not known in the other."""
    if language != "zh":
        return line
    for prefix in (r"", r"((?:zone|gate) \S+): "):
        start = re.match(prefix, line)
        if start is None:
            continue
        for pattern, chinese in _PATTERNS:
            found = pattern.fullmatch(line[start.end() :])
            if found is not None:
                lead = start.group(1).replace("zone", "区域").replace("gate", "出入口") + "：" if prefix else ""
                return lead + found.expand(chinese)
    return line
