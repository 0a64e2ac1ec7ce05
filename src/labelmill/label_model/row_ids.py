"""Ids of rows in a data frame of votes, which are no votes."""

from collections.abc import Sequence

import pandas as pd

from labelmill.arrays import ABSTAIN
from labelmill.errors import LabelModelError

_ID = "id"


def without_ids(frame: pd.DataFrame, cardinality: int, lf_names: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a data frame of votes without its column `id`, as the table of stage `label` has it.

    It stays where `lf_names` has it. Texts are ids; so are whole numbers that are all different and not all votes.

    Raises
    ------
    LabelModelError
        The column may as well be the votes of a labeling function.
    """
    if _ID not in frame.columns or _ID in (lf_names or ()):
        return frame
    ids = frame[_ID]
    if isinstance(ids, pd.Series):  # not several columns of that name
        numbers = pd.api.types.is_integer_dtype(ids) and not ids.between(ABSTAIN, cardinality - 1).all()
        if ids.empty or pd.api.types.infer_dtype(ids) == "string" or (numbers and ids.is_unique):
            return frame.drop(columns=_ID)
    raise LabelModelError(
        f"L is a data frame with a column {_ID!r} of {frame.dtypes[_ID]}, which may be ids or the votes of a labeling "
        f"function. If these are ids, leave them out: L.drop(columns={_ID!r}). If they are votes, give the column "
        "another name, or lf_names."
    )
