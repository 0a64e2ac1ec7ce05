"""What a model answers, read as votes: class numbers, names, probabilities, scores."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.column import Column
from labelmill.labeling.votes import MAX_CARDINALITY, check_label, check_votes

Classes: TypeAlias = Mapping[Any, int | None] | Sequence[int | None] | None
Thresholds: TypeAlias = float | Mapping[int, float] | None
Floats: TypeAlias = NDArray[np.float64]

MAX_EXCESS = 1e-3
"""By how much the probabilities of a row may miss 1: models compute them in float32, some in float16."""


@dataclass(frozen=True)
class Reading:
    """How the answers of one model become votes.

    Attributes
    ----------
    lf
        Name of the labeling function, for errors.
    classes
        Answer (or position of a column) to class number; None for answers that are no class.
    thresholds
        From where on a class is voted for: one for all, or one for each class that may be voted for.
    soft
        Whether all probabilities are the vote, or the heaviest class alone.
    """

    lf: str
    classes: Classes = None
    thresholds: Thresholds = None
    soft: bool = False

    def __post_init__(self) -> None:
        for label in [*self._named, *self._limits]:
            check_label(label, lf=self.lf)
        if self._named and (beyond := set(self._limits) - self._named):
            raise LFError(
                f"labeling function {self.lf!r}: there is a threshold for class {min(beyond)}, but classes= knows only "
                f"{sorted(self._named)}."
            )
        for limit in [*self._limits.values(), *([] if isinstance(self.thresholds, Mapping) else [self.thresholds])]:
            if limit is not None and (not isinstance(limit, int | float | np.floating) or not np.isfinite(limit)):
                raise LFError(f"labeling function {self.lf!r}: a threshold must be a number, found {limit!r}.")

    @property
    def spec(self) -> tuple[Any, ...]:
        """All of it that decides votes."""
        classes = list(self.classes.items()) if isinstance(self.classes, Mapping) else self.classes
        return (classes, self._limits or self.thresholds, self.soft)

    @property
    def _named(self) -> set[int]:
        """The classes that `classes` names."""
        named = self.classes.values() if isinstance(self.classes, Mapping) else self.classes or ()
        return {label for label in named if label is not None}

    @property
    def _limits(self) -> dict[int, float]:
        """The thresholds that are those of one class."""
        return dict(self.thresholds) if isinstance(self.thresholds, Mapping) else {}

    @property
    def labels(self) -> tuple[int, ...]:
        """The classes that it is known to vote for."""
        return tuple(sorted(self._limits or self._named))

    def read(self, answers: Any, names: Sequence[Any] | None, *, ids: Sequence[Any], cardinality: int | None) -> Column:
        """Votes from the answers on some rows; `names` are those of the columns of probabilities, where known.

        Raises
        ------
        LFError
            There is not one answer per row, or `classes` knows nothing of one.
        InvalidVoteError
            An answer is no class and no probability; names the first such row.
        """
        if isinstance(answers, pd.DataFrame):
            answers, names = (answers.iloc[:, 0], None) if answers.shape[1] == 1 else (answers, list(answers.columns))
        elif isinstance(answers, list) and answers and all(isinstance(answer, dict) for answer in answers):
            names = list(answers[0])  # as ONNX gives probabilities
            answers = [[answer[name] for name in names] for answer in answers]
        array = _as_array(answers)
        if array.ndim == 2 and array.shape[1] == 1 and names is None:
            array = array[:, 0]
        if array.ndim not in (1, 2) or len(array) != len(ids):
            raise LFError(
                f"labeling function {self.lf!r}: the model gave answers of shape {array.shape} for {len(ids)} rows."
            )
        if array.ndim == 2:
            return self._of_columns(array, names, ids=ids, cardinality=cardinality)
        if array.dtype.kind == "f" and not (isinstance(self.classes, Mapping) and self.thresholds is None):
            return self._of_scores(array.astype(np.float64), ids=ids, cardinality=cardinality)
        return self._of_answers(array, ids=ids, cardinality=cardinality)

    def _of_answers(self, answers: NDArray[Any], *, ids: Sequence[Any], cardinality: int | None) -> Column:
        """One class per row, by number or name."""
        if self.soft or self.thresholds is not None:
            raise LFError(
                f"labeling function {self.lf!r}: the model answers with classes alone, so there is nothing for "
                f"{'soft' if self.soft else 'thresholds'}= to work on. Hand in what gives probabilities."
            )
        values = [None if _is_missing(value) else value for value in answers.tolist()]
        votes = values
        if self.classes is not None:
            votes = [None if v is None else self._class_of(v, row) for v, row in zip(values, ids, strict=True)]
        return check_votes(votes, pd.RangeIndex(len(votes)), cardinality=cardinality, lf=self.lf, ids=ids)

    def _class_of(self, answer: Any, row: Any) -> int | None:
        known: dict[Any, int | None] = dict(
            self.classes if isinstance(self.classes, Mapping) else enumerate(self.classes or ())
        )
        alike = isinstance(answer, bool) == any(isinstance(key, bool) for key in known)  # True == 1
        if not isinstance(answer, Hashable) or answer not in known or not alike:
            raise LFError(
                f"labeling function {self.lf!r}: the model answered {answer!r} on row {row!r}; classes= knows "
                f"{_shortened(list(known))}. Add it, as None if it is no class of yours."
            )
        return known[answer]

    def _of_scores(self, scores: Floats, *, ids: Sequence[Any], cardinality: int | None) -> Column:
        """One number per row: the more, the more it is the second of two classes."""
        low, high = self._two_classes()
        known = ~np.isnan(scores)
        if self.soft:
            outside = known & ~((scores >= 0) & (scores <= 1))
            self._refuse(outside, scores, ids, "a probability of the second class, from 0 to 1, since soft=True")
            weights = np.zeros((len(scores), self._size(cardinality, [low, high])))
            weights[known, low], weights[known, high] = 1 - scores[known], scores[known]
            votes = Column.of_weights(weights)
            return votes if self.thresholds is None else _only(votes, self._passed(scores, low, high) != ABSTAIN)
        if self.thresholds is None:
            raise LFError(
                f"labeling function {self.lf!r}: the model gives one number per row. Say from where on it is a class: "
                f"thresholds={{{high}: 0.8, {low}: 0.2}} votes {high} from 0.8 up and {low} from 0.2 down."
            )
        self._size(cardinality, [low, high])
        return Column(self._passed(scores, low, high))

    def _passed(self, scores: Floats, low: int, high: int) -> NDArray[np.int8]:
        given = self._limits if isinstance(self.thresholds, Mapping) else {high: float(self.thresholds or 0.0)}
        upper, lower = given.get(high, np.inf), given.get(low, -np.inf)
        if set(given) - {low, high} or lower >= upper:
            raise LFError(
                f"labeling function {self.lf!r}: the model gives one number per row, so thresholds are for class "
                f"{high} (from there up) and {low} (from there down), which must be lower; found {given}."
            )
        return np.select([scores >= upper, scores <= lower], [high, low], ABSTAIN).astype(np.int8)

    def _two_classes(self) -> tuple[int, int]:
        given = list(self.classes.values()) if isinstance(self.classes, Mapping) else list(self.classes or (0, 1))
        if len(given) != 2 or None in given or given[0] == given[1]:
            raise LFError(
                f"labeling function {self.lf!r}: the model gives one number per row, which tells two classes apart; "
                f"classes= names {given}."
            )
        return int(given[0] or 0), int(given[1] or 0)

    def _of_columns(
        self, values: NDArray[Any], names: Sequence[Any] | None, *, ids: Sequence[Any], cardinality: int | None
    ) -> Column:
        """A number per row and class."""
        if values.dtype.kind not in "fiu":
            raise LFError(f"labeling function {self.lf!r}: the model gave {values.dtype} values, expected numbers.")
        silent = np.isnan(values).all(axis=1)
        values = np.where(silent[:, None], 0.0, values)
        self._refuse(~np.isfinite(values).all(axis=1), values, ids, "finite numbers")
        labels = self._column_classes(values.shape[1], names, ids[0])
        size = self._size(cardinality, [label for label in labels if label is not None])
        onto = np.zeros((len(labels), size + 1))  # the last column is for answers that are no class
        onto[np.arange(len(labels)), [size if label is None else label for label in labels]] = 1.0
        if self.soft or (onto.sum(axis=0) > 1).any():
            off = (values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > MAX_EXCESS)
            why = "soft=True" if self.soft else "classes= puts several answers into one"
            self._refuse(off & ~silent, values, ids, f"probabilities that sum to 1, since {why}")
        summed = np.where(onto.any(axis=0), values @ onto, -np.inf)
        votes = np.where(silent, ABSTAIN, self._heaviest(summed)).astype(np.int8)
        if not self.soft:
            return Column(votes)
        kept = votes != ABSTAIN if self.thresholds is not None else ~silent & (summed.argmax(axis=1) != size)
        return Column.of_weights(np.maximum(summed[:, :size], 0.0) * kept[:, None])

    def _heaviest(self, summed: Floats) -> NDArray[np.int64]:
        """The class with the largest number where that passes its threshold; none where two are equal."""
        limits = np.full(summed.shape[1], np.inf)
        if isinstance(self.thresholds, Mapping):
            limits[list(self._limits)] = list(self._limits.values())
        else:
            limits[:-1] = -np.inf if self.thresholds is None else self.thresholds
        best = summed.argmax(axis=1)
        top = summed[np.arange(len(summed)), best]
        alone = (summed == top[:, None]).sum(axis=1) == 1
        return np.where(alone & (top >= limits[best]), best, ABSTAIN)

    def _column_classes(self, k: int, names: Sequence[Any] | None, row: Any) -> list[int | None]:
        if self.classes is not None and not isinstance(self.classes, Mapping):
            if len(self.classes) != k:
                raise LFError(
                    f"labeling function {self.lf!r}: the model gives {k} numbers per row, classes= names "
                    f"{len(self.classes)} classes."
                )
            return [None if label is None else int(label) for label in self.classes]
        known = list(range(k)) if names is None else [getattr(name, "item", lambda name=name: name)() for name in names]
        if self.classes is not None:
            return [self._class_of(name, row) for name in known]
        for name in known:
            if isinstance(name, bool) or not isinstance(name, int) or not 0 <= name < MAX_CARDINALITY:
                raise LFError(
                    f"labeling function {self.lf!r}: the model's classes are {_shortened(known)}; say by classes= "
                    "which of yours they are, such as {'spam': 1, 'other': None}."
                )
        return known

    def _size(self, cardinality: int | None, labels: Sequence[int]) -> int:
        size = MAX_CARDINALITY if cardinality is None else cardinality
        if labels and max(labels) >= size:
            raise InvalidVoteError(
                f"labeling function {self.lf!r} votes for class {max(labels)}: the classes are 0 to {size - 1}."
            )
        return size

    def _refuse(self, wrong: NDArray[np.bool_], values: Floats, ids: Sequence[Any], expected: str) -> None:
        if wrong.any():
            at = int(np.argmax(wrong))
            raise InvalidVoteError(
                f"labeling function {self.lf!r}: the model gave {values[at].tolist()} on row {ids[at]!r}: "
                f"expected {expected}."
            )


def _only(votes: Column, kept: NDArray[np.bool_]) -> Column:
    """The votes on some rows; abstains on the others."""
    weights = votes.weights(np.arange(len(kept)), votes.soft.weights.shape[1] if votes.soft else MAX_CARDINALITY)
    return Column.of_weights(weights * kept[:, None])


def _as_array(answers: Any) -> NDArray[Any]:
    """The answers as an array, in which no True or "1" of a list has become like what stands beside it."""
    if not isinstance(answers, list) or any(np.ndim(answer) for answer in answers):
        return np.asarray(answers)
    given = [answer for answer in answers if answer is not None]
    floats = bool(given) and all(isinstance(answer, float | np.floating) for answer in given)
    return np.array(answers, dtype=np.float64 if floats else object)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _shortened(values: Sequence[Any], *, most: int = 10) -> str:
    return ", ".join(map(repr, values[:most])) + (f" and {len(values) - most} more" if len(values) > most else "")
