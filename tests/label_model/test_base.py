import numpy as np
import pytest
import scipy.sparse as sp

from labelmill.label_model import AnchoredPrecision, MajorityVote, make

BALANCES = (None, (0.2, 0.5, 0.3))


@pytest.fixture
def votes(make_votes):
    L, _ = make_votes(4, 500, [0.9, 0.8, 0.75, 0.7, 0.6], coverage=0.35, cardinality=3)
    return L


@pytest.mark.parametrize("balance", BALANCES)
def test_rows_sum_to_one_and_uncovered_rows_get_the_class_balance(kind, votes, balance):
    model = make(kind, cardinality=3, class_balance=balance).fit(votes)
    probs, preds, covered = model.predict_proba(votes), model.predict(votes), model.covered(votes)
    assert probs.dtype == np.float64
    assert preds.dtype == np.int64
    assert np.allclose(probs.sum(axis=1), 1, atol=1e-12)
    assert (probs >= 0).all()
    assert 0 < covered.sum() < len(votes)
    assert (covered == (votes >= 0).any(axis=1)).all()
    assert (probs[~covered] == (np.full(3, 1 / 3) if balance is None else np.array(balance))).all()
    assert (preds[~covered] == -1).all()
    decided = preds >= 0
    assert (preds[decided] == probs[decided].argmax(axis=1)).all()


@pytest.mark.parametrize("balance", BALANCES)
def test_explanations_sum_to_the_log_odds(kind, votes, balance):
    model = make(kind, cardinality=3, class_balance=balance).fit(votes)
    parts = model.explain(votes)
    assert parts.shape == (*votes.shape, 3)
    assert (parts[votes < 0] == 0).all()
    probs = model.predict_proba(votes)
    gap = np.log(model.class_balance_) + parts.sum(axis=1) - np.log(probs)
    assert np.abs(gap - gap[:, :1]).max() < 1e-6


def test_a_vote_speaks_for_its_own_class(kind, votes):
    model = make(kind, cardinality=3).fit(votes)
    parts = model.explain(votes)
    rows, lfs = np.nonzero(votes >= 0)
    if kind != "dawid_skene":  # a worker who confuses two classes may speak more for the other
        assert (parts[rows, lfs].argmax(axis=1) == votes[rows, lfs]).mean() > 0.99


def test_dense_sparse_and_listed_votes_give_the_same(kind, votes):
    model = make(kind, cardinality=3).fit(votes)
    expected = model.predict_proba(votes)
    for form in (sp.csr_matrix(votes + 1), sp.coo_array(votes + 1), votes.astype(np.int64).tolist()):
        assert (make(kind, cardinality=3).fit(form).predict_proba(form) == expected).all()


def test_the_summary_has_a_row_per_labeling_function(kind, votes):
    summary = make(kind, cardinality=3).fit(votes, lf_names=list("abcde")).lf_summary_
    assert list(summary.index) == list("abcde")
    assert list(summary) == ["Votes", "Coverage", "Est. Acc.", "Est. Acc. Low", "Est. Acc. High", "Weight"]
    assert summary["Votes"].tolist() == (votes >= 0).sum(axis=0).tolist()
    assert summary["Coverage"].tolist() == pytest.approx((votes >= 0).mean(axis=0).tolist())
    assert (summary["Est. Acc. Low"] < summary["Est. Acc."]).all()
    assert (summary["Est. Acc."] < summary["Est. Acc. High"]).all()
    assert not summary.isna().any(axis=None)


def test_a_new_row_gets_the_same_answer_alone_as_among_others(kind, votes):
    model = make(kind, cardinality=3).fit(votes)
    among = model.predict_proba(votes)
    alone = np.vstack([model.predict_proba(votes[i : i + 1]) for i in range(40)])
    assert np.abs(alone - among[:40]).max() < 1e-12


CORNERS = {
    "no rows": np.zeros((0, 4), dtype=int),
    "all abstain": np.full((6, 4), -1),
    "one labeling function": np.array([[0], [1], [-1], [1]]),
    "two labeling functions": np.array([[0, 0], [1, 0], [-1, 1], [-1, -1]]),
    "one class": np.array([[1, 1, 1, -1], [1, -1, 1, 1], [-1, -1, -1, -1], [-1, 1, -1, 1]]),
    "one row": np.array([[0, 1, 1, -1]]),
    "one column abstains": np.array([[0, 1, 0, -1], [1, 1, 0, -1], [1, 0, 1, -1]] * 5),
    "a class that nobody votes for": np.array([[0, 1, 0, 1], [1, 1, 0, 0], [0, 0, -1, 0]] * 5),
}


@pytest.mark.parametrize("name", CORNERS)
def test_corner_cases_have_a_defined_result(kind, name):
    L = CORNERS[name]
    model = make(kind, cardinality=3).fit(L)
    probs, preds = model.predict_proba(L), model.predict(L)
    assert probs.shape == (len(L), 3)
    assert np.isfinite(probs).all()
    assert np.allclose(probs.sum(axis=1), 1)
    assert not model.lf_summary_.isna().any(axis=None)
    assert np.isfinite(model.explain(L)).all()
    if name in ("no rows", "all abstain"):
        assert "no labeling function voted on any row: every row is uncovered" in model.diagnostics_["warnings"]
        assert (preds == -1).all()
    elif kind == "majority_vote" or model.diagnostics_["fallback"]:
        tally = (L[:, :, None] == np.arange(3)).sum(axis=1)
        first = tally.max(axis=1)
        clear = ((tally == first[:, None]).sum(axis=1) == 1) & (first > 0)
        assert preds.tolist() == np.where(clear, tally.argmax(axis=1), -1).tolist()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("one labeling function", "1 labeling functions voted"),
        ("two labeling functions", "2 labeling functions voted"),
        ("one class", "all votes are for class 1"),
    ],
)
def test_votes_that_teach_nothing_fall_back_to_majority_vote_and_say_why(name, reason):
    model = AnchoredPrecision(cardinality=3).fit(CORNERS[name])
    assert model.diagnostics_["fallback"] == "majority vote"
    assert reason in model.diagnostics_["warnings"][-1]


def test_majority_vote_decides_no_tie():
    L = np.array([[0, 1, -1], [0, 1, 2], [2, 2, 1], [-1, 0, -1]])
    model = MajorityVote(cardinality=3, class_balance=(0.6, 0.3, 0.1)).fit(L)
    assert model.predict(L).tolist() == [-1, -1, 2, 0]
    expected = [[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3], [0, 1 / 3, 2 / 3], [1, 0, 0]]
    assert np.abs(model.predict_proba(L) - expected).max() < 1e-9
