"""Tasks for Label Studio: rows to label by hand, with what the label model says of them.

What it says stands in `predictions`, shown as the choice to start from, with its probability as `score`
(https://labelstud.io/guide/predictions); the probability of every class stands in `meta`. Rows on which no labeling
function voted, and those that are undecided, have no prediction: nothing is guessed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd

from labelmill import storage
from labelmill.errors import DataError
from labelmill.interop.named_votes import check_ids
from labelmill.interop.strict_json import as_json

CONTROL = "label"


def tasks_of(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    ids: Sequence[str] | None = None,
    probs: pd.DataFrame | None = None,
    model_version: str = "labelmill",
    control: str = CONTROL,
) -> list[dict[str, Any]]:
    """Turn rows into tasks.

    Parameters
    ----------
    frame
        Has `id` and the columns.
    columns
        Those that are shown; the choice belongs to the last one.
    ids
        Which rows, in this order; all if absent.
    probs
        The table of stage `fit_label_model`: `id`, `covered`, `pred` and `p_CLASS` for each class. Without it the
        tasks have no predictions.
    model_version
        What Label Studio calls the source of the predictions.
    control
        The name of the choices in the labeling configuration.

    Raises
    ------
    DataError
        A column or row is not there, or a value cannot be written; the message names it.

    Examples
    --------
    >>> rows = pd.DataFrame({"id": ["a"], "text": ["act now"]})
    >>> probs = pd.DataFrame({"id": ["a"], "covered": [True], "pred": [1], "p_ham": [0.1], "p_spam": [0.9]})
    >>> (task,) = tasks_of(rows, ["text"], probs=probs)
    >>> task["data"], task["predictions"][0]["score"]
    ({'id': 'a', 'text': 'act now'}, 0.9)
    """
    shown = ["id", *(name for name in columns if name != "id")]
    if missing := [name for name in shown if name not in frame.columns]:
        raise DataError(f"the rows have no column {missing[0]!r}; they have {list(frame.columns)[:20]}.")
    if len(shown) < 2:
        raise DataError("there is no column to show: name at least one beside id.")
    known = check_ids(frame["id"].tolist(), where="the rows")
    chosen = _positions(known, known if ids is None else check_ids(ids, where="the ids"), "the rows")
    rows = frame[shown].iloc[chosen]
    tasks: list[dict[str, Any]] = [
        {
            "data": {
                name: as_json(value, where=f"row {row[0]!r}: column {name!r}")
                for name, value in zip(shown, row, strict=True)
            }
        }
        for row in rows.itertuples(index=False, name=None)
    ]
    if probs is not None:
        _add_predictions(tasks, rows["id"].tolist(), probs, model_version, control, shown[-1])
    return tasks


def least_certain(probs: pd.DataFrame, n: int) -> list[str]:
    """The ids of the `n` covered rows of which the label model is least certain, least certain first.

    Parameters
    ----------
    probs
        The table of stage `fit_label_model`.
    n
        How many; all covered rows where there are fewer.

    Raises
    ------
    DataError
        The table is no such table, or `n` is negative.

    Examples
    --------
    >>> least_certain(pd.DataFrame({"id": ["a", "b"], "covered": True, "p_0": [0.1, 0.4], "p_1": [0.9, 0.6]}), 1)
    ['b']
    """
    names = _prob_columns(probs)
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
        raise DataError(f"n is {n!r}; expected how many rows to take.")
    covered = probs[probs["covered"].to_numpy(dtype=bool)]
    top = covered[names].max(axis=1)
    order = np.lexsort((covered["id"].to_numpy(dtype=object).astype(str), top.to_numpy()))  # ties by id
    return covered["id"].iloc[order[:n]].tolist()


def write_tasks(path: Path, tasks: Sequence[dict[str, Any]]) -> None:
    """Write tasks as a JSON file that Label Studio imports.

    Raises
    ------
    StorageError
        The file cannot be written; what was there is untouched.
    """
    storage.write_json(Path(path), list(tasks))


def labeling_config(classes: Sequence[str], columns: Sequence[str], *, control: str = CONTROL) -> str:
    """The labeling configuration of a project for such tasks (https://labelstud.io/tags/choices).

    Examples
    --------
    >>> print(labeling_config(["ham", "spam"], ["text"]))
    <View>
      <Text name="text" value="$text"/>
      <Choices name="label" toName="text" choice="single" required="true">
        <Choice value="ham"/>
        <Choice value="spam"/>
      </Choices>
    </View>
    <BLANKLINE>
    """
    texts = [f"  <Text name={quoteattr(name)} value={quoteattr('$' + name)}/>" for name in columns]
    choices = [f"    <Choice value={quoteattr(name)}/>" for name in classes]
    head = f'  <Choices name={quoteattr(control)} toName={quoteattr(columns[-1])} choice="single" required="true">'
    return "\n".join(["<View>", *texts, head, *choices, "  </Choices>", "</View>", ""])


def _add_predictions(
    tasks: list[dict[str, Any]], ids: list[str], probs: pd.DataFrame, model_version: str, control: str, target: str
) -> None:
    names = _prob_columns(probs)
    classes = [name.removeprefix("p_") for name in names]
    places = _positions(check_ids(probs["id"].tolist(), where="the probabilities"), ids, "the probabilities")
    covered, preds, values = (
        probs["covered"].to_numpy(dtype=bool)[places],
        probs["pred"].to_numpy()[places],
        probs[names].to_numpy(dtype=float)[places],
    )
    for task, is_covered, pred, row in zip(tasks, covered.tolist(), preds.tolist(), values.tolist(), strict=True):
        if not is_covered or pred < 0:
            continue
        choice = {"from_name": control, "to_name": target, "type": "choices", "value": {"choices": [classes[pred]]}}
        task["meta"] = {"probs": dict(zip(classes, row, strict=True))}
        task["predictions"] = [{"model_version": model_version, "score": row[pred], "result": [choice]}]


def _prob_columns(probs: pd.DataFrame) -> list[str]:
    names = [name for name in probs.columns if name.startswith("p_")]
    if missing := [name for name in ("id", "covered") if name not in probs.columns]:
        raise DataError(f"the probabilities have no column {missing[0]!r}; they have {list(probs.columns)[:20]}.")
    if not names or not np.isfinite(probs[names].to_numpy(dtype=float)).all():
        raise DataError("the probabilities need a column p_CLASS of numbers for each class.")
    return names


def _positions(known: Sequence[str], wanted: Sequence[str], what: str) -> list[int]:
    place = {row_id: i for i, row_id in enumerate(known)}
    if unknown := [row_id for row_id in wanted if row_id not in place]:
        raise DataError(f"{what} have no id {unknown[0]!r}; {len(unknown)} of {len(wanted)} ids are not there.")
    return [place[row_id] for row_id in wanted]
