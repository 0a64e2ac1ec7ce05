"""The LF summary cut by class, by month, and by who keeps the labeling functions or what they are tagged with."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.analysis.evidence import Evidence
from labelmill.arrays import ABSTAIN, UNKNOWN
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.summary import count_votes, totals, wilson

NOBODY = "(none)"
"""The group of labeling functions without an owner, or without a tag, and of rows without a date."""


def by_class(evidence: Evidence, classes: Sequence[str]) -> pd.DataFrame:
    """What is voted for each class.

    Returns
    -------
    DataFrame
        Index: the classes. LFs (those that vote for it), Votes, Coverage (share of rows with a vote for it),
        Conflicts (… and one for another class), Correct and Incorrect votes on rows with dev gold, their accuracy
        with its Wilson interval, and Recall: the share of the rows of that class, as dev gold has it, with such a vote,
        with its interval.
    """
    L, gold = evidence.L, evidence.gold
    voted, n = L != ABSTAIN, max(len(L), 1)
    lines = []
    for y, name in enumerate(classes):
        votes: NDArray[np.bool_] = np.equal(L, y)
        rows, judged = votes.any(axis=1), votes & (gold != UNKNOWN)[:, None]
        correct = votes[gold == y]
        lines.append(
            {
                "group": name,
                "LFs": [evidence.lf_names[int(j)] for j in np.flatnonzero(votes.any(axis=0))],
                "Votes": int(votes.sum()),
                "Coverage": rows.sum() / n,
                "Conflicts": (rows & (voted & ~votes).any(axis=1)).sum() / n,
                **_accuracy(int(correct.sum()), int(judged.sum())),
                **_share("Recall", int(correct.any(axis=1).sum()), len(correct)),
            }
        )
    return pd.DataFrame(lines).set_index("group")


def by_month(evidence: Evidence, months: "pd.Series[str]") -> pd.DataFrame:
    """Coverage, conflicts and accuracy of all votes, and the coverage of each labeling function, month by month.

    Parameters
    ----------
    evidence
        n rows.
    months
        The month of each row, such as 2024-05; missing where it has no date.

    Returns
    -------
    DataFrame
        Index: the months. Rows, Coverage, Overlaps, Conflicts (shares of the month's rows), Correct, Incorrect, their
        accuracy with its interval, and LFs: the coverage of each labeling function by its name.
    """
    labels = months.fillna(NOBODY).to_numpy(dtype=object)
    lines = []
    for month in sorted(set(labels)):
        rows = labels == month
        counts = count_votes(evidence.L[rows], evidence.gold[rows])
        shares = totals(counts)
        of_lfs = counts.by_class.sum(axis=1) / max(counts.rows, 1)
        lines.append(
            {
                "group": month,
                "Rows": counts.rows,
                "Coverage": shares["coverage"],
                "Overlaps": shares["overlap"],
                "Conflicts": shares["conflict"],
                **_accuracy(int(counts.correct.sum()), int(counts.judged.sum())),
                "LFs": dict(zip(evidence.lf_names, of_lfs.tolist(), strict=True)),
            }
        )
    return pd.DataFrame(lines).set_index("group")


def by_upkeep(evidence: Evidence, lfs: Sequence[LabelingFunction], *, group: str) -> pd.DataFrame:
    """What the labeling functions of each owner, or with each tag, do together.

    Parameters
    ----------
    evidence
        The votes.
    lfs
        All labeling functions, also those that do not vote now.
    group
        `owner` or `tag`; a labeling function with several tags counts under each.

    Returns
    -------
    DataFrame
        Index: owners or tags. LFs (their names), Silent (those among them that are expired, not active or not in the
        label matrix yet), Coverage (rows with a vote of the group), Alone (… and of nobody else), Conflicts (… and a
        different vote of anybody), Correct, Incorrect, their accuracy with its interval.
    """
    names: dict[str, list[str]] = {}
    for lf in lfs:
        keys = (lf.upkeep.owner or NOBODY,) if group == "owner" else (lf.upkeep.tags or (NOBODY,))
        for key in keys:
            names.setdefault(key, []).append(lf.name)
    silent = {lf.name for lf in lfs if state(lf) != "active" or lf.name not in evidence.lf_names}
    place = {name: j for j, name in enumerate(evidence.lf_names)}
    voted, n = evidence.L != ABSTAIN, max(len(evidence.L), 1)
    conflicting = _conflicting(evidence.L)
    lines = []
    for key in sorted(names, key=lambda key: (key == NOBODY, key)):
        members = [place[name] for name in names[key] if name in place]
        mine = voted[:, members].any(axis=1)
        others = np.delete(voted, members, axis=1).any(axis=1)
        counts = count_votes(evidence.L[:, members], evidence.gold)
        lines.append(
            {
                "group": key,
                "LFs": names[key],
                "Silent": [name for name in names[key] if name in silent],
                "Coverage": mine.sum() / n,
                "Alone": (mine & ~others).sum() / n,
                "Conflicts": (mine & conflicting).sum() / n,
                **_accuracy(int(counts.correct.sum()), int(counts.judged.sum())),
            }
        )
    return pd.DataFrame(lines).set_index("group")


def state(lf: LabelingFunction) -> str:
    """Whether a labeling function votes: active, inactive or expired."""
    if not lf.upkeep.active:
        return "inactive"
    return "expired" if lf.upkeep.expired() else "active"


def _conflicting(L: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which rows have two different votes."""
    lowest = np.where(L == ABSTAIN, np.int8(127), L).min(axis=1, initial=127)
    highest = L.max(axis=1, initial=ABSTAIN)
    different: NDArray[np.bool_] = (lowest < highest) & (highest != ABSTAIN)
    return different


def _accuracy(correct: int, judged: int) -> Mapping[str, float]:
    return {"Correct": correct, "Incorrect": judged - correct, **_share("Emp. Acc.", correct, judged)}


def _share(name: str, part: int, whole: int) -> dict[str, float]:
    low, high = wilson(np.array([part]), np.array([whole]))
    share = part / whole if whole else float("nan")
    return {name: share, f"{name} Low": float(low[0]), f"{name} High": float(high[0])}
