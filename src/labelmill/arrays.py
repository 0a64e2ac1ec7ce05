"""The arrays that pass between the parts of labelmill, and what their values mean.

n rows, m labeling functions, k classes numbered 0 to k-1.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

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


@dataclass(frozen=True)
class Votes:
    """Votes of which some are soft: a distribution over the classes, or a set of classes ("one of these").

    Examples
    --------
    The second labeling function says of row 0 that it is class 1 or 2, and of row 1 that it is 0, most likely.

    >>> import numpy as np
    >>> import pandas as pd
    >>> L = np.array([[0, 1], [-1, 0]], dtype=np.int8)
    >>> rows = [(0, 1, 1, 0.5), (0, 1, 2, 0.5), (1, 1, 0, 0.8), (1, 1, 2, 0.2)]
    >>> votes = Votes(L, pd.DataFrame(rows, columns=["row", "lf", "class", "weight"]))
    """

    L: Any
    """The hard votes: where a vote is soft, its heaviest class."""
    soft: "pd.DataFrame | None" = None
    """`row` (position), `lf` (name or position), `class`, `weight` above 0; the weights of one vote sum to 1."""
