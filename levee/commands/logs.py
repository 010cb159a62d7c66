"""Where the log goes: lines on stderr, so that stdout stays free for what was asked for."""

from __future__ import annotations

import logging
import os
import time


def log_to_stderr() -> None:
    """Lines like `2014-12-31T15:22:05Z INFO edge.worker: ...`; LEVEE_LOG sets the level (default INFO)."""
    level = logging.getLevelName(os.environ.get("LEVEE_LOG", "INFO").upper())
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level if isinstance(level, int) else logging.INFO, handlers=[handler], force=True)
