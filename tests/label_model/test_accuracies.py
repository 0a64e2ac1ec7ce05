import numpy as np
import pytest

from labelmill.label_model import accuracies, make
from labelmill.label_model.encoding import encode


@pytest.mark.parametrize("kind", ["auto", "generative", "anchored_precision", "matrix_completion", "triplets"])
@pytest.mark.parametrize("unipolar", [False, True])
def test_intervals_hold_the_truth_that_nobody_told(kind, unipolar, stress):
    held = []
    for seed in range(4):
        sample = stress.independent(unipolar=unipolar, n=10_000, seed=seed)
        found = make(kind, cardinality=2).fit(sample.L).lf_summary_
        truth = sample.world.accuracies
        held += [*((found["Est. Acc. Low"] <= truth) & (truth <= found["Est. Acc. High"]))]
    assert np.mean(held) >= 0.8  # 12 labeling functions a set; as if the truth were known, it would be .3 to .8


def test_votes_whose_truth_is_certain_are_worth_all_and_guesses_nothing():
    votes = encode(np.array([[0, 1], [1, 1], [0, -1], [1, 0]], dtype=np.int8), 2)
    count = votes.per_lf.sum(axis=1)
    certain = np.eye(2)[[0, 1, 0, 1]]
    assert (accuracies.told(count, np.array([0.9, 0.6]), accuracies.doubt(votes, certain)) == count).all()
    guesses = np.full((4, 2), 0.5)
    assert (accuracies.told(count, np.array([0.5, 0.5]), accuracies.doubt(votes, guesses)) == 0).all()
