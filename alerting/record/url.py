"""Where the record is, as the settings of the service say."""

from __future__ import annotations

from alerting.settings import DEFAULT_RECORD_URL, ServiceSettings
from wire.secret import secret


def record_url(settings: ServiceSettings) -> str:
    """The URL of the record. SecretMissing where the variable or the file that should hold it does not."""
    kept = settings.record
    return secret("the record's URL", env=kept.url_from_env, file=kept.url_from_file) or kept.url or DEFAULT_RECORD_URL
