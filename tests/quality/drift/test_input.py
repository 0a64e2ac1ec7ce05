import numpy as np
import pandas as pd
import pytest

from labelmill.quality.drift import Schema
from labelmill.quality.drift.domain import area, distinguish
from labelmill.quality.drift.inputs import cuts_of, stability_index
from labelmill.quality.drift.measures import measures
from labelmill.quality.drift.sample import cluster_keys
from labelmill.quality.drift.words import SINGLES, buckets_of, grams, unknown_share, vocabulary_of

SCHEMA = Schema(("text",), ("no", "yes"), (), ("secret",))


def test_scripts_and_damage_are_told_apart():
    texts = ["abc def", "где ты", "日本語です", "a\ufffd\x01\x85", "", None]
    found = measures(pd.DataFrame({"id": range(6), "text": texts, "secret": 1}), SCHEMA)
    assert found["script:Latin"].tolist()[:2] == [1, 0]
    assert found["script:Cyrillic"].tolist()[:2] == [0, 1]
    assert found["script:Han"][2] == pytest.approx(0.6)
    assert found["characters:damaged"].tolist()[:4] == [0, 0, 0, 0.75]
    assert found["characters:beyond ASCII"][1] == pytest.approx(5 / 6)
    assert found["null:text"].tolist() == [0, 0, 0, 0, 1, 1]
    assert np.isnan(found["script:Latin"][4])
    assert not any("secret" in name for name in found)


def test_a_text_of_blanks_is_missing():
    found = measures(pd.DataFrame({"id": range(3), "text": ["abc", " \t\u3000", ""]}), SCHEMA)
    assert found["null:text"].tolist() == [0, 1, 1]


def test_numbers_flags_and_lists_are_measured():
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "text": "a",
            "n": [1.5, None],
            "flag": [True, False],
            "maybe": [True, None],
            "links": [["a", "b"], []],
        }
    )
    found = measures(frame, SCHEMA)
    assert found["number:n"].tolist()[0] == 1.5
    assert np.isnan(found["number:n"][1])
    assert found["number:flag"].tolist() == [1, 0]
    assert found["number:maybe"].tolist()[0] == 1
    assert np.isnan(found["number:maybe"][1])
    assert found["number:links"].tolist() == [2, 0]


def test_copies_are_rows_of_equal_text_but_for_digits_and_spaces():
    keys = cluster_keys(pd.Series(list("abcde")), ["Win 100 now", "win  2000  now", "win now", "", ""], seed=1)
    assert keys[0] == keys[1]
    assert len(set(keys.tolist())) == 4


def test_words_and_pairs_are_hashed_each_once_a_row():
    matrix = grams(["to be or not to be", ""])
    assert np.diff(matrix.indptr).tolist() == [4 + 4, 0]
    singles = matrix[0].indices[matrix[0].indices < SINGLES]
    assert set(singles) == set(buckets_of(["to", "be", "or", "not"]))


def test_unknown_words_are_counted_among_single_words():
    known = vocabulary_of(grams(["one two three"]))
    assert unknown_share(grams(["three two one", "one four", ""]), known).tolist()[:2] == [0, 0.5]


def test_the_area_is_that_of_all_pairs():
    rng = np.random.default_rng(3)
    new, old = rng.integers(0, 9, 80).astype(float), rng.integers(0, 8, 60).astype(float)
    found, error = area(new, old, np.ones(60))
    pairs = (new[:, None] > old).mean() + (new[:, None] == old).mean() / 2
    assert found == pytest.approx(pairs)
    assert 0.02 < error < 0.08


def test_the_classifier_is_not_surprised_by_the_same_world_and_is_by_another(rows):
    def told(window, known):
        sides = []
        for part in (window, known):
            texts = part.frame["text"].tolist()
            sides.append((grams(texts), cluster_keys(part.frame["id"], texts, seed=1)))
        return distinguish(*sides)

    same = [told(rows(800, seed), rows(1500, 100 + seed)).z for seed in range(12)]
    assert max(same) < 3
    found = told(rows(800, 50, new=0.2), rows(1500, 51))
    assert found.z > 4
    assert found.auc > 0.53


def test_cuts_are_deciles_each_once():
    assert cuts_of([1.0] * 20) == ()
    assert cuts_of([0.0] * 50 + [1.0] * 50) == (0.0,)
    assert len(cuts_of(np.arange(100.0))) == 9


def test_the_stability_index_grows_with_the_change_and_stays_finite():
    even = np.arange(1, 10) / 10
    assert stability_index(even, even) == pytest.approx(0)
    assert 0.1 < stability_index(even**2, even) < stability_index(np.zeros(9), even) < 100
