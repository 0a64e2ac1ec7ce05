"""Prefect flows: when things run, what is retried, whom to tell; never what is computed."""

import os

# The one thing that happens on import here: Prefect phones home while it is imported.
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
