"""Edges that the user declares: pairs of labeling functions that depend on each other beyond the truth."""

from collections.abc import Sequence

import numpy as np

from labelmill.errors import LabelModelError


def positions(edges: Sequence[Sequence[str | int]], lf_names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs as positions, given by name or position.

    Raises
    ------
    LabelModelError
        An edge is no pair, or names a labeling function that is not there.

    Examples
    --------
    >>> positions([("money", 0)], ["drugs", "money"])
    [(1, 0)]
    """
    found = []
    for edge in edges:
        ends = tuple(_position(lf, lf_names) for lf in edge)
        if len(set(ends)) != 2 or len(ends) != 2:
            raise LabelModelError(f"edges have {edge!r}: expected pairs of two different labeling functions.")
        found.append((ends[0], ends[1]))
    return found


def _position(lf: str | int, lf_names: Sequence[str]) -> int:
    if isinstance(lf, str) and lf in lf_names:
        return list(lf_names).index(lf)
    if isinstance(lf, int | np.integer) and 0 <= lf < len(lf_names):
        return int(lf)
    raise LabelModelError(
        f"edges name the labeling function {lf!r}, which is not there: expected a name of lf_names, "
        f"or a position from 0 to {len(lf_names) - 1}."
    )
