"""How long a labeling function may take and how much it may hold, where worker processes guard it."""

import math
from dataclasses import dataclass, fields

from labelmill.errors import LFError

OVER_TIME = "TimeLimitExceeded"
DIED = "ProcessDied"
STOPPED = "Stopped"

BY_LIMITS = frozenset({OVER_TIME, DIED, STOPPED, MemoryError.__name__})
"""Failures that may be none on another machine or under other limits."""


@dataclass(frozen=True)
class Limits:
    """What one labeling function may use before its worker process is ended.

    Attributes
    ----------
    row_s
        Seconds for one row.
    batch_s
        Seconds for one call that gets many rows, and for the first call of each function in a process, which may
        load a model.
    memory_mb
        Megabytes that a worker may take beyond what it starts with (Linux alone holds to it).
    killed_rows
        Rows that may end the process or run out of time before the function is not called any more.
    """

    row_s: float = 1.0
    batch_s: float = 60.0
    memory_mb: int = 2048
    killed_rows: int = 5

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise LFError(f"limits: {name} must be a number above 0, found {value!r}.")

    def of_call(self, rows: int) -> float:
        """Seconds for a call that gets that many rows."""
        return max(self.row_s, min(self.batch_s, self.row_s * rows))

    def of_first_call(self) -> float:
        """Seconds for the first call of a function in a process."""
        return max(self.row_s, self.batch_s)

    def poll_s(self) -> float:
        """How often to look: often enough for the shortest limit, too seldom to cost anything."""
        return min(0.05, max(0.005, self.row_s / 4)) if math.isfinite(self.row_s) else 0.05
