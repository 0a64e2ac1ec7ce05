"""The vote that every label model is measured against."""

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Gold, Probs
from labelmill.label_model import checks
from labelmill.label_model.base import LabelModel
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.posteriors import spread

_NOTHING = 1e-12
"""The share of a class that nobody voted for: not quite 0, so that its log-odds are a number."""


class MajorityVote(LabelModel):
    """Every vote counts the same; the probability of a class is its share of the row's votes.

    Tied classes are equally likely, and `predict` decides for none of them. The class balance does not
    change a covered row, and gold only how sure it is. The accuracies of `lf_summary_` are the agreement
    with the votes of all, a labeling function's own vote among them.

    Parameters
    ----------
    cardinality
        Number of classes, k.
    class_balance
        k shares that sum to 1, given to uncovered rows; uniform if absent.

    Examples
    --------
    >>> import numpy as np
    >>> L = np.array([[1, 1, 0], [0, -1, 0], [1, -1, 0], [-1, -1, -1]])
    >>> model = MajorityVote(cardinality=2).fit(L)
    >>> model.predict(L)
    array([ 1,  0, -1, -1])
    >>> model.predict_proba(L).round(2)
    array([[0.33, 0.67],
           [1.  , 0.  ],
           [0.5 , 0.5 ],
           [0.5 , 0.5 ]])
    """

    def __init__(self, *, cardinality: int, class_balance: checks.GivenBalance = None) -> None:
        self.cardinality = cardinality
        self.class_balance = class_balance

    def _fit(self, votes: EncodedVotes, gold: Gold | None) -> None:
        """Nothing to learn."""

    def _log_likelihood(self, votes: EncodedVotes) -> Probs:
        share = votes.tally(np.ones(votes.n_lfs)) / np.maximum(votes.per_row, 1)[:, None]
        # Minus the balance, since the posterior puts it in.
        return np.log(np.maximum(share, _NOTHING)) - np.log(self.class_balance_)

    def _contributions(self, votes: EncodedVotes) -> NDArray[np.float64]:
        """What lifts a class from no share to its own, in equal parts from those who voted for it."""
        rows, classes = votes.rows_of_codes, votes.codes % votes.cardinality
        tally, size = votes.tally(np.ones(votes.n_lfs)), votes.per_row[rows]
        balance = np.log(self.class_balance_) - np.log(self.class_balance_).mean()
        of_codes = np.tile(-balance, (len(rows), 1)) / size[:, None]
        count = tally[rows, classes]
        of_codes[np.arange(len(rows)), classes] += (np.log(count / size) - np.log(_NOTHING)) / count
        return spread(votes, of_codes)
