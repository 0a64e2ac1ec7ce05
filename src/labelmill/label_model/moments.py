"""How often votes meet, in whole numbers: all that the moment models learn from.

Whole numbers are added without rounding. So shards may be counted in any order and cut anywhere, by
many workers, and old shards taken out again: the same votes give the same bits.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelmill import storage
from labelmill.errors import LabelModelError
from labelmill.label_model import checks, kernels
from labelmill.label_model.blocks import Block, open_blocks
from labelmill.label_model.encoding import PARTS, EncodedVotes, name_list

_MOST_BYTES = 1_000_000_000
"""Largest table of pairs."""
_TABLE = "moments.npz"


@dataclass(frozen=True, eq=False)
class Moments:
    """How often each pair of votes occurs on one row, over all rows.

    Vote v of labeling function j is the code j * k + v. Add the moments of new rows with `+`, take those
    of old rows out with `-`. Equal votes have equal moments, whatever the order and the cut of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> L = np.array([[0, 1, -1], [1, 1, 0], [-1, 1, 0]])
    >>> whole = Moments.of(L, 2)
    >>> whole.pairs[3].tolist()  # labeling function 1 voted for class 1 on each row
    [1, 1, 0, 3, 2, 0]
    >>> whole == Moments.of(L[2:], 2) + Moments.of(L[:2], 2)
    True
    """

    pairs: NDArray[np.int64]
    """m * k x m * k, symmetric: rows on which both codes occur, times `unit`; on the diagonal all rows of a code."""
    n_rows: int
    """Rows that were counted, those without votes among them."""
    cardinality: int
    lf_names: tuple[str, ...]
    unit: int = 1
    """What one row counts: 1, or 256 squared where soft votes split a row."""

    @classmethod
    def of(cls, L: Any, cardinality: int, lf_names: Sequence[str] | None = None) -> "Moments":
        """Count votes, in any form that a label model takes, in one pass.

        Raises
        ------
        LabelModelError
            L is no label matrix, or has so many labeling functions and classes that the table would not fit.
        """
        return cls.read(open_blocks(L, cardinality, lf_names))

    @classmethod
    def read(cls, read: Callable[[], Iterator[Block]]) -> "Moments":
        """Count checked votes, block by block."""
        counter: _Counter | None = None
        for block in read():
            counter = counter or _Counter(block.n_lfs, block.cardinality, block.lf_names)
            counter.add(block.encoded)
        assert counter is not None  # there is at least one block
        return counter.moments()

    @classmethod
    def of_encoded(cls, votes: EncodedVotes, lf_names: Sequence[str]) -> "Moments":
        """Take the counts of `EncodedVotes.meetings`: weighted, where the rows are a sample of others."""
        meetings, n_rows = votes.meetings
        unit = 1 if votes.stands_for is None and not votes.soft else PARTS**2
        pairs = np.rint(meetings * unit).astype(np.int64)
        return cls(pairs, round(n_rows), votes.cardinality, tuple(lf_names), unit)

    @property
    def n_lfs(self) -> int:
        """Number of labeling functions, m."""
        return len(self.lf_names)

    @property
    def meetings(self) -> tuple[NDArray[np.float64], float]:
        """On how many rows two codes meet, m * k x m * k, and how many rows there are."""
        return self.pairs / float(self.unit), float(self.n_rows)

    @property
    def rates(self) -> NDArray[np.float64]:
        """Share of the rows on which two codes meet, m * k x m * k; 0 where there are no rows."""
        return self.pairs / float(max(self.n_rows, 1) * self.unit)

    @property
    def per_lf(self) -> NDArray[np.float64]:
        """How many rows each labeling function put in each class, m x k."""
        return self.pairs.diagonal().reshape(self.n_lfs, self.cardinality) / float(self.unit)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Moments)
            and (self.n_rows, self.cardinality, self.lf_names, self.unit)
            == (other.n_rows, other.cardinality, other.lf_names, other.unit)
            and bool((self.pairs == other.pairs).all())
        )

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "Moments") -> "Moments":
        self._check_same(other)
        unit = max(self.unit, other.unit)
        pairs = self.pairs * (unit // self.unit) + other.pairs * (unit // other.unit)
        return _smallest(pairs, self.n_rows + other.n_rows, self.cardinality, self.lf_names, unit)

    def __sub__(self, other: "Moments") -> "Moments":
        self._check_same(other)
        unit = max(self.unit, other.unit)
        pairs = self.pairs * (unit // self.unit) - other.pairs * (unit // other.unit)
        if self.n_rows < other.n_rows or (pairs < 0).any():
            raise LabelModelError(
                f"Moments of {other.n_rows:,} rows cannot be taken out of moments of {self.n_rows:,} rows: some of "
                "their votes are not there. Take out only rows that were counted before, and each once."
            )
        return _smallest(pairs, self.n_rows - other.n_rows, self.cardinality, self.lf_names, unit)

    def save(self, folder: Path | str) -> None:
        """Store the counts as a folder, checksums in its manifest."""
        buffer = io.BytesIO()
        facts = np.array([self.n_rows, self.cardinality, self.unit])
        np.savez(buffer, allow_pickle=False, pairs=self.pairs, facts=facts, lf_names=np.array(self.lf_names, "U"))
        with storage.new_folder(Path(folder), content="moments") as temp:
            storage.write_bytes(temp / _TABLE, buffer.getvalue())

    @classmethod
    def load(cls, folder: Path | str) -> "Moments":
        """Read what `save` wrote, its checksums verified."""
        storage.verify_folder(Path(folder))
        with np.load(Path(folder) / _TABLE, allow_pickle=False) as stored:
            n_rows, cardinality, unit = (int(x) for x in stored["facts"])
            return cls(stored["pairs"], n_rows, cardinality, tuple(map(str, stored["lf_names"])), unit)

    def _check_same(self, other: "Moments") -> None:
        if self.cardinality != other.cardinality:
            raise LabelModelError(
                f"Moments of {self.cardinality} classes and of {other.cardinality} classes do not go together."
            )
        if self.lf_names != other.lf_names:
            strangers = sorted(set(self.lf_names) ^ set(other.lf_names))
            what = f"only one side has {name_list(strangers)}" if strangers else "they stand in another order"
            raise LabelModelError(f"Moments of other labeling functions do not go together: {what}.")


def _smallest(pairs: NDArray[np.int64], n_rows: int, k: int, names: tuple[str, ...], unit: int) -> Moments:
    """The moments in whole rows if they can be: with the soft votes gone, as if there had been none."""
    if unit > 1 and not (pairs % unit).any():
        return Moments(pairs // unit, n_rows, k, names)
    return Moments(pairs, n_rows, k, names, unit)


class _Counter:
    """Adds up blocks: whole votes in one table, blocks with soft votes in another."""

    def __init__(self, n_lfs: int, cardinality: int, lf_names: Sequence[str] | None) -> None:
        codes = n_lfs * cardinality
        if codes**2 * 8 > _MOST_BYTES:
            raise LabelModelError(
                f"{n_lfs:,} labeling functions of {cardinality} classes have {codes:,} different votes: counting all "
                f"pairs would take {codes**2 * 8 / 1e9:.1f} GB. Take `auto`, `anchored_precision` or `dawid_skene`, "
                "which do without."
            )
        self.shape = n_lfs, cardinality
        self.names = tuple(checks.as_names(lf_names, n_lfs))
        self.whole = np.zeros((codes, codes), np.int64)
        self.split: NDArray[np.int64] | None = None
        self.n_rows = 0

    def add(self, votes: EncodedVotes) -> None:
        """Count some rows."""
        self.n_rows += votes.n_rows
        if not votes.soft:
            kernels.count_pairs(votes.indptr, votes.codes, np.empty(0, np.int64), self.whole)
            return
        if self.split is None:
            self.split = np.zeros_like(self.whole)
        parts = np.round(votes.weights * PARTS).astype(np.int64)
        once = np.zeros_like(self.whole)
        kernels.count_pairs(votes.indptr, votes.codes, parts, once)
        # The classes of one soft vote do not meet each other, and each counts as often as its weight says.
        m, k = self.shape
        blocks = once.reshape(m, k, m, k)
        blocks[np.arange(m), :, np.arange(m), :] = 0
        total = np.zeros(m * k, np.int64)
        np.add.at(total, votes.codes, parts * PARTS)
        once[np.arange(m * k), np.arange(m * k)] = total
        self.split += once

    def moments(self) -> Moments:
        """What was counted."""
        pairs, unit = self.whole, 1
        if self.split is not None:
            pairs, unit = self.whole * PARTS**2 + self.split, PARTS**2
        pairs = pairs + np.triu(pairs, 1).T
        return _smallest(pairs, self.n_rows, self.shape[1], self.names, unit)
