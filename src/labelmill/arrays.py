"""The arrays that pass between the parts of labelmill, and what their values mean.

n rows, m labeling functions, k classes numbered 0 to k-1.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

ABSTAIN: Final = -1
"""The vote of a labeling function that has nothing to say about a row."""

UNKNOWN: Final = -1
"""The gold label of a row that nobody has labeled, and the prediction of an undecided row."""

LabelMatrix: TypeAlias = NDArray[np.int8]
"""`L`, n x m: the vote of each labeling function on each row, a class or `ABSTAIN`."""

Probs: TypeAlias = NDArray[np.float64]
"""n x k: the probability of each class for each row; rows sum to 1."""

Preds: TypeAlias = NDArray[np.int64]
"""n: the predicted class of each row, -1 where undecided."""

Gold: TypeAlias = NDArray[np.int64]
"""n: the true class of each row, -1 where unknown."""
