"""Labeling functions made of others."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from labelmill.labeling.column import Column
from labelmill.labeling.functions import LabelingFunction, Origin
from labelmill.labeling.upkeep import Upkeep


class CompositeLF(LabelingFunction):
    """A labeling function whose votes follow from those of its parts.

    Attributes
    ----------
    parts
        The labeling functions that it is made of.
    """

    def __init__(self, name: str, origin: Origin, parts: Sequence[LabelingFunction], upkeep: Upkeep) -> None:
        super().__init__(name, origin, upkeep)
        self.parts = tuple(parts)
        self.columns = tuple(dict.fromkeys(name for part in parts for name in part.columns))
        self.resources = tuple(dict.fromkeys(file for part in parts for file in part.resources))

    @abstractmethod
    def combine(self, columns: Sequence[Column]) -> Column:
        """Its votes, from what each part said of the same rows."""

    def __call__(self, row: Any) -> int:
        """Vote on one row."""
        said = [Column(np.array([part(row)], dtype=np.int8)) for part in self.parts]
        return int(self.combine(said).votes[0])
