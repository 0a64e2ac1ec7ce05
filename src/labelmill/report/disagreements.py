"""The test rows on which label model and end model disagree most, with all there is to judge them by."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import paths, storage
from labelmill.arrays import ABSTAIN
from labelmill.params import TaskParams

if TYPE_CHECKING:
    from labelmill.label_model.base import LabelModel


@dataclass(frozen=True)
class Vote:
    """A vote on a row, and what the label model makes of it.

    Attributes
    ----------
    lf
        Name of the labeling function.
    label
        The class that it voted for.
    weight
        What the vote adds to the log-odds of that class against the mean of the others; None without a label model.
    """

    lf: str
    label: int
    weight: float | None


@dataclass(frozen=True)
class Disagreement:
    """One row: what it says, who voted how, what the two models make of it."""

    id: str
    month: str | None
    gold: int
    label_model: tuple[float, ...]
    end_model: tuple[float, ...]
    distance: float
    votes: tuple[Vote, ...]
    texts: tuple[tuple[str, Any], ...]


def most_disputed(
    predictions: pd.DataFrame, task: TaskParams, *, count: int, label_model: "LabelModel | None" = None
) -> list[Disagreement]:
    """The covered rows with the largest total variation distance between the two models' probabilities.

    Uncovered rows are left out: there the label model says nothing to disagree with.
    """
    columns = {system: [f"{system}:{name}" for name in task.classes] for system in ("label_model", "end_model")}
    if count == 0 or not {*columns["label_model"], *columns["end_model"]} <= {*predictions.columns}:
        return []
    rows = predictions[predictions["covered"].astype(bool)]
    probs = {system: rows[names].to_numpy(dtype=np.float64) for system, names in columns.items()}
    distance = 0.5 * np.abs(probs["label_model"] - probs["end_model"]).sum(axis=1)
    order = np.lexsort((rows["id"].astype(str), -np.round(distance, 9)))[:count]
    ids = rows["id"].astype(str).to_numpy()[order]
    votes, texts = _votes(set(ids), label_model), _texts(set(ids), task.text_columns)
    chosen = rows.iloc[order]
    return [
        Disagreement(
            id=row_id,
            month=None if pd.isna(month) else str(month),
            gold=int(gold),
            label_model=tuple(probs["label_model"][place].tolist()),
            end_model=tuple(probs["end_model"][place].tolist()),
            distance=float(distance[place]),
            votes=votes.get(row_id, ()),
            texts=texts.get(row_id, ()),
        )
        for row_id, month, gold, place in zip(ids, chosen["month"], chosen["gold"], order, strict=True)
    ]


def _votes(ids: set[str], label_model: "LabelModel | None") -> dict[str, tuple[Vote, ...]]:
    found: dict[str, tuple[Vote, ...]] = {}
    if not paths.LABEL_MATRIX.exists():
        return found
    for shard in storage.iter_shards(paths.LABEL_MATRIX):
        rows = shard[shard["id"].astype(str).isin(ids)]
        names = [str(c) for c in rows.columns if c != "id"]
        L = rows[names].to_numpy()
        # A label model of other labeling functions explains nothing here: it is from an earlier run.
        explained = label_model.explain(L) if label_model and len(L) and label_model.lf_names_ == names else None
        for i, row_id in enumerate(rows["id"].astype(str)):
            voted = [(j, int(label)) for j, label in enumerate(L[i]) if label != ABSTAIN]
            weights = [None if explained is None else _weight(explained[i, j], label) for j, label in voted]
            found[row_id] = tuple(Vote(names[j], label, w) for (j, label), w in zip(voted, weights, strict=True))
    return found


def _weight(contributions: NDArray[np.float64], label: int) -> float:
    return float(contributions[label] - np.delete(contributions, label).mean())


def _texts(ids: set[str], columns: tuple[str, ...]) -> dict[str, tuple[tuple[str, Any], ...]]:
    found: dict[str, tuple[tuple[str, Any], ...]] = {}
    if not paths.CLEAN.exists():
        return found
    for shard in storage.iter_shards(paths.CLEAN, ["id", *columns]):
        rows = shard[shard["id"].astype(str).isin(ids)]
        for row_id, *values in rows[["id", *columns]].itertuples(index=False, name=None):
            found[str(row_id)] = tuple(zip(columns, values, strict=True))
    return found
