"""From `params.yaml` to the reader that it names."""

from pathlib import Path

import numpy as np

from labelmill.errors import DataError
from labelmill.params import Params
from labelmill.sources.corpus import read_corpus
from labelmill.sources.generated import NEWSLETTER, mails
from labelmill.sources.intake import Intake, provenance, rejections
from labelmill.sources.mail_files import SAME_COLUMNS, read_mails
from labelmill.sources.table_files import SUFFIXES
from labelmill.sources.tables import read_tables


def read(params: Params, *, corpus_cache: Path, labeled: bool = True) -> Intake:
    """All rows of `ingest.source`, with where they came from and, if `labeled`, their gold."""
    match params.ingest.source:
        case "spamassassin":
            intake = read_corpus(params, corpus_cache)
        case "generated":
            intake = _generated(params)
        case "mail":
            intake = read_mails(params)
        case _:
            intake = read_tables(params, labeled=labeled)
    _check_dates(intake, params)
    return intake


def read_file(file: Path, params: Params, *, dated: bool) -> Intake:
    """Rows of another file than the source, read as the source would be; gold that stands in it is left aside.

    Parameters
    ----------
    file
        A table by its ending (.csv, .tsv, .jsonl, .parquet, .csv.gz ...); any other file or folder is read as mails.
    params
        The project's params; `ingest` says how tables are read.
    dated
        Whether the date column of the project must be there.

    Raises
    ------
    DataError
        There is no such file, or it cannot be read.
    NothingToDoError
        There is no row in it.
    """
    if not file.exists():
        raise DataError(f"{file}: there is no such file.")
    kind = next((kind for kind, ends in SUFFIXES.items() if file.name.lower().endswith(ends)), "mail")
    changes: dict[str, object] = {"source": kind, "path": str(file)}
    if kind == "mail":
        changes["label_column"] = None
    if not dated:
        changes["splits"] = params.ingest.splits.model_copy(update={"date_column": None, "test_from": None})
    own = params.model_copy(update={"ingest": params.ingest.model_copy(update=changes)})
    try:
        return read(own, corpus_cache=Path(), labeled=False)
    except DataError as error:
        if kind != "mail" or file.is_dir() or params.ingest.source not in SUFFIXES:
            raise
        endings = ", ".join(ending for ends in SUFFIXES.values() for ending in ends)
        raise DataError(f"{error} It was read as a mail: its name has no ending of a table ({endings}).") from error


def _generated(params: Params) -> Intake:
    classes = params.task.classes
    third = NEWSLETTER if set(classes) == {"ham", "spam", NEWSLETTER} else None
    if len(classes) != 2 and third is None:
        raise DataError(
            "params.yaml: ingest.source: generated makes ham and spam; task.classes must name two classes, or "
            f"ham, spam and {NEWSLETTER}, found {', '.join(classes)}."
        )
    frame, gold = mails(params.ingest.rows, params.task.seed, newsletters=third is not None)
    if third is not None:
        gold = np.array([classes.index(name) for name in ("ham", "spam", NEWSLETTER)])[gold]
    sources = [f"generated:{number}" for number in range(len(frame))]
    return Intake(frame, gold, provenance(sources), rejections([]), SAME_COLUMNS)


def _check_dates(intake: Intake, params: Params) -> None:
    column = params.ingest.splits.date_column
    if column is not None and str(intake.frame.dtypes.get(column)) != "datetime64[us, UTC]":
        dates = [name for name, kind in intake.frame.dtypes.items() if "datetime" in str(kind)]
        raise DataError(
            f"params.yaml: ingest.splits.date_column is {column!r}, not a column of dates. Those are: {dates}."
        )
