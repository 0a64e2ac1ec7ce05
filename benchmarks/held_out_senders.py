"""Choose end model settings without gold: `python path/to/benchmarks/held_out_senders.py` in a finished project.

Train rows are grouped by mailing list, else by sender; groups are dealt to folds. Each fold is predicted by an end
model that learned from the other folds, so that words which merely name a list or a sender mislead it, as those of
new ones would. It is held to the label model's answer where that is sure: agreement, not truth, but no gold is read.
Beware of columns that labeling functions vote on: with them a model may agree by learning those functions by heart.
The table has one row per variant of `featurize` and `train`; without `--variant`, single changes of those in force.

    --variant "train.targets=soft featurize.letter_ngrams=0" --variant "featurize.numeric_columns=[]"
"""

import argparse
import contextlib
import datetime as dt
import hashlib
import json
import logging
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from ruamel.yaml import YAML

from labelmill import paths, storage
from labelmill.end_model.features import Featurizer
from labelmill.end_model.train import confidence, fit, held_out
from labelmill.errors import DataError, LabelmillError, ParamsError
from labelmill.params import Params, load_params, parse_params
from labelmill.progress import progress
from labelmill.quality.metrics import balanced_accuracy, f1, judge, pr_auc
from labelmill.settings import load_settings
from labelmill.tracking.provenance import git_state

SURE = 0.85
"""The label model's answer counts where its probability is above this."""

IN_FORCE = "in force"
SECTIONS = ("featurize", "train")

CHANGES = (
    *("train.targets=soft", "train.targets=hard", "featurize.letter_ngrams=0", "featurize.letter_ngrams=4"),
    *("featurize.join_texts=false", "featurize.join_texts=true", "featurize.numeric_columns=[]"),
    *("featurize.text_shape=true", "featurize.text_shape=false"),
    *("train.confidence_power=0.75", "train.confidence_power=0.0"),
    *("train.class_weight=balanced", "train.class_weight=none"),
)
"""Tried one at a time; of two that are opposites, one is in force already and left out."""


def changed(params: Params, text: str) -> Params:
    """`params` with the settings of `text`, such as `train.targets=soft featurize.numeric_columns=[a, b]`."""
    content: dict[str, Any] = params.model_dump(mode="json", by_alias=True)
    for assignment in re.split(r"\s+(?=\S+=)", text.strip()):
        key, equals, value = assignment.partition("=")
        section, _, name = key.partition(".")
        if not equals or section not in SECTIONS:
            raise ParamsError(f"{assignment!r}: expected featurize.KEY=VALUE or train.KEY=VALUE.")
        content[section][name] = YAML(typ="safe").load(value)
    return parse_params(content, where=f"{text!r}")


def single_changes(params: Params) -> dict[str, Params]:
    """The settings in force, and beside them each change that makes a difference."""
    decay = params.train.weight_decay
    texts = [*CHANGES, f"train.weight_decay={decay * 10:g}", f"train.weight_decay={decay / 10:g}"]
    variants = {text: changed(params, text) for text in texts}
    return {IN_FORCE: params} | {text: variant for text, variant in variants.items() if variant != params}


def train_rows(group: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame, "pd.Series[str]"]:
    """Covered train rows, their labels, and the group of each. These two tables are all that is read."""
    rows, labels = storage.read_shards(paths.CLEAN), storage.read_shards(paths.PROBS)
    if not rows["id"].equals(labels["id"]):
        raise DataError(f"{paths.CLEAN} and {paths.PROBS} are of different rows. Run `dvc repro`.")
    absent = [column for column in group if column not in rows]
    if absent:
        raise DataError(f"--group: no column {', '.join(absent)}. Columns are: {', '.join(rows.columns)}.")
    kept = ((rows["split"] == "train") & labels["covered"]).to_numpy()
    rows, labels = rows[kept].reset_index(drop=True), labels[kept].reset_index(drop=True)
    names = pd.Series(pd.NA, index=rows.index, dtype="string")
    for column in (*group, "id"):
        names = names.fillna(rows[column].astype("string"))
    return rows, labels, names


def folds_of(groups: "pd.Series[str]", n_folds: int) -> NDArray[np.int64]:
    """Fold of each row: by the hash of its group, so that a group is never on both sides."""
    numbers = {name: int(hashlib.md5(name.encode()).hexdigest(), 16) % n_folds for name in groups.unique()}
    return groups.map(numbers).to_numpy(np.int64)


def predictions(
    variants: dict[str, Params], rows: pd.DataFrame, labels: pd.DataFrame, folds: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Probabilities of each row, n x k, by a model that saw no row of its fold; for each variant."""
    task = next(iter(variants.values())).task
    probs = labels[[f"p_{name}" for name in task.classes]].to_numpy(np.float64)
    decided = (labels["pred"] >= 0).to_numpy()
    settings = load_settings()
    found = {name: np.zeros_like(probs) for name in variants}
    # Each kind of features once for each fold: making them takes longer than learning from them.
    kinds = dict.fromkeys(params.featurize for params in variants.values())
    for featurize, fold in progress(list(product(kinds, np.unique(folds))), "predicting held-out groups"):
        learn, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        featurizer = Featurizer(featurize, text_columns=task.text_columns, hidden_columns=task.hidden_columns)
        X = featurizer.fit(rows.iloc[learn]).transform(rows)
        for name, params in variants.items():
            if params.featurize != featurize:
                continue
            weights = confidence(probs[learn], params.train.confidence_power)
            if params.train.targets == "hard":
                weights = np.where(decided[learn], weights, 0.0)
            model = fit(
                X[learn],
                probs[learn],
                weights,
                params.train,
                seed=task.seed,
                classes=task.classes,
                valid=held_out(rows["id"].iloc[learn], params.train.valid_share),
                threads=settings.threads,
                accelerator=settings.accelerator,
                devices=settings.devices,
            )
            found[name][held] = model.predict_proba(X[held])
    return found


def scores(
    reference: NDArray[np.int64], probs: NDArray[np.float64], *, positive: int, positive_share: float
) -> dict[str, float]:
    """Agreement with the reference; F1 and PR-AUC as if `positive_share` of the rows were positive."""
    judged = judge(reference, probs, positive=positive)
    found, rest = judged.positive, ~judged.positive
    alarms = int((judged.called & rest).sum())
    share = found.mean()
    weights = np.where(found, positive_share / share, (1 - positive_share) / (1 - share))[None, :]
    return {
        "alarms": alarms,
        "false_alarms": alarms / rest.sum(),
        "recall": float(judged.called[found].mean()),
        "balanced_accuracy": float(balanced_accuracy(judged, np.ones_like(weights))[0]),
        "f1": float(f1(judged, weights)[0]),
        "pr_auc": float(pr_auc(judged, weights)[0]),
    }


def report(variants: dict[str, Params], *, group: Sequence[str], n_folds: int, positive_share: float) -> str:
    """The table, and above it what it was made of."""
    params = next(iter(variants.values()))
    rows, labels, groups = train_rows(group)
    folds = folds_of(groups, n_folds)
    probs = labels[[f"p_{name}" for name in params.task.classes]].to_numpy(np.float64)
    sure = probs.max(axis=1, initial=0.0) > SURE
    reference = probs.argmax(axis=1)[sure]
    positive = params.task.positive_index
    name = params.task.classes[positive]
    if len(np.unique(folds)) < 2 or len(np.unique(reference == positive)) < 2:
        raise DataError(
            f"{len(rows):,} covered train rows in {groups.nunique():,} groups, {sure.sum():,} sure labels, "
            f"{(reference == positive).sum():,} of them {name}: rows of two folds, {name} and other, are needed."
        )
    lines = [
        f"{len(rows):,} covered train rows in {groups.nunique():,} groups ({', '.join(group)}), {n_folds} folds; "
        f"scored on the {sure.sum():,} that the label model is more than {SURE:.0%} sure of "
        f"({(reference == positive).sum():,} {name}); F1 and PR-AUC as if {positive_share:.1%} were {name}.",
        "",
        f"In force: `{json.dumps({part: getattr(params, part).model_dump(mode='json') for part in SECTIONS})}`",
        "",
        f"| settings | false alarms | recall of {name} | balanced accuracy | F1 | PR-AUC |",
        "|---|---|---|---|---|---|",
    ]
    for variant, predicted in predictions(variants, rows, labels, folds).items():
        of = scores(reference, predicted[sure], positive=positive, positive_share=positive_share)
        cells = [f"{of[key]:.3f}" for key in ("recall", "balanced_accuracy", "f1", "pr_auc")]
        alarms = f"{of['false_alarms']:.3f} ({of['alarms']:,})"
        lines.append(f"| {variant} | " + " | ".join([alarms, *cells]).replace("nan", "–") + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path(), help="project folder")
    parser.add_argument("--group", nargs="+", default=["list_id", "sender_domain"], help="first that a row has counts")
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--positive-share", type=float, default=0.15, help="share of positive rows where it is used")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change it in every variant")
    parser.add_argument(
        "--variant", action="append", metavar="SETTINGS", help="a row of the table, beside those in force"
    )
    parser.add_argument("--out", type=Path, help="also write the table to this file, with day and commit")
    options = parser.parse_args()
    if options.folds < 2 or not 0 < options.positive_share < 1:
        parser.error("expected at least 2 folds, and a share of positive rows between 0 and 1")
    logging.basicConfig(level=logging.ERROR)
    out = options.out.resolve() if options.out else None
    commit, _ = git_state(Path(__file__).parent)  # now: the work tree may move on while models are fitted
    with contextlib.chdir(options.project):
        params = load_params()
        for text in options.set:
            params = changed(params, text)
        chosen = options.variant
        variants = {IN_FORCE: params} | {t: changed(params, t) for t in chosen} if chosen else single_changes(params)
        text = report(variants, group=options.group, n_folds=options.folds, positive_share=options.positive_share)
    print(text)
    if out:
        made = f"{dt.date.today()}, labelmill {commit[:12] if commit else version('labelmill')}"
        storage.write_text(out, f"# Settings of the end model on held-out lists and senders\n\n{made}.\n\n{text}")


if __name__ == "__main__":
    try:
        main()
    except LabelmillError as error:
        sys.exit(str(error))
