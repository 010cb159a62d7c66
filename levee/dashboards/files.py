"""Every file that is made from code, as text: nothing here touches the disk."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from levee.dashboards.duty_room import duty_room
from levee.dashboards.fleet import fleet
from levee.dashboards.metrics_page import metrics_page
from levee.dashboards.service import service
from levee.dashboards.wire_page import wire_page
from wire.asyncapi import document


def made() -> dict[PurePosixPath, str]:
    """Path below the project's root → whole text of the file."""
    return {
        PurePosixPath("configs/grafana/dashboards/duty-room.json"): _json(duty_room()),
        PurePosixPath("configs/grafana/dashboards/fleet.json"): _json(fleet()),
        PurePosixPath("configs/grafana/dashboards/service.json"): _json(service()),
        PurePosixPath("docs/asyncapi.json"): _json(document()),
        PurePosixPath("docs/metrics.md"): metrics_page(),
        PurePosixPath("docs/wire.md"): wire_page(),
    }


def _json(model: dict[str, Any]) -> str:
    return json.dumps(model, indent=2, ensure_ascii=False) + "\n"
