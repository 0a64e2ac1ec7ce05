"""Rows that show what a diagnosis says, with their texts: ids alone convince nobody."""

from collections.abc import Iterable, Sequence

import pandas as pd

from labelmill import paths, storage
from labelmill.arrays import ABSTAIN
from labelmill.params import TaskParams
from labelmill.quality.drift.findings import Diagnosis
from labelmill.quality.drift.rows import Rows
from labelmill.quality.watched import SampleRow, Shown
from labelmill.report.text import shortened

SHOWN = 5
"""Rows of each side of a diagnosis."""
TEXT_LIMIT = 600
"""Characters of a text column that are kept."""


def samples_of(
    diagnoses: Sequence[Diagnosis], window: Rows, task: TaskParams, *, lf_names: Sequence[str]
) -> tuple[Shown, ...]:
    """The sample rows of each diagnosis, in the same order."""
    before = {id_ for diagnosis in diagnoses for id_ in diagnosis.before[:SHOWN]}
    lfs = {diagnosis.subject for diagnosis in diagnoses if diagnosis.subject in lf_names}
    new = _rows(_of_window(window, diagnoses, lfs, lf_names), task)
    old = _rows(_of_training(before, lfs, task), task)
    return tuple(
        Shown(
            tuple(_sample(new[id_], diagnosis, task) for id_ in diagnosis.rows[:SHOWN] if id_ in new),
            tuple(_sample(old[id_], diagnosis, task) for id_ in diagnosis.before[:SHOWN] if id_ in old),
        )
        for diagnosis in diagnoses
    )


def _of_window(
    window: Rows, diagnoses: Sequence[Diagnosis], lfs: Iterable[str], lf_names: Sequence[str]
) -> pd.DataFrame:
    votes = pd.DataFrame({_column(lf): window.L[:, list(lf_names).index(lf)] for lf in sorted(lfs)})
    wanted = window.frame["id"].isin({id_ for diagnosis in diagnoses for id_ in diagnosis.rows[:SHOWN]})
    return pd.concat([window.frame, votes], axis=1)[wanted]


def _of_training(ids: set[str], lfs: Iterable[str], task: TaskParams) -> pd.DataFrame:
    """Rows of training by id, with the votes of some labeling functions."""
    if not ids:
        return pd.DataFrame({"id": []})
    columns = ["id", *sorted(lfs)]
    parts, left = [], set(ids)
    for shard, votes in zip(storage.list_shards(paths.CLEAN), storage.list_shards(paths.LABEL_MATRIX), strict=True):
        wanted = storage.read_table(shard.file, ["id"])["id"].isin(left)
        if wanted.any():
            rows = storage.read_table(shard.verified()).loc[wanted]
            said = storage.read_table(votes.verified(), columns).loc[wanted]
            said = said.rename(columns={lf: _column(lf) for lf in columns[1:]})
            parts.append(rows[[name for name in ("id", *task.text_columns) if name in rows]].merge(said))
            left -= {*rows["id"]}
        if not left:
            break
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"id": []})


def _rows(frame: pd.DataFrame, task: TaskParams) -> dict[str, "pd.Series[object]"]:
    return {str(row["id"]): row for _, row in frame.iterrows()}


def _sample(row: "pd.Series[object]", diagnosis: Diagnosis, task: TaskParams) -> SampleRow:
    texts = {
        name: shortened(row[name] if pd.notna(row[name]) else None, TEXT_LIMIT)
        for name in task.text_columns
        if name in row
    }
    vote = row.get(_column(diagnosis.subject))
    said = None if vote is None else "abstains" if int(str(vote)) == ABSTAIN else task.classes[int(str(vote))]
    return SampleRow(str(row["id"]), texts, said)


def _column(lf: str) -> str:
    """A labeling function may be called as a column of the rows is."""
    return f"vote of {lf}"
