"""Scores for the rows of a file, by the newest end model or by the champion."""

from pathlib import Path

import pandas as pd

from labelmill.errors import DataError, PromotionError
from labelmill.params import Params
from labelmill.quality.champion import Champion, load_champion, load_model
from labelmill.sources import reading


def score(file: Path, params: Params, *, champion: bool = False) -> pd.DataFrame:
    """Read rows as `ingest` would and say how likely each class is.

    Parameters
    ----------
    file
        A table by its ending (.csv, .tsv, .jsonl, .parquet, .csv.gz ...); any other file or folder is read as mails.
    params
        The project's params; `ingest` says how tables are read.
    champion
        Whether the champion scores, instead of the newest end model.

    Returns
    -------
    DataFrame
        One row per row read: `id`, `pred` (class name), `p_<class>` for each class.

    Raises
    ------
    DataError
        The file cannot be read, or a row of it; nothing is left out silently.
    PromotionError
        There is no champion.
    """
    intake = reading.read_file(file, params, dated=False)
    if len(intake.rejected):
        first = intake.rejected.iloc[0]
        more = f", nor can {len(intake.rejected) - 1:,} more" if len(intake.rejected) > 1 else ""
        raise DataError(f"{first['source']}: cannot be read{more}: {first['reason']}. Correct or remove it.")
    in_charge = load_champion() if champion else None
    if champion and in_charge is None:
        raise PromotionError("there is no champion yet. Make the first with `labelmill promote --first`.")
    return score_frame(intake.frame, champion=in_charge)


def score_frame(frame: pd.DataFrame, *, champion: Champion | None) -> pd.DataFrame:
    """Say for each row of a frame how likely each class is.

    Parameters
    ----------
    frame
        Rows as `ingest` reads them, with `id` and the text columns of the task.
    champion
        The champion that scores, as `load_champion` gave it; None for the newest end model.

    Returns
    -------
    DataFrame
        One row per row of the frame: `id`, `pred` (class name), `p_<class>` for each class of the model.
    """
    featurizer, model = load_model(champion)
    probs = model.predict_proba(featurizer.transform(frame.reset_index(drop=True)))
    scored = pd.DataFrame(probs, columns=[f"p_{name}" for name in model.classes])
    scored.insert(0, "id", frame["id"].to_numpy())
    scored.insert(1, "pred", [model.classes[best] for best in probs.argmax(axis=1)])
    return scored
