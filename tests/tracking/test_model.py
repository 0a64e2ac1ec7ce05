import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, tracking
from labelmill.end_model.features import Featurizer
from labelmill.end_model.model import EndModel

LOAD_ELSEWHERE = """
import sys
sys.path = [p for p in sys.path if not p.endswith("src")]  # where an editable install keeps labelmill
sys.meta_path = [f for f in sys.meta_path if "editable" not in repr(f).lower()]
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/toy@challenger")
print(model.predict(pd.DataFrame({"subject": ["hi"], "text": ["win money now"]}))["p_spam"][0])
import labelmill
assert "mlartifacts" in labelmill.__file__, labelmill.__file__
assert not {"torch", "lightning", "great_expectations", "typer"} & set(sys.modules)
"""


@pytest.fixture
def scorer(project, params, client, monkeypatch):
    """The registered model, as a program that knows only MLflow loads it; pickles are refused."""
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    monkeypatch.setattr(sys, "path", list(sys.path))  # MLflow puts the model's own code in front
    tracking.track_run(params)
    return mlflow.pyfunc.load_model("models:/toy@challenger")


def test_it_predicts_what_the_end_model_predicts(scorer, results):
    frame = results.rows(n=1000, seed=1)
    direct = EndModel.load(paths.END_MODEL).predict_proba(Featurizer.load(paths.FEATURIZER).transform(frame))
    served = scorer.predict(frame)
    assert list(served.columns) == ["p_ham", "p_spam"]
    assert np.abs(served.to_numpy() - direct).max() <= 1e-6
    assert served["p_spam"].std() > 0.1


def test_text_alone_is_enough_and_the_index_is_kept(scorer):
    frame = pd.DataFrame({"subject": ["hi", None], "text": ["win money now", "meeting at noon"]}, index=[7, 3])
    served = scorer.predict(frame)
    assert list(served.index) == [7, 3]
    assert served["p_spam"][7] > 0.5 > served["p_spam"][3]
    assert np.allclose(served.sum(axis=1), 1)


def test_a_wrong_column_is_named(scorer):
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match=r"missing inputs \['text'\]"):
        scorer.predict(pd.DataFrame({"subject": ["hi"], "body": ["win"]}))


def test_other_columns_may_be_of_any_kind(scorer):
    frame = pd.DataFrame({"subject": "hi", "text": "win", "links": [["a"], []], "domain": ["d1.example", None]})
    assert len(scorer.predict(frame)) == 2
    assert len(scorer.predict(frame.assign(links=[True, False], other=1))) == 2


def test_nothing_in_it_is_a_pickle(scorer, project):
    files = [path for path in (project / "mlartifacts").rglob("*") if path.is_file()]
    assert files and not [path for path in files if path.suffix in (".pkl", ".pickle", ".joblib", ".pth", ".pt")]
    for path in files:
        assert not path.read_bytes().startswith(b"\x80"), f"{path} starts like a pickle"


def test_requirements_are_exact_and_without_torch(scorer, project):
    (file,) = (project / "mlartifacts").rglob("requirements.txt")
    lines = file.read_text().split()
    assert all("==" in line and "+" not in line for line in lines)
    assert {line.partition("==")[0] for line in lines} >= {"mlflow", "numpy", "scikit-learn", "safetensors"}
    assert "torch" not in file.read_text()


def test_a_changed_weight_is_refused(scorer, project):
    import mlflow

    (weights,) = (project / "mlartifacts").rglob("end_model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(Exception, match="not those that were written"):
        mlflow.pyfunc.load_model("models:/toy@challenger")


@pytest.mark.slow
def test_it_loads_where_labelmill_is_not_installed(project, params):
    from labelmill.tracking import database

    tracking.track_run(params)
    environment = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ELSEWHERE, database.tracking_uri()],
        cwd=Path("/"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) > 0.5
