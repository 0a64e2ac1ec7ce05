"""No dependency phones home unless its user says so."""

import os
from typing import Final

OFF: Final = {
    "DO_NOT_TRACK": "true",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
"""Environment variables that switch off the telemetry of every dependency."""


def switch_off() -> None:
    """Set them, except where the user has set them already; call it before the first heavy import."""
    for name, value in OFF.items():
        os.environ.setdefault(name, value)
