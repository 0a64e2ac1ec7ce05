"""What the difference between a window and the reference means."""

from collections.abc import Sequence

from labelmill.params.sections import DriftParams
from labelmill.quality.drift.findings import Diagnosis, Findings
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows


def diagnose(
    reference: Reference, window: Rows, findings: Findings, *, params: DriftParams, history: Sequence[Findings]
) -> list[Diagnosis]:
    """What happened, most urgent first; `history` has the findings of earlier windows, oldest first."""
    raise NotImplementedError
