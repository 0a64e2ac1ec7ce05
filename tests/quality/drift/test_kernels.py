import numpy as np
import pytest

from labelmill.quality.drift import kernels


def draw(m, k, *, rows=300):
    rng = np.random.default_rng(m * 10 + k)
    L = rng.integers(-1, k, (rows, m)).astype(np.int8)
    L[rng.random(L.shape) < 0.3] = -1
    return L


@pytest.mark.parametrize(("m", "k"), [(1, 2), (2, 2), (7, 2), (5, 3), (6, 5)])
def test_pairs_are_those_of_plain_counting(m, k):
    L = draw(m, k, rows=64 * kernels.WORDS + 77)
    votes, both, same = kernels.count_pairs(L, k)
    assert votes.tolist() == [[int((L[:, j] == label).sum()) for label in range(k)] for j in range(m)]
    for j in range(m):
        for other in range(j):
            assert both[j, other] == ((L[:, j] >= 0) & (L[:, other] >= 0)).sum()
            assert same[j, other] == ((L[:, j] >= 0) & (L[:, j] == L[:, other])).sum()


def by_hand(L, k):
    out = np.zeros((2, L.shape[1] + 1), int)
    for row in L:
        counts = np.bincount(row[row >= 0], minlength=k)
        out[0, -1] += counts.sum() == 0
        out[1, -1] += (counts > 0).sum() > 1
        for j, vote in enumerate(row):
            if vote < 0:
                continue
            others = counts - np.eye(k, dtype=int)[vote]
            top = np.flatnonzero(others == others.max())
            if others.max() > 0 and len(top) == 1:
                out[:, j] += 1, top[0] == vote
    return out


@pytest.mark.parametrize(("m", "k"), [(1, 2), (2, 2), (7, 2), (2, 3), (5, 3), (9, 5)])
def test_agreement_is_that_of_plain_counting(m, k):
    L = draw(m, k)
    assert (kernels.count_agreement(L, k) == by_hand(L, k)).all()
    if k == 2:
        assert (kernels.count_agreement_of_two(L) == by_hand(L, k)).all()
