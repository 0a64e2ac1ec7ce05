"""The three kinds of features: words of a text, numbers, categories.

A block is fitted on one column of the train rows, turns that column into a sparse matrix, and can be
taken apart into JSON and arrays and put together again: nothing is pickled.
"""

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.end_model import columns
from labelmill.errors import TrainingError

Arrays = dict[str, NDArray[Any]]

PROBE = "Act NOW!! Don't wait\u2014100% na\u00efve caf\u00e9 \u201cdeals\u201d at http://a-b.example/x_y?z=1 #win a1"
"""A text that shows how words are split: a scikit-learn that splits it otherwise would make other features."""

LETTERS = 3
"""Shortest letter n-gram."""


class TextBlock:
    """TF-IDF of the word n-grams of one text column, or of the letters inside its words, each row of length 1.

    Letter n-grams still see a word that is misspelt on purpose, or that no train row has.

    Parameters
    ----------
    column
        The text column.
    ngrams
        Longest n-gram: of words from 1 up, of letters from `LETTERS` up.
    letters
        Whether n-grams are of letters.
    min_df, max_features
        Terms are kept if in so many rows, the most frequent ones first.

    Attributes
    ----------
    terms_
        The vocabulary, in the order of the features.
    idf_
        How rare each term is.
    """

    kind: ClassVar[str] = "text"

    def __init__(
        self, column: str, *, ngrams: int, letters: bool = False, min_df: int = 1, max_features: int = 1
    ) -> None:
        self.column, self.ngrams, self.letters = column, ngrams, letters
        self.min_df, self.max_features = min_df, max_features

    def fit(self, column: "pd.Series[Any]") -> "TextBlock":
        """Count terms, keep those in at least `min_df` rows, of them the `max_features` most frequent ones."""
        analyze = self._vectorizer().build_analyzer()
        rows: Counter[str] = Counter()
        for text in columns.texts(column):
            rows.update(set(analyze(text)))
        kept = sorted((-n, term) for term, n in rows.items() if n >= self.min_df)[: self.max_features]
        counts = {term: -n for n, term in kept}
        self.terms_ = sorted(counts)
        self.__dict__.pop("_weigher", None)
        frequency = np.array([counts[term] for term in self.terms_], dtype=np.float64)
        self.idf_ = (np.log((1 + len(column)) / (1 + frequency)) + 1).astype(np.float32)
        return self

    @property
    def names(self) -> list[str]:
        """`column:term` for each feature, `column~letters` for letter n-grams."""
        return [f"{self.column}{'~' if self.letters else ':'}{term}" for term in self.terms_]

    def transform(self, column: "pd.Series[Any]") -> sp.csr_matrix:
        """Weigh the known terms of each text; a null has none."""
        if not self.terms_:
            return sp.csr_matrix((len(column), 0), dtype=np.float32)
        return self._weigher.transform(columns.texts(column))

    def parts(self) -> tuple[dict[str, Any], Arrays]:
        """JSON and arrays to rebuild the block from."""
        probe = self._vectorizer().build_analyzer()(PROBE)
        content = {"column": self.column, "ngrams": self.ngrams, "letters": self.letters, "terms": self.terms_}
        return {**content, "probe": probe}, {"idf": self.idf_}

    @classmethod
    def from_parts(cls, content: dict[str, Any], arrays: Arrays) -> "TextBlock":
        """The block that `parts` took apart."""
        block = cls(content["column"], ngrams=content["ngrams"], letters=content["letters"])
        block.terms_, block.idf_ = list(content["terms"]), arrays["idf"]
        if block.parts()[0]["probe"] != content["probe"]:
            raise TrainingError(
                f"the featurizer's words of column {block.column!r} were split otherwise than the installed "
                "scikit-learn splits them. Install the version that it names, or run `dvc repro` again."
            )
        return block

    @functools.cached_property
    def _weigher(self) -> Any:
        """Made once: to make it anew takes longer than to weigh the terms of a row."""
        vectorizer = self._vectorizer(self.terms_)
        vectorizer.idf_ = self.idf_
        return vectorizer

    def _vectorizer(self, vocabulary: Sequence[str] | None = None) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(
            strip_accents="unicode",
            analyzer="char_wb" if self.letters else "word",
            ngram_range=(LETTERS if self.letters else 1, self.ngrams),
            sublinear_tf=True,
            dtype=np.float32,
            vocabulary=vocabulary,
        )


class NumberBlock:
    """One number, on a log scale, centred on the median and scaled by the spread of the train rows.

    A null becomes 0, the median. Where at least `min_df` train rows had nulls, a second feature `column:missing`
    says so; without `min_df` there is none.

    Attributes
    ----------
    center_, spread_
        Median and distance of the 5 % and 95 % quantiles, on the log scale.
    missing_
        Whether the block has the second feature.
    """

    kind: ClassVar[str] = "number"
    limit: ClassVar[float] = 2.0  # an outlier weighs no more than this many spreads

    def __init__(self, column: str, *, min_df: int | None = None) -> None:
        self.column, self.min_df = column, min_df

    def fit(self, column: "pd.Series[Any]") -> "NumberBlock":
        """Take median and spread of the values that are not null."""
        values = _log(columns.numbers(column))
        present = values[~np.isnan(values)]
        low, center, high = np.quantile(present, (0.05, 0.5, 0.95)) if len(present) else (0.0, 0.0, 0.0)
        if high == low and len(present):  # nearly all rows have one value: the others are what counts
            low, high = present.min(), present.max()
        self.center_, self.spread_ = float(center), float(high - low) or 1.0
        self.missing_ = self.min_df is not None and int(np.isnan(values).sum()) >= self.min_df
        return self

    @property
    def names(self) -> list[str]:
        """The column, and `column:missing` where train rows had nulls."""
        return [self.column, f"{self.column}:missing"] if self.missing_ else [self.column]

    def transform(self, column: "pd.Series[Any]") -> sp.csr_matrix:
        """Scale each number; a null is 0."""
        values = (_log(columns.numbers(column)) - self.center_) / self.spread_
        missing = np.isnan(values)
        scaled = np.where(missing, 0.0, np.clip(values, -self.limit, self.limit))
        parts = [scaled, missing] if self.missing_ else [scaled]
        return sp.csr_matrix(np.column_stack(parts), dtype=np.float32)

    def parts(self) -> tuple[dict[str, Any], Arrays]:
        """JSON and arrays to rebuild the block from."""
        return {"column": self.column, "missing": self.missing_}, {"scale": np.array([self.center_, self.spread_])}

    @classmethod
    def from_parts(cls, content: dict[str, Any], arrays: Arrays) -> "NumberBlock":
        """The block that `parts` took apart."""
        block = cls(content["column"])
        block.missing_ = bool(content["missing"])
        block.center_, block.spread_ = (float(value) for value in arrays["scale"])
        return block


class CategoryBlock:
    """One feature for each frequent category of a column; an unknown or rare one, and a null, has none.

    Attributes
    ----------
    categories_
        The categories that have a feature.
    """

    kind: ClassVar[str] = "category"

    def __init__(self, column: str, *, min_df: int = 1, max_categories: int = 1) -> None:
        self.column, self.min_df, self.max_categories = column, min_df, max_categories

    def fit(self, column: "pd.Series[Any]") -> "CategoryBlock":
        """Keep categories of at least `min_df` rows, of them the `max_categories` most frequent ones."""
        rows = Counter(value for value in columns.categories(column) if value is not None)
        kept = sorted((-n, value) for value, n in rows.items() if n >= self.min_df)[: self.max_categories]
        self.categories_ = sorted(value for _, value in kept)
        return self

    @property
    def names(self) -> list[str]:
        """`column=category` for each feature."""
        return [f"{self.column}={value}" for value in self.categories_]

    def transform(self, column: "pd.Series[Any]") -> sp.csr_matrix:
        """1 for the category of each row."""
        place = {value: i for i, value in enumerate(self.categories_)}
        found = [(row, place[v]) for row, v in enumerate(columns.categories(column)) if v in place]
        rows, cols = np.array(found, dtype=np.int64).reshape(-1, 2).T
        ones = np.ones(len(rows), dtype=np.float32)
        return sp.csr_matrix((ones, (rows, cols)), shape=(len(column), len(place)))

    def parts(self) -> tuple[dict[str, Any], Arrays]:
        """JSON and arrays to rebuild the block from."""
        return {"column": self.column, "categories": self.categories_}, {}

    @classmethod
    def from_parts(cls, content: dict[str, Any], arrays: Arrays) -> "CategoryBlock":
        """The block that `parts` took apart."""
        block = cls(content["column"])
        block.categories_ = list(content["categories"])
        return block


Block = TextBlock | NumberBlock | CategoryBlock

KINDS: dict[str, type[TextBlock] | type[NumberBlock] | type[CategoryBlock]] = {
    block.kind: block for block in (TextBlock, NumberBlock, CategoryBlock)
}


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm that keeps the sign and is near the identity at 0: counts of mails range over powers of ten."""
    return np.sign(values) * np.log1p(np.abs(values))
