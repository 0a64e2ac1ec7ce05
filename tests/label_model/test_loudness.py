import numpy as np
import pytest

from labelmill.label_model import joint, loudness
from labelmill.label_model.cliques import Cliques
from labelmill.label_model.encoding import encode


def test_the_variance_seen_is_that_of_the_number_of_votes_less_what_may_be_chance():
    L = np.where(np.random.default_rng(0).random((5000, 8)) < 0.3, 1, -1).astype(np.int8)
    count = (L >= 0).sum(axis=1)
    seen = loudness.seen(encode(L, 2), np.ones(8))
    assert seen == pytest.approx(count.var() / (1 + 4 * np.sqrt(2 / 5000)))
    assert loudness.seen(encode(L, 2), np.full(8, 0.5)) == pytest.approx(seen / 4)


@pytest.mark.parametrize("together", [False, True])
def test_the_variance_that_tables_explain_is_that_of_votes_drawn_from_them(together):
    rng = np.random.default_rng(1)
    n, balance = 200_000, np.array([0.7, 0.3])
    truth = rng.choice(2, n, p=balance)
    abstains = np.array([[0.9, 0.4], [0.5, 0.7], [0.8, 0.2], [0.6, 0.6]])
    L = np.where(rng.random((n, 4)) < abstains[:, truth].T, -1, 1)
    groups = Cliques((), 2)
    if together:  # the last fires where the first does, given the truth
        L[:, 3] = np.where(truth == 0, L[:, 0], L[:, 3])
        abstains[3, 0] = abstains[0, 0]
        groups = Cliques(((0, 3),), 2)
    cells = np.ravel_multi_index(tuple(L[:, [0, 3]].T + 1), (3, 3))
    counted = np.stack([np.bincount(cells[truth == y], minlength=9) / (truth == y).sum() for y in (0, 1)], axis=1)
    joints = counted if together else joint.independent(groups, np.empty((4, 3, 2)))
    told = loudness.explained(abstains, np.ones(4), balance, groups, joints)
    assert told == pytest.approx((L >= 0).sum(axis=1).var(), rel=0.02)
