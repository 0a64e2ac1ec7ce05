"""Whether the rows of a batch are what section `validate` expects, with room for what chance does in few rows."""

from collections.abc import Collection
from typing import Any, Final

import pandas as pd

from labelmill.params import Params
from labelmill.quality.outcome import Outcome
from labelmill.sources.intake import Intake

CHANCE: Final = 1e-4
"""How often rows of a good feed may break a limit on a share."""


def check(new: Intake, params: Params, *, copies: int, read: int) -> tuple[Outcome, Collection[str]]:
    """Check the rows of a batch as `validate` checks the whole table.

    A share that `validate` limits may be greater in few rows, where chance alone makes it so: of 20 rows, one without a
    value is 5 %. A batch may have any number of rows.

    Parameters
    ----------
    new
        Its rows that are not known yet.
    params
        Sections `task` and `validate` are used.
    copies
        Rows that were left out as exact copies of others.
    read
        Rows that were read, those included.

    Returns
    -------
    (outcome, ids)
        What was found, and the ids of the rows that break nothing.
    """
    from labelmill.quality.validation import validate

    clean: list[pd.DataFrame] = []
    sources = dict(zip(new.frame["id"], new.provenance["source"], strict=True))
    outcome = validate(
        [new.frame.assign(split="incoming")],
        with_room_for_chance(params, rows=len(new.frame) + len(new.rejected), read=read),
        keep=clean.append,
        rejected=new.rejected,
        gold=pd.DataFrame({"id": pd.Series(dtype="str"), "label": pd.Series(dtype="int64")}),
        duplicate_rows=copies,
        read_rows=read,
        locate=lambda ids: {id_: sources[id_] for id_ in ids if id_ in sources},
    )
    return outcome, {id_ for frame in clean for id_ in frame["id"]}


def most_rejected(params: Params, *, rows: int) -> float:
    """How many of so many rows may be rejected before all of them are refused."""
    return with_room_for_chance(params, rows=rows, read=rows).validate_.max_quarantined_share * rows if rows else 0


def with_room_for_chance(params: Params, *, rows: int, read: int) -> Params:
    """The params with limits that so many good rows break once in 1 / `CHANCE` times."""
    from scipy.stats import binom

    def room(share: float, n: int) -> float:
        return share if share in (0, 1) else max(share, float(binom.isf(CHANCE, n, share)) / n)

    limits = params.validate_
    columns = {
        name: column.model_copy(update={"max_null_share": room(column.max_null_share, rows)})
        for name, column in limits.columns.items()
    }
    changes: dict[str, Any] = {
        "columns": columns,
        "min_rows": 1,
        "max_quarantined_share": room(limits.max_quarantined_share, rows),
        "max_undecoded_share": room(limits.max_undecoded_share, rows),
        "max_duplicate_share": room(limits.max_duplicate_share, read),
    }
    return params.model_copy(update={"validate_": limits.model_copy(update=changes)})
