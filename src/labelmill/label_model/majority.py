"""The vote that every label model is measured against."""

from collections.abc import Sequence

import numpy as np

from labelmill.arrays import Gold, Probs
from labelmill.label_model.base import LabelModel
from labelmill.label_model.votes import Votes


class MajorityVote(LabelModel):
    """Every vote counts the same; the probability of a class is its share of the row's votes.

    Tied classes are equally likely, and `predict` decides for none of them. Neither the class balance
    nor gold changes a covered row. The accuracies of `lf_summary_` are the agreement with the votes of
    all, a labeling function's own vote among them.

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

    def __init__(self, *, cardinality: int, class_balance: Sequence[float] | None = None) -> None:
        self.cardinality = cardinality
        self.class_balance = class_balance

    def _fit(self, votes: Votes, gold: Gold | None) -> None:
        """Nothing to learn."""

    def _log_likelihood(self, votes: Votes) -> Probs:
        tally = votes.tally(np.ones(votes.n_lfs))
        with np.errstate(divide="ignore"):
            share = np.log(tally) - np.log(np.maximum(votes.per_row, 1))[:, None]
        return share - np.log(self.class_balance_)  # takes out the balance that the posterior puts in
