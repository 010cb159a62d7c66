"""Asks the alerting service that leads for something, through its record, and waits for what comes of it."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

#: Seconds to wait for the service.
PATIENCE_S = 10.0


class AskedInVain(RuntimeError):
    """The service refused, or there is none: one line."""


def ask(config: Path, body: dict[str, object]) -> str:
    """The words that the service answers; AskedInVain, and whatever is wrong with the settings."""
    from levee.config.load import load_service

    service, _ = load_service(config)

    from alerting.record.reader import Reader
    from alerting.record.url import record_url

    reader = Reader(record_url(service))
    try:
        key = f"command-{secrets.token_hex(8)}"
        reader.ask(key, body)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            told = reader.asked(key)
            if told is not None and told.outcome not in ("", "erasing"):
                if told.outcome in ("done", "silenced", "ended", "acknowledged", "already"):
                    return told.words
                raise AskedInVain(told.words or told.outcome)
            time.sleep(0.1)
    finally:
        reader.close()
    raise AskedInVain(f"no service has taken it within {PATIENCE_S:g} s; one that starts later still does")
