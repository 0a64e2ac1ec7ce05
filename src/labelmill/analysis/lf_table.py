"""One row for each labeling function: the LF summary, what the label model made of it, and who keeps it."""

import pandas as pd

from labelmill import label_model, paths, storage
from labelmill.analysis.breakdown import state
from labelmill.errors import LabelmillError
from labelmill.labeling.loading import load_all_lfs
from labelmill.labeling.upkeep import Upkeep
from labelmill.params import Params
from labelmill.storage.atomic import missing

_ESTIMATES = ["Est. Acc.", "Est. Acc. Low", "Est. Acc. High"]


def lf_table(params: Params) -> tuple[pd.DataFrame, list[str]]:
    """The summary as stage `label` last wrote it, with what is known beside it.

    Returns
    -------
    (DataFrame, notes)
        Index: names. The columns of `reports/lf_summary.csv`; Microseconds per row where it was computed here;
        Est. Acc. with its interval where there is a label model
        of these labeling functions; State (active, inactive, expired, gone), Owner, Tags, Expires, Why as `lfs/` has
        them now. Labeling functions that did not vote stand below, without numbers. The notes say what is amiss.

    Raises
    ------
    StorageError
        Stage `label` was not run.
    """
    if not paths.LF_SUMMARY.is_file():
        raise missing(paths.LF_SUMMARY)
    table = pd.read_csv(paths.LF_SUMMARY, index_col=0)
    table.index = table.index.astype(str)
    notes: list[str] = []
    table = _with_estimates(_with_times(table), notes)
    return _with_upkeep(table, params, notes), notes


def _with_times(table: pd.DataFrame) -> pd.DataFrame:
    file = paths.main_project() / paths.LF_TIMES
    times = storage.read_json(file) if file.is_file() else {}
    return table.assign(Microseconds=[times.get(name) for name in table.index]) if times else table


def _with_estimates(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    if not paths.LABEL_MODEL.exists():
        notes.append("no label model is fitted yet, so accuracies are not estimated; `labelmill run` fits one")
        return table
    model = label_model.load(paths.LABEL_MODEL)
    if model.lf_names_ != list(table.index):
        notes.append(
            "the label model is of other labeling functions; `labelmill run --from label --to fit_label_model` "
            "brings both to one state"
        )
        return table
    found = model.lf_summary_[_ESTIMATES].where(model.lf_summary_["Votes"] > 0)
    return table.join(found)


def _with_upkeep(table: pd.DataFrame, params: Params, notes: list[str]) -> pd.DataFrame:
    try:
        lfs = {lf.name: lf for lf in load_all_lfs(paths.LFS, params.task.cardinality, classes=params.task.classes)}
    except LabelmillError as error:
        notes.append(f"lfs/ cannot be loaded, so who keeps what is not known: {error}")
        return table.assign(State="unknown", Owner=None, Tags=None, Expires=None, Why=None)
    unseen = [name for name, lf in lfs.items() if name not in table.index and lf.upkeep.active]
    if unseen:
        notes.append(f"not in the label matrix yet: {', '.join(unseen)}; `labelmill run --from label` takes them over")
    table = table.reindex([*table.index, *(name for name in lfs if name not in table.index and name not in unseen)])
    kept = [lfs[name].upkeep if name in lfs else Upkeep() for name in table.index]
    return table.assign(
        State=[state(lfs[name]) if name in lfs else "gone" for name in table.index],
        Owner=[upkeep.owner for upkeep in kept],
        Tags=[list(upkeep.tags) for upkeep in kept],
        Expires=[upkeep.expires and upkeep.expires.isoformat() for upkeep in kept],
        Why=[upkeep.why for upkeep in kept],
    )
