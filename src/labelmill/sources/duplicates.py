"""Copies of one row: exact ones are dropped before anything else, near ones across splits are counted."""

import hashlib
import json
import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from labelmill.arrays import UNKNOWN
from labelmill.errors import DataError
from labelmill.sources.intake import Intake, as_read

_NO_LETTERS = re.compile(r"[\W\d_]+")
MIN_LETTERS = 50
"""Texts with fewer letters are too short to call a near copy."""


def drop_duplicates(intake: Intake, date_column: str | None = None) -> tuple[Intake, dict[str, int]]:
    """Keep one of the rows that agree in all of `intake.same_columns`; rows come out in order of id.

    The one that is kept is the earliest by date, then the one with the smallest id, so it does not
    depend on the order of files. Where copies have different gold, the gold is unknown.

    Returns
    -------
    (intake, counts)
        `duplicates`: rows dropped; `duplicates_with_two_labels`: kept rows whose copies disagree.

    Raises
    ------
    DataError
        Two rows that differ have the same id; both places are named.
    """
    table = pd.DataFrame(
        {
            "place": np.arange(len(intake.frame)),
            "key": content_keys(intake.frame, intake.same_columns),
            "id": intake.frame["id"],
            "source": intake.provenance["source"],
            "gold": intake.gold,
        }
    )
    order = ["id", "source"]
    if date_column is not None:
        table["date"] = intake.frame[date_column]
        order.insert(0, "date")
    table = table.sort_values(order, kind="stable", na_position="last")
    known = table[table["gold"] != UNKNOWN].groupby("key")["gold"]
    labels, first = known.nunique(), known.first()
    kept = table.drop_duplicates("key").sort_values("id", kind="stable")
    _check_ids(kept)
    gold = np.full(len(intake.frame), UNKNOWN, dtype=np.int64)
    agreed = first[labels == 1].reindex(kept["key"]).fillna(UNKNOWN).to_numpy(dtype=np.int64)
    gold[kept["place"].to_numpy()] = agreed
    counts = {"duplicates": len(table) - len(kept), "duplicates_with_two_labels": int((labels > 1).sum())}
    return intake.take(kept["place"].to_numpy(), gold), counts


def near_duplicates(texts: pd.Series, splits: pd.Series) -> dict[str, int]:
    """For each pair of splits, the rows of the second whose letters alone are those of a row of the first."""
    keys = texts.map(_letters_key)
    present = [split for split in ("train", "dev", "gate", "test", "incoming") if (splits == split).any()]
    by_split = {split: keys[(splits == split) & keys.notna()] for split in present}
    return {f"{a}_{b}": int(by_split[b].isin(set(by_split[a])).sum()) for a, b in combinations(present, 2)}


def _letters_key(text: str) -> str | None:
    letters = _NO_LETTERS.sub("", text.casefold())
    return hashlib.sha256(letters.encode()).hexdigest() if len(letters) >= MIN_LETTERS else None


def content_keys(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """For each row a hash of what is in these columns: equal for copies."""
    values = zip(*(frame[column].astype(object).tolist() for column in columns), strict=True)
    return [hashlib.sha256(json.dumps(row, default=str).encode()).hexdigest() for row in values]


def _check_ids(kept: pd.DataFrame) -> None:
    twice = kept[kept["id"].duplicated(keep=False)]
    if len(twice):
        first = min(twice["source"], key=as_read)
        id_ = twice.loc[twice["source"] == first, "id"].iloc[0]
        places = sorted(twice.loc[twice["id"] == id_, "source"], key=as_read)[:2]
        raise DataError(
            f"{places[0]} and {places[1]}: have the same id {id_!r} but differ. {twice['id'].nunique():,} ids are "
            "there more than once. Make them unique, or leave out ingest.id_column in params.yaml."
        )
