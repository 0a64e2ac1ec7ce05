"""What drift looks at: some rows, their votes, and what the models make of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import Gold, LabelMatrix, Probs


@dataclass(frozen=True)
class Schema:
    """What the columns are; the same for the reference and every window.

    Attributes
    ----------
    text_columns
        Columns that hold the text of a row.
    classes
        Names of the k classes.
    lf_names
        Names of the m labeling functions, in the order of the columns of `Rows.L`.
    hidden_columns
        Columns of the frame that are not looked at.
    """

    text_columns: tuple[str, ...]
    classes: tuple[str, ...]
    lf_names: tuple[str, ...]
    hidden_columns: tuple[str, ...] = ()

    @property
    def cardinality(self) -> int:
        """Number of classes, k."""
        return len(self.classes)


@dataclass(frozen=True)
class Rows:
    """Some rows; the parts lie row beside row.

    Attributes
    ----------
    frame
        `id` and the data columns, as labeling functions see them.
    L
        n x m votes, -1 for abstain.
    probs
        n x k probabilities of the label model.
    scores
        n x k probabilities of the champion; a row of NaN where it was trained on the row or there is no champion.
    failed
        n x m, whether the labeling function failed on the row; None where none did.
    gold
        n true classes where known (dev rows, audited rows), -1 elsewhere; None where nothing is known.
    """

    frame: pd.DataFrame
    L: LabelMatrix
    probs: Probs
    scores: Probs
    failed: NDArray[np.bool_] | None = None
    gold: Gold | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def concat(cls, parts: Sequence["Rows"]) -> "Rows":
        """The rows of all parts, one after the other."""
        failed = [np.zeros(part.L.shape, bool) if part.failed is None else part.failed for part in parts]
        gold = [np.full(len(part), -1) if part.gold is None else part.gold for part in parts]
        return cls(
            pd.concat([part.frame for part in parts], ignore_index=True),
            np.concatenate([part.L for part in parts]),
            np.concatenate([part.probs for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate(failed),
            np.concatenate(gold),
        )
