import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, embedding_lf
from labelmill.errors import LFError

LETTERS = "abcdefghijklmnopqrstuvwxyz"
FRAME = pd.DataFrame({"text": ["money for free", "a walk in the park", None, "money for free", "free money"]})


class Counter:
    """Counts letters, and how many texts it was given."""

    def __init__(self):
        self.given = 0

    def __call__(self, texts):
        self.given += len(texts)
        return [[text.count(letter) for letter in LETTERS] for text in texts]


def test_it_votes_where_a_text_is_near_an_example():
    lf = embedding_lf("near", Counter(), column="text", examples=["free money"], label=1, threshold=0.85)
    assert apply_lfs(FRAME, [lf], cardinality=2).L[:, 0].tolist() == [1, -1, -1, 1, 1]


def test_the_nearest_of_several_classes():
    examples = {0: ["walking in parks"], 1: ["free money"]}
    lf = embedding_lf("near", Counter(), column="text", examples=examples, threshold=0.5)
    assert apply_lfs(FRAME, [lf], cardinality=2).L[:, 0].tolist() == [1, 0, -1, 1, 1]


def test_centroids_give_what_their_examples_give():
    vectors = np.array(Counter()(["free money"]), dtype=float)
    by_example = embedding_lf("e", Counter(), column="text", examples=["free money"], label=1, threshold=0.85)
    by_vector = embedding_lf("c", Counter(), column="text", centroids=3 * vectors, label=1, threshold=0.85)
    L = apply_lfs(FRAME, [by_example, by_vector], cardinality=2).L
    assert (L[:, 0] == L[:, 1]).all()


def test_each_text_is_embedded_once_for_all():
    counter = Counter()
    lfs = [
        embedding_lf(f"near_{i}", counter, column="text", examples=[word], label=1, threshold=0.5)
        for i, word in enumerate(["free", "walk", "park"])
    ]
    apply_lfs(FRAME, lfs, cardinality=2)
    assert counter.given == 3 + 3, "three examples, and three different texts"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "either examples= or centroids="),
        ({"examples": ["a"], "centroids": [1.0], "label": 1}, "either examples= or centroids="),
        ({"examples": ["a"]}, "give label="),
        ({"examples": {1: ["a"]}, "label": 1}, "give label="),
        ({"centroids": [0.0, 0.0], "label": 1}, "not all 0"),
    ],
)
def test_what_it_cannot_be_near_to_is_refused(given, message):
    with pytest.raises(LFError, match=message):
        embedding_lf("near", Counter(), column="text", threshold=0.5, **given)


@pytest.mark.parametrize("threshold", [1.5, {1: -2}])
def test_a_threshold_is_a_cosine(threshold):
    with pytest.raises(LFError, match="'near': threshold is a cosine, from -1 to 1"):
        embedding_lf("near", Counter(), column="text", examples={1: ["a"]}, threshold=threshold)


@pytest.mark.parametrize("answer", [lambda texts: [1.0], lambda texts: [[np.nan]] * len(texts)])
def test_an_embedder_that_gives_no_vectors_is_named(answer):
    lf = embedding_lf("near", answer, column="text", centroids=[1.0], label=1, threshold=0.5)
    with pytest.raises(LFError, match="finite numbers"):
        apply_lfs(FRAME, [lf], cardinality=2)
