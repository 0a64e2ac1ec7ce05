import numpy as np
import pytest

from labelmill.label_model import free_balance
from labelmill.label_model.encoding import encode
from labelmill.label_model.posteriors import leaders


@pytest.mark.parametrize("share", [0.5, 0.3, 0.1])
def test_voters_show_how_frequent_classes_are(make_votes, share):
    L, truth = make_votes(0, 6000, [0.9, 0.8, 0.75, 0.7, 0.85, 0.65], coverage=0.6, balance=[1 - share, share])
    votes = encode(L, 2)
    votes, truth = votes.rows(votes.covered), truth[votes.covered]
    mass = free_balance.masses(votes, leaders(votes.tally(np.ones(6))), np.ones(6))
    assert mass.sum() == pytest.approx(votes.n_rows)
    assert np.abs(mass / mass.sum() - np.bincount(truth) / len(truth)).max() < 0.03
