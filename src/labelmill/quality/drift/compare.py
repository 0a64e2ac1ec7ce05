"""A window beside the reference: three layers of signals, and what chance alone would do."""

from pathlib import Path

from labelmill.params.sections import DriftParams
from labelmill.quality.drift.findings import Findings
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows


def compare(reference: Reference, window: Rows, params: DriftParams, *, cache: Path | None = None) -> Findings:
    """Compare a window with the reference; what chance does is kept in the folder `cache`."""
    raise NotImplementedError
