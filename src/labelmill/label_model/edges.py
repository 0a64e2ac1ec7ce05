"""Which labeling functions depend on each other beyond the class that they all look for, with the evidence.

Everything is found from the exact counts of pairs of votes: once they are counted, the cost does not depend on the
number of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from labelmill.label_model import checks, dependencies
from labelmill.label_model.residuals import Compared, of_rules, of_voters

COLUMNS = ("lf_a", "lf_b", "kind", "overlap", "agreement", "expected", "excess", "z")
MOST_CODES = 3_000
"""Labeling functions times classes beyond which the models do not look for edges: tables of all pairs get large."""
_LEVEL = 0.01
"""Chance that independent labeling functions show any edge at all."""
_LEAST_EXCESS = 0.05
"""A dependence below this is too small to matter, however many rows prove it."""
_FEWEST_SOURCES = 5
"""Among four, an edge between two and one between the other two look the same."""
_MOST_REFITS, _TRIMMED, _BY_CHANCE = 8, 0.1, 1.25
"""Fits; the share of pairs, those furthest off, that a second attempt does without; and how far off, in standard
errors, the bulk of the pairs may be by chance."""
_NEAR, _GAP, _OUTSIDERS = 0.5, 2.0, 0.25
"""Pairs that the fit begins without: how near to being copies they are, how many times nearer than to outsiders,
and the quantile of all its relations by which a labeling function's relation to outsiders is judged."""
_DIGITS = 6


@dataclass(frozen=True)
class _Judged:
    """What a comparison says of each pair, m x m each."""

    expected: NDArray[np.float64]
    excess: NDArray[np.float64]
    z: NDArray[np.float64]
    clear: NDArray[np.bool_]
    bulk: float
    """How far off the bulk of the pairs is, in standard errors."""


def find_edges(
    pairs: NDArray[np.float64],
    n_rows: float,
    *,
    cardinality: int,
    lf_names: Sequence[str] | None = None,
    declared: NDArray[np.bool_] | None = None,
    forbidden: NDArray[np.bool_] | None = None,
    level: float = _LEVEL,
) -> pd.DataFrame:
    """Find the pairs of labeling functions that depend on each other, given the class.

    If labeling functions err independently, the covariances of their votes have rank k - 1. That is fitted to
    all pairs, again and again without those that stand out, until nobody else does; the fit begins without pairs that
    are much nearer to each other than to everybody else, since a group of copies would pass for the class. What a
    pair has beyond the fit is measured in standard errors of its counts and of the fit. No model is ever quite
    true: where the bulk of the pairs is further off than chance allows, an edge must stand out from that bulk.

    Parameters
    ----------
    pairs
        m * k x m * k: rows on which two votes meet, on the diagonal all rows of a vote.
    n_rows
        Rows that were counted, those without votes among them; `Moments.meetings` is both.
    cardinality
        Number of classes, k.
    lf_names
        m names; `lf_0`, `lf_1` ... if absent.
    declared
        m x m: pairs that are known to depend on each other; they are reported however they look.
    forbidden
        m x m: pairs that are known to be independent, however they look.
    level
        Chance that independent labeling functions show any edge at all (Bonferroni over all pairs).

    Returns
    -------
    One row per edge, strongest first. `kind` is

    - `copy`: nearly the same rows and votes;
    - `agree`: two vote alike beyond what the class explains, or a rule fires where another votes for its class;
    - `fire together`: two one-class rules fire on the same rows beyond what the class explains;
    - `against`: the opposite of either.

    `overlap` is the number of rows on which both vote. `agreement` is the share of these on which they vote alike, and
    `expected` what the class explains of it; where a rule takes part, both are shares of the rows of the one that votes
    less often. `excess` is the share of the possible distance from `expected` that `agreement` has gone, so about the
    rate at which one copies the other; `z` the same in standard errors.

    Notes
    -----
    Two labeling functions that vote for several classes are compared where both vote; whatever decides on which rows
    they do. Needs some pairs that are independent, and fails where most sources share one error.

    Examples
    --------
    Six sources, of which the last repeats the first on 40 % of the rows.

    >>> import numpy as np
    >>> from labelmill.label_model import Moments
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 5000)
    >>> L = np.stack([np.where(rng.random(5000) < 0.75, truth, 1 - truth) for _ in range(6)], axis=1)
    >>> L[:, 5] = np.where(rng.random(5000) < 0.4, L[:, 0], L[:, 5])
    >>> moments = Moments.of(L, 2)
    >>> find_edges(*moments.meetings, cardinality=2)[["lf_a", "lf_b", "kind"]].values.tolist()
    [['lf_0', 'lf_5', 'agree']]
    """
    k, m = cardinality, len(pairs) // cardinality
    names = checks.as_names(lf_names, m)
    pairs = np.asarray(pairs, dtype=np.float64)
    meet = dependencies.met(pairs, k, forbidden)
    groups = dependencies.copies(meet)
    allowed = ~np.eye(m, dtype=bool) if forbidden is None else ~(forbidden | np.eye(m, dtype=bool))
    same = (groups[:, None] == groups[None, :]) & allowed
    known = same if declared is None else same | declared
    parts = []
    for compared in (of_voters(pairs, k), of_rules(pairs, n_rows, k)):
        few = len(np.unique(groups[compared.usable.any(axis=1)])) < _FEWEST_SOURCES
        if not (compared.usable & allowed & (known | (not few))).any():
            continue  # nothing that could be reported: no need for a fit, which takes long with many classes
        judged = _judge(compared, known, allowed, level)
        if few:
            judged = replace(judged, clear=known & allowed)
        parts.append(_rows(compared, judged, same, meet.shared))
    table = pd.concat(parts) if parts else pd.DataFrame(columns=["i", "j", *COLUMNS[2:]])
    table = table.sort_values("z", key=lambda z: -z.abs(), kind="stable")
    ends = {f"lf_{end}": [names[p] for p in table[place]] for end, place in (("a", "i"), ("b", "j"))}
    return table.assign(**ends)[list(COLUMNS)].reset_index(drop=True)


def _judge(compared: Compared, known: NDArray[np.bool_], allowed: NDArray[np.bool_], level: float) -> _Judged:
    """Fit what the class explains, and measure what is beyond it.

    An edge among few labeling functions bends the fit until all pairs are off and none stands out. That looks like
    a model that is not true, but without the edge the others fit: if so, and only then, is the fit without it taken.
    """
    judged = _without_outstanding(compared, known, allowed, level, trimmed=0.0)
    if judged.bulk > _BY_CHANCE:
        other = _without_outstanding(compared, known, allowed, level, trimmed=_TRIMMED)
        if other.bulk <= _BY_CHANCE:
            return other
    return judged


def _without_outstanding(
    compared: Compared, known: NDArray[np.bool_], allowed: NDArray[np.bool_], level: float, *, trimmed: float
) -> _Judged:
    """Fit again and again without the pairs that stand out, and this share of those furthest off; measure all."""
    usable = np.triu(compared.usable)
    tests = max(int(usable.sum()), 1)
    bar = -ndtri(level / 2 / tests)
    left_out = (_suspects(compared) | known) & allowed
    seen: list[NDArray[np.bool_]] = []
    for _ in range(_MOST_REFITS):
        expected, variance = compared.expected(compared.fit(~left_out))
        residual = np.where(compared.usable, compared.found - expected, 0)
        z = residual / np.sqrt(variance)
        bulk = float(np.median(np.abs(z[usable]))) / ndtri(0.75)
        furthest = np.sort(np.abs(z[usable]))[::-1][: int(np.ceil(trimmed * tests))].min(initial=np.inf)
        off = np.abs(z) >= max(furthest, bar)
        z /= max(bulk, 1.0)
        room = np.where(residual > 0, compared.most - expected, expected)
        excess = residual / np.maximum(room, np.abs(residual) + 1e-12)
        clear = ((np.abs(z) > bar) & (np.abs(excess) > _LEAST_EXCESS) | known) & allowed
        seen.append(left_out)
        left_out = clear | (off & allowed)
        if any((left_out == before).all() for before in seen):
            break
    return _Judged(expected, excess, z, clear, bulk)


def _suspects(compared: Compared) -> NDArray[np.bool_]:
    """Pairs so much nearer to each other than to outsiders that the fit must begin without them."""
    near = (compared.found - compared.chance) / np.maximum(compared.most - compared.chance, 1e-12)
    near[~compared.usable] = np.nan
    none = ~compared.usable.any(axis=1)
    near[none] = 0.0
    outside = np.nanquantile(near, _OUTSIDERS, axis=1)
    suspects: NDArray[np.bool_] = (near > _NEAR) & (near > _GAP * np.maximum(outside[:, None], outside[None, :]))
    return suspects


def _rows(compared: Compared, judged: _Judged, same: NDArray[np.bool_], shared: NDArray[np.float64]) -> pd.DataFrame:
    """The pairs that stand out, as a table."""
    i, j = np.nonzero(np.triu(judged.clear & compared.usable))
    kind = np.where(judged.z[i, j] < 0, "against", np.where(compared.by_firing[i, j], "fire together", "agree"))
    most = compared.most[i, j]
    return pd.DataFrame(
        {
            "i": i,
            "j": j,
            "kind": np.where(same[i, j], "copy", kind),
            "overlap": shared[i, j].round().astype(np.int64),
            "agreement": (compared.found[i, j] / most).round(_DIGITS),
            "expected": (judged.expected[i, j] / most).round(_DIGITS),
            "excess": judged.excess[i, j].round(_DIGITS),
            "z": judged.z[i, j].round(_DIGITS),
        }
    )
