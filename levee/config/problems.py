"""What is wrong with a settings file: where, which setting, and one sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: User and password in an address: `rtsp://user:password@host` is shown as `rtsp://***@host`. Greedy, because a
#: password may itself hold an `@` or a `/`.
_CREDENTIALS = re.compile(r"(?<=://)\S*@")


def redacted(text: str) -> str:
    """`text` on one line and without the credentials of any address in it."""
    return _CREDENTIALS.sub("***@", " ".join(text.split()))


@dataclass(frozen=True)
class Problem:
    """One fault. `line` and `column` count from 1 and are absent for the file as a whole; `setting` reads like
    `zones[2].polygon`."""

    file: Path
    message: str
    line: int | None = None
    column: int | None = None
    setting: str = ""
    #: A warning does not keep the file from being used.
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else str(self.file)
        kind = "warning: " if self.warning else ""
        named = f"{self.setting}: " if self.setting else ""
        return redacted(f"{place}: {kind}{named}{self.message}")


class ConfigRefused(ValueError):
    """A settings file that cannot be used; `problems` holds every fault that was found, in the order of the lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda found: (str(found.file), found.line or 0)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
