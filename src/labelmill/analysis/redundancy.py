"""Labeling functions that could be merged, and those that could go: what each adds to the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelmill.analysis.evidence import Opinion
from labelmill.arrays import ABSTAIN, UNKNOWN, Gold, LabelMatrix
from labelmill.label_model.base import LabelModel
from labelmill.label_model.dependencies import copies, overlaps
from labelmill.label_model.encoding import encode
from labelmill.labeling.summary import wilson
from labelmill.progress import progress

_LEAST_GOLD = 10
"""Votes on rows with gold below which gold speaks neither for nor against a labeling function."""


@dataclass(frozen=True)
class Part:
    """What one labeling function adds to the others, as the label model is now.

    Attributes
    ----------
    name
        Its name.
    votes
        On how many rows it votes.
    only
        On how many rows nobody else does.
    decides
        On how many other rows the decision would be another without its vote.
    """

    name: str
    votes: int
    only: int
    decides: int


@dataclass(frozen=True)
class Drop:
    """A labeling function that could go, and why."""

    name: str
    why: str


def near_copies(L: LabelMatrix, lf_names: Sequence[str], cardinality: int) -> list[tuple[str, ...]]:
    """Groups of labeling functions that vote on nearly the same rows and nearly always alike.

    The same test by which label models count copies once; see `label_model.dependencies`.

    Examples
    --------
    >>> votes = np.tile([0, 1, -1], 20)[:, None].astype(np.int8)
    >>> near_copies(np.hstack([votes, votes, 1 - abs(votes)]), ["a", "b", "c"], 2)
    [('a', 'b')]
    """
    if not L.size:
        return []
    groups = copies(overlaps(encode(np.ascontiguousarray(L), cardinality)))
    found = (np.flatnonzero(groups == group) for group in np.flatnonzero(np.bincount(groups) > 1))
    return [tuple(lf_names[int(j)] for j in members) for members in found]


def parts(L: LabelMatrix, model: LabelModel) -> list[Part]:
    """What each labeling function adds: the model decides again as if it had abstained, without being fitted anew."""
    voted = L != ABSTAIN
    alone = voted.sum(axis=1) == 1
    decided = model.predict(L)
    found = []
    for j, name in enumerate(progress(model.lf_names_, "leaving out")):
        rows = np.flatnonzero(voted[:, j] & ~alone)
        without = L[rows]
        without[:, j] = ABSTAIN
        changed = int((model.predict(without) != decided[rows]).sum()) if len(rows) else 0
        found.append(Part(name, int(voted[:, j].sum()), int((voted[:, j] & alone).sum()), changed))
    return found


def could_go(L: LabelMatrix, gold: Gold, opinion: Opinion) -> list[Drop]:
    """The labeling functions that add nothing, or that are wrong more often than a guess would be."""
    k = opinion.model.cardinality
    judged = (L != ABSTAIN) & (gold != UNKNOWN)[:, None]
    right = (judged & (gold[:, None] == L)).sum(axis=0)
    total = judged.sum(axis=0)
    high: NDArray[np.float64] = wilson(right, total)[1]
    summary = opinion.model.lf_summary_
    found = []
    for j, part in enumerate(parts(L, opinion.model)):
        told_high = float(summary["Est. Acc. High"].iloc[j])
        if part.votes == 0:
            found.append(Drop(part.name, "it votes on no row"))
        elif total[j] >= _LEAST_GOLD and high[j] < 1 / k:
            found.append(
                Drop(part.name, f"on dev gold {right[j]} of its {total[j]} votes are right: worse than a guess")
            )
        elif total[j] < _LEAST_GOLD and told_high < 1 / k:
            found.append(Drop(part.name, f"the label model takes at most {told_high:.0%} of its votes for right"))
        elif part.only == 0 and part.decides == 0:
            found.append(
                Drop(
                    part.name, f"its {part.votes:,} votes change no decision, and each row has another vote without it"
                )
            )
    return found
