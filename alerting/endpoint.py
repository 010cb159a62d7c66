"""Where the service's own end point listens, as it stands in the settings."""

from __future__ import annotations

from typing import Annotated

import msgspec

from alerting.channels import Text


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where /metrics, /state and /healthz are served."""

    host: Annotated[Text, msgspec.Meta(title="Address", description="Address that the end point listens at.")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int, msgspec.Meta(title="Port", description="TCP port of the end point; 0 turns it off.", ge=0, le=65_535)
    ] = 9109
