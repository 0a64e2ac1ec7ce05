"""Estimates, learning curves, keywords and the verdict; where truth is planted, the intervals hold it."""

import numpy as np
import pytest
import scipy.sparse as sp

from labelmill.analysis.estimates import Estimate, balanced_accuracy
from labelmill.analysis.hand_labels import Curve, learning_curve
from labelmill.analysis.keyword_outlook import keyword_outlook
from labelmill.analysis.verdict import Cost, Rules, conclude

COST = Cost(seconds_per_row=15, hours_for_rules=6)


class TestEstimates:
    def test_the_interval_holds_the_truth_about_as_often_as_it_says(self):
        rng = np.random.default_rng(3)
        gold = np.repeat([0, 1], [40, 20])
        held = 0
        for seed in range(200):
            right = (rng.random(60) < np.where(gold == 0, 0.9, 0.7)).astype(float)
            found = balanced_accuracy(right, gold, seed=seed)
            held += found.low <= 0.8 <= found.high
        assert 0.88 < held / 200 <= 1

    def test_all_right_is_not_taken_for_certain(self):
        found = balanced_accuracy(np.ones(20), np.repeat([0, 1], 10), seed=0)
        assert found.value == 1
        assert 0.7 < found.low < 0.95


class TestLearningCurve:
    @staticmethod
    def rows(n, strength, seed=0):
        rng = np.random.default_rng(seed)
        gold = np.tile([0, 1], n // 2)
        X = rng.normal(size=(n, 10))
        X[:, 0] += strength * (2 * gold - 1)
        return sp.csr_matrix(X), gold

    def test_it_foresees_what_more_labels_give(self):
        from sklearn.linear_model import LogisticRegression

        X, gold = self.rows(4000, 1.0)
        curve = learning_curve(X[:150], gold[:150], seed=1)
        learner = LogisticRegression(C=10.0, class_weight="balanced").fit(X[:1000], gold[:1000])
        truth = learner.score(X[1000:], gold[1000:])
        foreseen = curve.at(1000)
        assert foreseen.low <= truth <= foreseen.high
        assert curve.measured[-1].value > curve.measured[0].value

    def test_noise_stays_at_chance(self):
        X, gold = self.rows(120, 0.0)
        curve = learning_curve(X, gold, seed=1)
        assert curve.measured[-1].low < 0.5 < curve.measured[-1].high + 0.05

    def test_more_labels_never_promise_less(self):
        curve = learning_curve(*self.rows(100, 0.8), seed=1)
        values = [curve.at(n).value for n in (10, 50, 200, 1000, 2000)]
        assert values == sorted(values)
        assert curve.at(10**9) == curve.at(2000), "no further than 20 times the gold"
        assert curve.rows_for(values[2]) == pytest.approx(200, rel=0.1)

    @pytest.mark.parametrize("gold", [[0] * 40, [0] * 36 + [1] * 4])
    def test_too_little_gold_for_a_curve(self, gold):
        assert learning_curve(sp.csr_matrix(np.ones((40, 2))), np.array(gold), seed=1) is None


class TestKeywordOutlook:
    def test_it_finds_telling_words_of_both_classes(self, planted):
        texts, truth, _ = planted
        some = np.arange(0, 600, 5)
        rest = np.setdiff1d(np.arange(600), some)
        found = keyword_outlook([texts[i] for i in rest], [texts[i] for i in some], truth[some], cardinality=2, seed=1)
        words = dict(found.words)
        assert {"agenda": 0, "minutes": 0, "prize": 1, "winner": 1}.items() <= words.items()
        assert found.accuracy.value > 0.9

    def test_where_no_word_tells_it_promises_nothing(self):
        rng = np.random.default_rng(0)
        texts = [" ".join(rng.choice([f"w{i}" for i in range(30)], 8)) for _ in range(300)]
        found = keyword_outlook(texts, texts[:100], rng.integers(0, 2, 100), cardinality=2, seed=1)
        assert found.accuracy is None or found.accuracy.low < 0.55

    def test_without_gold_of_two_classes(self):
        assert keyword_outlook(["a b"], ["a b"] * 9, np.zeros(9, dtype=int), cardinality=2, seed=1) is None


def curve_of(accuracy, half=0.03):
    """A level curve."""
    laws = np.stack([np.linspace(accuracy - half, accuracy + half, 101), np.zeros(101), np.ones(101)], axis=1)
    return Curve((20, 80), (Estimate(accuracy, 0, 1),) * 2, 100, laws, (accuracy, 0.0, 1.0))


def rules_of(accuracy, half=0.03):
    found = Estimate(accuracy, accuracy - half, accuracy + half)
    return Rules(10, Estimate(0.8, 0.79, 0.81), None, found, found)


class TestVerdict:
    @staticmethod
    def verdict(**known):
        given = {"rows": 50_000, "gold": 100, "cardinality": 2, "curve": None, "outlook": None, "rules": None}
        return conclude(**{**given, **known}, cost=COST)[0]

    def test_few_rows_are_labeled_whatever_rules_promise(self):
        assert self.verdict(rows=500, curve=curve_of(0.8), rules=rules_of(0.99)) == "label_by_hand"

    @pytest.mark.parametrize(("gold", "curve"), [(0, None), (49, curve_of(0.9)), (100, None)])
    def test_without_enough_gold_nobody_can_tell(self, gold, curve):
        assert self.verdict(gold=gold, curve=curve) == "label_some_first"

    def test_the_better_for_the_same_time_wins_where_it_is_clear(self):
        assert self.verdict(curve=curve_of(0.80), rules=rules_of(0.92)) == "write_rules"
        assert self.verdict(curve=curve_of(0.95), rules=rules_of(0.80)) == "label_by_hand"
        assert self.verdict(curve=curve_of(0.90), rules=rules_of(0.89)) == "either_way"

    def test_features_that_tell_nothing(self):
        assert self.verdict(curve=curve_of(0.52)) == "features_too_weak"

    def test_nothing_to_label(self):
        assert self.verdict(rows=0) == "no_rows"
