"""Whether the champion is worse than it was, by gold: rows that people labeled, long after they came."""

from labelmill.quality.drift.findings import Diagnosis

LEAST_JUDGED = 50
"""Of fewer rows on either side nothing is told."""

LEVEL = 0.001
"""The same rows are looked at again whenever more of them have gold."""


def worse_on_gold(now: tuple[int, int], before: tuple[int, int], *, margin: float) -> Diagnosis | None:
    """The diagnosis `harmful`, where the champion is right on fewer rows than chance allows, by more than a margin.

    Parameters
    ----------
    now, before
        On how many rows the champion is right, and of how many: of new rows, and of the reference.
    margin
        The loss of accuracy that matters.

    Returns
    -------
    Diagnosis or None
        Confirmed, since the gold of many windows is behind it.

    Examples
    --------
    >>> worse_on_gold((60, 100), (190, 200), margin=0.03).reason
    'the champion is right on 60.0% of 100 new rows with gold, before: 95.0% of 200.'
    >>> worse_on_gold((90, 100), (190, 200), margin=0.03) is None
    True
    """
    if min(now[1], before[1]) < LEAST_JUDGED or before[0] / before[1] - now[0] / now[1] <= margin:
        return None
    from scipy.stats import fisher_exact

    table = [[right, rows - right] for right, rows in (now, before)]
    if fisher_exact(table, alternative="less").pvalue >= LEVEL:
        return None
    reason = (
        f"the champion is right on {now[0] / now[1]:.1%} of {now[1]:,} new rows with gold, before: "
        f"{before[0] / before[1]:.1%} of {before[1]:,}."
    )
    return Diagnosis("harmful", "on gold", reason, confirmed=True)
