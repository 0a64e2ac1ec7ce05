"""Whether new rows are still like those that training saw: in three layers, and what that means.

`rows` is what is known of some rows, `findings` what a comparison tells. `Reference` keeps what training saw,
`compare` sets a window beside it, `diagnose` says what the difference means.
"""

from labelmill.quality.drift.compare import compare
from labelmill.quality.drift.diagnose import diagnose
from labelmill.quality.drift.findings import Diagnosis, Estimate, Findings, LayerFindings, Signal, Told
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows, Schema

__all__ = [
    "Diagnosis",
    "Estimate",
    "Findings",
    "LayerFindings",
    "Reference",
    "Rows",
    "Schema",
    "Signal",
    "Told",
    "compare",
    "diagnose",
]
