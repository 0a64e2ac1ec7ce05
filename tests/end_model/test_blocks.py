import numpy as np
import pandas as pd
import pytest

from labelmill.end_model import blocks
from labelmill.end_model.blocks import CategoryBlock, NumberBlock, TextBlock
from labelmill.errors import TrainingError


def test_words_and_pairs_of_enough_rows_are_kept():
    texts = pd.Series(["Act now", "act NOW please", "no", None], name="text")
    block = TextBlock("text", ngrams=2, min_df=2, max_features=9).fit(texts)
    assert block.names == ["text:act", "text:act now", "text:now"]
    assert TextBlock("text", ngrams=1, min_df=1, max_features=2).fit(texts).names == ["text:act", "text:now"]


def test_words_weigh_what_scikit_learn_makes_them_weigh():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["cash now now cash cash", "meeting now", "café cafe", "", "cash and more cash"] * 2
    reference = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode")
    expected = reference.fit_transform(texts)
    block = TextBlock("text", ngrams=2, min_df=2, max_features=99).fit(pd.Series(texts))
    assert block.terms_ == sorted(reference.vocabulary_)
    np.testing.assert_allclose(block.transform(pd.Series(texts)).toarray(), expected.toarray(), atol=1e-6)


def test_a_text_column_without_a_frequent_word_has_no_features():
    block = TextBlock("text", ngrams=1, min_df=2, max_features=9).fit(pd.Series([None, "one", ""]))
    assert block.names == []
    assert block.transform(pd.Series(["one", None])).shape == (2, 0)


def test_another_way_to_split_words_is_refused(monkeypatch):
    parts = TextBlock("text", ngrams=1).fit(pd.Series(["a word"])).parts()
    monkeypatch.setattr(blocks, "PROBE", "as if the same text were split in another way")
    with pytest.raises(TrainingError, match="column 'text' were split otherwise"):
        TextBlock.from_parts(*parts)


def test_a_number_is_centred_scaled_and_clipped():
    block = NumberBlock("n", min_df=1).fit(pd.Series([0, 1, 2, 3, 1000]))
    assert block.names == ["n"]
    values = block.transform(pd.Series([0, 2, 1e12, -1e12, None])).toarray().ravel()
    assert values[1] == 0
    assert values[0] < 0
    assert values[2:].tolist() == [2, -2, 0]


def test_missing_numbers_get_a_feature_only_when_train_rows_miss_them():
    some = NumberBlock("n", min_df=2).fit(pd.Series([1, None, None, 3]))
    assert some.names == ["n", "n:missing"]
    assert some.transform(pd.Series([None, 1.0])).toarray()[:, 1].tolist() == [1, 0]
    assert NumberBlock("n", min_df=3).fit(pd.Series([1, None, None, 3])).names == ["n"]


@pytest.mark.parametrize("values", [[5, 5, 5], [None, None], []])
def test_a_constant_or_empty_number_column_gives_finite_features(values):
    block = NumberBlock("n", min_df=5).fit(pd.Series(values, dtype=object))
    assert np.isfinite(block.transform(pd.Series([5, None, 7.0])).toarray()).all()


def test_frequent_categories_have_a_feature_and_unknown_ones_none():
    block = CategoryBlock("tld", min_df=2, max_categories=2)
    block.fit(pd.Series(["com", "com", "com", "org", "org", "net", "net", "de", None, None]))
    assert block.names == ["tld=com", "tld=net"]
    assert block.transform(pd.Series(["net", "xyz", None, "com"])).toarray().tolist() == [
        [0, 1],
        [0, 0],
        [0, 0],
        [1, 0],
    ]
