"""What an edit of labeling functions changed: votes gained, lost and flipped, and what that does to labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN, UNKNOWN, Gold, LabelMatrix, Preds
from labelmill.errors import DataError

Kind = Literal["gained", "lost", "flipped"]


@dataclass(frozen=True)
class VoteChange:
    """One row on which a labeling function votes otherwise than before; -1 is an abstain."""

    kind: Kind
    position: int
    before: int
    after: int


@dataclass(frozen=True)
class LfChange:
    """What became of one labeling function.

    Attributes
    ----------
    name
        Its name.
    state
        new, gone, or changed.
    before, after
        On how many rows it voted and votes.
    gained, lost, flipped
        On how many rows it votes where it did not, does not where it did, votes for another class.
    samples
        Some of those rows, of each kind.
    """

    name: str
    state: Literal["new", "gone", "changed"]
    before: int
    after: int
    gained: int
    lost: int
    flipped: int
    samples: tuple[VoteChange, ...]


@dataclass(frozen=True)
class GoldChange:
    """What that does to decisions on rows with dev gold.

    Attributes
    ----------
    rows
        Rows with gold.
    right_before, right_after
        Rows decided rightly; an undecided row is not.
    mended, broken
        Rows that became right, and that ceased to be.
    p_value
        Of the sign test on those two: how often chance alone would set them as far apart.
    """

    rows: int
    right_before: int
    right_after: int
    mended: int
    broken: int
    p_value: float


def compare_votes(
    before: tuple[LabelMatrix, Sequence[str]],
    after: tuple[LabelMatrix, Sequence[str]],
    *,
    samples: int,
    seed: int,
) -> list[LfChange]:
    """Every labeling function whose votes are not what they were, the largest changes first.

    Parameters
    ----------
    before, after
        L and the names of its columns; of the same rows in the same order.
    samples
        How many rows of each kind are kept for each.
    seed
        Draws them.

    Examples
    --------
    >>> before = np.array([[0], [1], [-1]], dtype=np.int8), ["a"]
    >>> after = np.array([[0, 1], [0, 1], [1, -1]], dtype=np.int8), ["a", "b"]
    >>> [(change.name, change.state, change.gained, change.flipped)
    ...  for change in compare_votes(before, after, samples=0, seed=1)]
    [('a', 'changed', 1, 1), ('b', 'new', 2, 0)]
    """
    (old, old_names), (new, new_names) = before, after
    if len(old) != len(new):
        raise DataError(f"votes on {len(old):,} rows cannot be compared with votes on {len(new):,}.")
    silent = np.full(len(old), ABSTAIN, dtype=np.int8)
    found = []
    for name in dict.fromkeys([*new_names, *old_names]):
        was = old[:, list(old_names).index(name)] if name in old_names else silent
        now = new[:, list(new_names).index(name)] if name in new_names else silent
        if name in old_names and name in new_names and np.array_equal(was, now):
            continue
        state: Literal["new", "gone", "changed"] = (
            "new" if name not in old_names else "gone" if name not in new_names else "changed"
        )
        kinds: dict[Kind, NDArray[np.bool_]] = {
            "gained": (was == ABSTAIN) & (now != ABSTAIN),
            "lost": (was != ABSTAIN) & (now == ABSTAIN),
            "flipped": (was != ABSTAIN) & (now != ABSTAIN) & (was != now),
        }
        shown = [
            VoteChange(kind, int(i), int(was[i]), int(now[i]))
            for kind, rows in kinds.items()
            for i in _some(rows, samples, seed)
        ]
        gained, lost, flipped = (int(rows.sum()) for rows in kinds.values())
        n_before, n_after = (int((votes != ABSTAIN).sum()) for votes in (was, now))
        found.append(LfChange(name, state, n_before, n_after, gained, lost, flipped, tuple(shown)))
    return sorted(found, key=lambda change: -(change.gained + change.lost + change.flipped))


def compare_decisions(before: Preds, after: Preds, gold: Gold) -> GoldChange | None:
    """What changed on rows with gold; None where no row has any."""
    from scipy.stats import binomtest

    known = gold != UNKNOWN
    if not known.any():
        return None
    was, now = (preds[known] == gold[known] for preds in (before, after))
    mended, broken = int((now & ~was).sum()), int((was & ~now).sum())
    p_value = float(binomtest(mended, mended + broken).pvalue) if mended + broken else 1.0
    return GoldChange(int(known.sum()), int(was.sum()), int(now.sum()), mended, broken, p_value)


def _some(rows: NDArray[np.bool_], count: int, seed: int) -> list[int]:
    places = np.flatnonzero(rows)
    chosen = np.random.default_rng(seed).permutation(len(places))[:count]
    return sorted(int(place) for place in places[chosen])
