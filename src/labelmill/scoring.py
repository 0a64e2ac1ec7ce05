"""Scores for the rows of a file, by the newest end model or by the champion."""

from pathlib import Path

import pandas as pd

from labelmill import paths
from labelmill.end_model.features import Featurizer
from labelmill.end_model.model import EndModel
from labelmill.errors import DataError, PromotionError
from labelmill.params import Params
from labelmill.quality.champion import load_champion
from labelmill.sources import reading
from labelmill.sources.table_files import SUFFIXES


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
    intake = reading.read(_reading_params(file, params), corpus_cache=paths.CACHE)
    if len(intake.rejected):
        first = intake.rejected.iloc[0]
        more = f", nor can {len(intake.rejected) - 1:,} more" if len(intake.rejected) > 1 else ""
        raise DataError(f"{first['source']}: cannot be read{more}: {first['reason']}. Correct or remove it.")
    featurizer, model = _load(champion=champion)
    probs = model.predict_proba(featurizer.transform(intake.frame))
    scored = pd.DataFrame(probs, columns=[f"p_{name}" for name in model.classes])
    scored.insert(0, "id", intake.frame["id"].to_numpy())
    scored.insert(1, "pred", [model.classes[best] for best in probs.argmax(axis=1)])
    return scored


def _reading_params(file: Path, params: Params) -> Params:
    """The params of a project whose source is this file, gold left aside."""
    kind = next((kind for kind, ends in SUFFIXES.items() if file.name.lower().endswith(ends)), "mail")
    if not file.exists():
        raise DataError(f"{file}: there is no such file.")
    splits = params.ingest.splits.model_copy(update={"date_column": None, "test_from": None})
    ingest = params.ingest.model_copy(
        update={"source": kind, "path": str(file), "label_column": None, "splits": splits}
    )
    return params.model_copy(update={"ingest": ingest})


def _load(*, champion: bool) -> tuple[Featurizer, EndModel]:
    folders = (paths.FEATURIZER, paths.END_MODEL)
    if champion:
        found = load_champion()
        if found is None:
            raise PromotionError("there is no champion yet. Make the first with `labelmill promote --first`.")
        folders = (found.folder / "featurizer", found.folder / "end_model")
    featurizer, model = Featurizer.load(folders[0]), EndModel.load(folders[1])
    model.check_featurizer(featurizer.hash)
    return featurizer, model
