"""A small project with the outputs of every stage, written by hand, so that the report needs no other part."""

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.params import Params
from labelmill.report import write_report

HOSTILE = (
    "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'> & \u202etxet\u202c "
    "\x1b[31mred\x1b[0m \x00 </td></article> \u2066isolated\u2069 {{ 7 * 7 }} 'quoted' \"double\""
)
"""Text that does harm wherever it is not escaped."""

SYSTEMS = ("end_model", "label_model", "majority_vote", "best_lf", "gold_dev", "gold_train")
METRICS = ("balanced_accuracy", "f1", "pr_auc", "roc_auc", "accuracy", "ece")
SLICES = ("all", "covered", "uncovered")
N = 120


def make_params(k: int) -> Params:
    classes = {2: ["ham", "spam"], 3: ["<b>low</b>", "mid|dle", "high"]}[k]
    return Params.model_validate(
        {
            "task": {"name": "toy", "classes": classes, "text_columns": ["title", "body"], "seed": 3},
            "ingest": {"source": "generated"},
            "evaluate": {"disagreements": 8},
        }
    )


def write_project(k: int) -> Params:
    """Fill the current folder; the same k gives the same files."""
    params, rng = make_params(k), np.random.default_rng(k)
    gold = rng.integers(0, k, N)
    lf_names = ["words_of_money", *(f"lf_{j}" for j in range(5)), "shouting"]
    right = rng.random((N, 7)) < 0.8
    votes = np.where(right, gold[:, None], rng.integers(0, k, (N, 7)))
    L = np.where(rng.random((N, 7)) < 0.35, votes, -1).astype(np.int8)
    L[0] = -1
    rows = write_rows(L, lf_names)
    write_labels(L, lf_names, gold, params)
    write_scores(params, rows, gold, rng)
    return params


def write_rows(L: np.ndarray, lf_names: list[str]) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "id": [f"row{i:03d}" for i in range(N)],
            "split": ["test" if i % 2 else "train" for i in range(N)],
            "title": [HOSTILE if i % 3 else None for i in range(N)],
            "body": [f"{i} {HOSTILE}\nsecond line " + "long " * 600 for i in range(N)],
        }
    )
    with storage.shard_writer(paths.CLEAN) as write, storage.shard_writer(paths.LABEL_MATRIX) as write_votes:
        for part in (slice(0, 50), slice(50, N)):
            write(rows[part])
            write_votes(pd.DataFrame({"id": rows["id"][part], **dict(zip(lf_names, L[part].T, strict=True))}))
    storage.write_table(paths.QUARANTINE, pd.DataFrame({"id": ["x"], "reason": ["too long"]}))
    return rows


def write_labels(L: np.ndarray, lf_names: list[str], gold: np.ndarray, params: Params) -> None:
    from labelmill.label_model import AnchoredPrecision
    from labelmill.labeling.summary import lf_summary

    dev = np.where(np.arange(N) < 40, gold, -1)
    summary = lf_summary(L, lf_names=lf_names, gold=dev).assign(Errors=0)
    storage.write_text(paths.LF_SUMMARY, summary.to_csv())
    AnchoredPrecision(cardinality=params.task.cardinality).fit(L, lf_names=lf_names).save(paths.LABEL_MODEL)
    paths.LFS.mkdir()
    storage.write_text(paths.LFS / "words.py", "# the labeling functions\n")


def write_scores(params: Params, rows: pd.DataFrame, gold: np.ndarray, rng: np.random.Generator) -> None:
    classes = params.task.classes
    test = (rows["split"] == "test").to_numpy()
    systems = [f"always_{classes[0]}", *SYSTEMS]
    predictions = {"id": rows["id"][test], "month": ["2002-09" if i % 4 else None for i in range(test.sum())]}
    predictions |= {"covered": [i % 5 != 0 for i in range(test.sum())], "gold": gold[test]}
    for system in systems:
        probs = rng.dirichlet(np.ones(len(classes)), test.sum())
        predictions |= {f"{system}:{c}": probs[:, i] for i, c in enumerate(classes)}
    storage.write_table(paths.PREDICTIONS, pd.DataFrame(predictions))
    storage.write_json(paths.metrics("evaluate"), {"test": make_scores(systems, classes, rng)})
    storage.write_json(paths.LEAK_PROBE, make_leak_probe())
    storage.write_json(paths.metrics("ingest"), {"rows": 4711, "rejected": 2, HOSTILE: 0.25})
    write_curves(systems, [classes[g] for g in gold[test]], [*classes[1:], "undecided"])


def write_curves(systems: list[str], actual: list[str], predicted: list[str]) -> None:
    tables = {
        paths.LEARNING_CURVE: {"epoch": [1, 2, 3], "train_loss": [0.6, 0.5, 0.45], "valid_loss": [0.61, 0.55, 0.56]},
        paths.CALIBRATION_CURVE: {"system": systems, "mean_confidence": 0.81, "observed": 0.75, "n": 12},
        paths.PRECISION_RECALL_CURVE: {"system": systems * 2, "recall": [0.1] * 7 + [1.0] * 7, "precision": 0.5},
        paths.CONFUSION: {"actual": actual, "predicted": [predicted[i % len(predicted)] for i in range(len(actual))]},
    }
    for path, columns in tables.items():
        storage.write_text(path, pd.DataFrame(columns).to_csv(index=False))


def make_leak_probe() -> dict:
    return {
        "folders": ["easy", HOSTILE],
        **{"n": 120, "accuracy": 0.7512, "chance": 0.5},
        "within_ham": {"folders": ["easy", "hard"], "n": 60, "accuracy": 0.6123, "chance": 0.5},
        "months": None,
        "top_features": [{"feature": f"body:{i} {HOSTILE}", "folder": "easy", "weight": 2 - i / 10} for i in range(20)],
        "note": "Part of the drift over time is a collection artefact.",
    }


def make_scores(systems: list[str], classes: tuple[str, ...], rng: np.random.Generator) -> dict:
    def part(low: float) -> dict:
        values = {m: round(float(rng.uniform(low, 1)), 6) for m in METRICS}
        entries = {m: {"value": v, "low": v - 0.0313, "high": min(v + 0.0217, 1.0)} for m, v in values.items()}
        return {"n": 60, "n_per_class": {name: 60 // len(classes) for name in classes}, **entries}

    scores: dict = {s: {name: part(0.5) for name in SLICES} | {"months": {"2002-09": part(0.5)}} for s in systems}
    scores["end_model"]["uncovered"]["roc_auc"] = {"value": None, "low": None, "high": None}
    scores["differences"] = {"end_model-label_model": {name: part(-0.2) for name in SLICES}}
    return scores


@pytest.fixture(params=[2, 3], ids=["2 classes", "3 classes"])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A complete project as the current folder."""
    monkeypatch.chdir(tmp_path)
    return write_project(request.param)


@pytest.fixture(scope="module", params=[2, 3], ids=["2 classes", "3 classes"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its report, for tests that only look."""
    folder = tmp_path_factory.mktemp("project")
    with contextlib.chdir(folder):
        write_report(write_project(request.param))
    return folder
