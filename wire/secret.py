"""Secrets come from the environment or from a file; what goes wrong names the place, never the content."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class SecretMissing(ValueError):
    """The variable or the file that should hold a secret does not, or holds it out for everybody to read."""


def secret(what: str, *, env: str | None, file: str | None) -> str | None:
    """The secret called `what` from where it is kept; None where neither place is named."""
    if env is not None:
        value = os.environ.get(env, "").strip()
        if not value:
            raise SecretMissing(f"{what}: the environment variable {env} is not set or is empty")
        return value
    if file is None:
        return None
    fault = open_to_all(Path(file))
    if fault:
        raise SecretMissing(f"{what}: {fault}")
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SecretMissing(f"{what}: the file {file} cannot be read: {reason}") from None
    if not value:
        raise SecretMissing(f"{what}: the file {file} is empty")
    return value


def open_to_all(path: Path) -> str:
    """Why the file cannot keep a secret on this machine: every user may read or change it. Empty where it can, or
    where there is no such file. A group may read it: that is how a service's own user is let in."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ""
    if not mode & (stat.S_IROTH | stat.S_IWOTH):
        return ""
    return f"the file {path} is open to every user of this machine (mode {mode:04o}): chmod o= {path}"
