"""Candidate words, clusters, disputes and redundancy, on texts and votes whose truth is planted."""

import numpy as np
import pytest

from labelmill.analysis.candidates import find_candidates, overconfidence
from labelmill.analysis.clusters import find_clusters
from labelmill.analysis.disputes import find_conflicts, find_doubts
from labelmill.analysis.redundancy import could_go, near_copies, parts

BALANCE = np.array([0.5, 0.5])


class TestCandidates:
    @pytest.fixture
    def found(self, planted):
        texts, truth, L = planted
        sure = np.where(L[:, :1] < 0, 0.5, np.where(L[:, :1] == 1, 0.9, 0.1))
        gold = np.where(np.arange(600) % 3 == 0, truth, -1)
        probs = np.hstack([1 - sure, sure])
        return find_candidates(texts, L, probs, class_balance=BALANCE, gold=gold, longest=1, count=3), truth, texts, L

    def test_it_finds_the_telling_words_and_no_filler(self, found):
        words = {candidate.term: candidate.label for candidate in found[0]}
        assert {"winner": 1, "casino": 1, "minutes": 0, "draft": 0}.items() <= words.items()
        assert not [word for word in words if word.startswith("filler")]

    def test_the_coverage_promised_is_that_of_the_rule(self, found):
        candidates, _, texts, L = found
        for candidate in candidates:
            has = np.array([candidate.term in text.split() for text in texts])
            assert candidate.coverage == pytest.approx(has.mean())
            assert candidate.new_coverage == pytest.approx((has & (L[:, 0] < 0)).mean())

    def test_the_precision_is_what_the_label_model_expects_not_the_truth(self, found):
        """Each telling word is right always; the label model is 90 % sure where it has a vote at all."""
        assert all(c.low < c.precision < c.high and c.precision < 0.91 for c in found[0])
        assert all(c.gold_right == c.gold_rows > 0 for c in found[0])

    def test_a_discount_lowers_all_of_it(self, planted):
        texts, _, L = planted
        probs = np.where(L == 1, [[0.1, 0.9]], np.where(L == 0, [[0.9, 0.1]], [[0.5, 0.5]]))
        plain, lowered = (
            {c.term: c for c in find_candidates(texts, L, probs, class_balance=BALANCE, discount=d, longest=1)}
            for d in (0.0, 0.1)
        )
        assert lowered and all(c.precision == pytest.approx(plain[word].precision - 0.1) for word, c in lowered.items())

    @pytest.mark.parametrize("texts", [["", "", ""], ["1 2 3", "?!", "4"]])
    def test_no_words_no_candidates(self, texts):
        L = np.array([[1], [0], [-1]], dtype=np.int8)
        assert find_candidates(texts, L, np.full((3, 2), 0.5), class_balance=BALANCE) == []


class TestOverconfidence:
    def test_it_is_confidence_less_accuracy(self):
        probs = np.tile([0.1, 0.9], (20, 1))
        gold = np.repeat([1, 0], [14, 6])
        assert overconfidence(probs, gold, np.ones(20, dtype=bool)) == pytest.approx(0.2)

    def test_a_shy_model_gets_no_bonus_and_no_gold_says_nothing(self):
        probs, covered = np.tile([0.4, 0.6], (20, 1)), np.ones(20, dtype=bool)
        assert overconfidence(probs, np.ones(20, dtype=int), covered) == 0
        assert overconfidence(probs, np.full(20, -1), covered) is None


class TestClusters:
    def test_samples_and_sizes_are_of_the_rows(self):
        texts = ["parcel late again"] * 25 + ["flight to oslo"] * 35
        found = find_clusters(texts, background=["minutes of a meeting"] * 80, seed=1)
        assert sum(cluster.rows for cluster in found) == 60
        for cluster in found:
            for place in cluster.samples:
                assert set(dict(cluster.words)) & set(texts[place].split())

    @pytest.mark.parametrize("texts", [[], ["", ""], ["42"]])
    def test_nothing_to_group(self, texts):
        assert find_clusters(texts, background=[], seed=1) == []


class TestDisputes:
    L = np.array([[0, 1, -1]] * 6 + [[0, 0, 1]] * 3 + [[-1, -1, 1]] * 4, dtype=np.int8)

    def test_conflicts_by_rows(self):
        found = find_conflicts(self.L, ["a", "b", "c"], preds=np.ones(13, dtype=int), seed=0, count=2)
        assert [(c.first, c.second, c.rows, c.for_second) for c in found] == [("a", "b", 6, 6), ("a", "c", 3, 3)]
        assert set(found[0].samples) <= set(range(6))

    def test_doubts_have_the_votes_of_their_samples(self):
        probs = np.array([[0.5, 0.5]] * 6 + [[0.7, 0.3]] * 3 + [[0.1, 0.9]] * 4)
        first, second = find_doubts(self.L, ["a", "b", "c"], probs, seed=0, count=2)
        assert (first.rows, first.votes) == (6, (("a", 0), ("b", 1)))
        assert (second.rows, set(second.samples) <= {6, 7, 8}) == (3, True)

    def test_no_votes_no_disputes(self):
        silent = np.full((3, 2), -1, dtype=np.int8)
        assert find_conflicts(silent, ["a", "b"], preds=None, seed=0) == []
        assert find_doubts(silent, ["a", "b"], np.full((3, 2), 0.5), seed=0) == []


class TestRedundancy:
    def test_copies(self):
        votes = np.tile([0, 1, -1, 1], 30)[:, None].astype(np.int8)
        other = np.tile([1, -1, 0, 1], 30)[:, None].astype(np.int8)
        assert near_copies(np.hstack([votes, other, votes]), ["a", "b", "c"], 2) == [("a", "c")]

    def test_what_a_part_adds(self, make_evidence):
        evidence = make_evidence([[0, 0, -1], [1, -1, -1], [0, 0, 1]] * 10)
        assert [(p.votes, p.only) for p in parts(evidence.L, evidence.opinion.model)] == [(30, 10), (20, 0), (10, 0)]

    def test_who_adds_nothing_or_misleads_could_go(self, make_evidence):
        gold = np.tile([0, 1], 30)
        L = np.stack([gold, gold, gold, 1 - gold, np.full(60, -1)], axis=1)
        evidence = make_evidence(L, gold, names=["a", "b", "c", "liar", "mute"])
        why = {drop.name: drop.why for drop in could_go(evidence.L, evidence.gold, evidence.opinion)}
        assert "worse than a guess" in why["liar"]
        assert why["mute"] == "it votes on no row"
        assert "change no decision" in why["a"]
