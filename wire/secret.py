"""Secrets come from the environment or from a file; what goes wrong names the place, never the content."""

from __future__ import annotations

import os
from pathlib import Path


class SecretMissing(ValueError):
    """The variable or the file that should hold a secret does not."""


def secret(what: str, *, env: str | None, file: str | None) -> str | None:
    """The secret called `what` from where it is kept; None where neither place is named."""
    if env is not None:
        value = os.environ.get(env, "").strip()
        if not value:
            raise SecretMissing(f"{what}: the environment variable {env} is not set or is empty")
        return value
    if file is None:
        return None
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SecretMissing(f"{what}: the file {file} cannot be read: {reason}") from None
    if not value:
        raise SecretMissing(f"{what}: the file {file} is empty")
    return value
