"""The one list of the files that stages read and write, relative to the project folder.

A test holds this list equal to `dvc.yaml`.
"""

from pathlib import Path

PARAMS = Path("params.yaml")
DVC_YAML = Path("dvc.yaml")
DVC_LOCK = Path("dvc.lock")

# What people write.
LFS = Path("lfs")
ANNOTATIONS = Path("gold/annotations.jsonl")

# What the stream brings: batches that training may see, and those kept from it.
INCOMING = Path("data/incoming")
HELD = Path("data/held")

# ingest
INGESTED = Path("data/ingested")
REJECTED = Path("data/rejected.parquet")
PROVENANCE = Path("data/provenance.parquet")
STREAM = Path("data/stream")
GOLD_TRAIN = Path("data/gold/train.parquet")
GOLD_DEV = Path("data/gold/dev.parquet")
GOLD_GATE = Path("data/gold/gate.parquet")
GOLD_TEST = Path("data/gold/test.parquet")
GOLD_STREAM = Path("data/gold/stream.parquet")

# validate
CLEAN = Path("data/clean")
QUARANTINE = Path("data/quarantine.parquet")
VALIDATION_PAGE = Path("reports/validation.html")

# label
LABEL_MATRIX = Path("data/label_matrix")
SOFT_VOTES = Path("data/soft_votes")
LF_ERRORS = Path("data/lf_errors.parquet")
LF_KEYS = Path("data/lf_keys.parquet")
LF_SUMMARY = Path("reports/lf_summary.csv")

# fit_label_model
PROBS = Path("data/probs")
LABEL_MODEL = Path("models/label_model")

# featurize
FEATURES = Path("data/features")
FEATURIZER = Path("models/featurizer")

# train
END_MODEL = Path("models/end_model")
LEARNING_CURVE = Path("reports/plots/learning_curve.csv")

# baselines
BASELINES = Path("data/baselines.parquet")

# evaluate
PREDICTIONS = Path("data/predictions.parquet")
SCORES = Path("reports/metrics/scores.json")
LEAK_PROBE = Path("reports/leak_probe.json")
CALIBRATION_CURVE = Path("reports/plots/calibration.csv")
PRECISION_RECALL_CURVE = Path("reports/plots/precision_recall.csv")
CONFUSION = Path("reports/plots/confusion.csv")
REPORT = Path("reports/index.html")
MODEL_CARD = Path("reports/model_card.md")
DATA_CARD = Path("reports/data_card.md")

# profile
REFERENCE = Path("models/reference")

# track
TRACKED = Path("reports/tracked.json")

# Outside every stage: warm caches, what time adds, records of past runs.
CACHE = Path(".cache")
LF_TIMES = CACHE / "lf_times.json"
STATE = Path("state")
MONITOR = STATE / "monitor"
VERSIONS = STATE / "versions"
DRIFT_PAGE = Path("reports/drift.html")
RUNS = Path("reports/runs")


def metrics(stage: str) -> Path:
    """Where a stage leaves its numbers for `dvc metrics` and MLflow."""
    return Path("reports/metrics") / f"{stage}.json"


def main_project(folder: Path | None = None) -> Path:
    """The project whose `.cache/`, `.env` and MLflow database serve the work in `folder` (the current one).

    It is `folder` itself, except in the copies in which `dvc exp run --temp` and `--queue` work:
    these lie in `.dvc/tmp/exps/` of the main work tree, hold only what git knows, and are deleted
    after the experiment. A git work tree made by hand is a project of its own.
    """
    folder = (folder or Path.cwd()).resolve()
    parts = folder.parts
    for i in range(len(parts) - 3):
        if parts[i : i + 3] == (".dvc", "tmp", "exps"):
            inside = parts[i + 3 :]
            below_copy = inside[2:] if inside[0] == "standalone" else inside[1:]
            main = Path(*parts[:i])
            # A copy is one of the whole git repository, of which the DVC project may be a subfolder.
            top = next((p for p in (main, *main.parents) if (p / ".git").exists()), main)
            return top.joinpath(*below_copy)
    return folder
