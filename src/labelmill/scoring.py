"""Scores for rows, by the newest end model or by the champion."""

from pathlib import Path

import pandas as pd

from labelmill import paths
from labelmill.end_model.features import Featurizer
from labelmill.end_model.model import EndModel
from labelmill.errors import DataError, PromotionError
from labelmill.params import Params
from labelmill.quality.champion import Champion, load_champion
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
    found = load_champion() if champion else None
    if champion and found is None:
        raise PromotionError("there is no champion yet. Make the first with `labelmill promote --first`.")
    scored = score_rows(intake.frame, found)
    probs = scored.drop(columns="id")
    scored.insert(1, "pred", probs.columns.str.removeprefix("p_")[probs.to_numpy().argmax(axis=1)])
    return scored


def score_rows(frame: pd.DataFrame, champion: Champion | None) -> pd.DataFrame:
    """How likely each class is for rows that are in memory.

    Parameters
    ----------
    frame
        `id` and the data columns.
    champion
        Who scores; None for the newest end model.

    Returns
    -------
    DataFrame
        One row per row: `id`, `p_<class>` for each class.
    """
    folders = (paths.FEATURIZER, paths.END_MODEL)
    if champion is not None:
        folders = (champion.folder / "featurizer", champion.folder / "end_model")
    featurizer, model = Featurizer.load(folders[0]), EndModel.load(folders[1])
    model.check_featurizer(featurizer.hash)
    probs = model.predict_proba(featurizer.transform(frame.reset_index(drop=True)))
    scored = pd.DataFrame(probs, columns=[f"p_{name}" for name in model.classes])
    scored.insert(0, "id", frame["id"].to_numpy())
    return scored
