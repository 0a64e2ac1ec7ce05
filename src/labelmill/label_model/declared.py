"""Edges that the user declares: pairs of labeling functions that depend on each other beyond the truth."""

from collections.abc import Sequence

from labelmill.errors import LabelModelError


def positions(edges: Sequence[Sequence[str | int]], lf_names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs as positions, given by name or position.

    Raises
    ------
    LabelModelError
        An edge names a labeling function that is not there.

    Examples
    --------
    >>> positions([("money", 0)], ["drugs", "money"])
    [(1, 0)]
    """
    return [(_position(first, lf_names), _position(second, lf_names)) for first, second in edges]


def _position(lf: str | int, lf_names: Sequence[str]) -> int:
    if isinstance(lf, str) and lf in lf_names:
        return list(lf_names).index(lf)
    if not isinstance(lf, str) and 0 <= lf < len(lf_names):
        return int(lf)
    raise LabelModelError(
        f"edges name the labeling function {lf!r}, which is not there: expected a name of lf_names, "
        f"or a position from 0 to {len(lf_names) - 1}."
    )
