import json

import numpy as np
import pytest
import scipy.sparse as sp

from labelmill import storage
from labelmill.end_model.model import EndModel
from labelmill.errors import CorruptFileError, TrainingError


def linear(**changes):
    arrays = {
        "weight": np.array([[0, 1], [2, 0], [0, 0]], dtype=np.float32),
        "bias": np.array([0.5, 0], dtype=np.float32),
    }
    return EndModel(
        **{"kind": "linear", "classes": ("ham", "spam"), "arrays": arrays, "featurizer": "f" * 64, **changes}
    )


def test_a_linear_model_gives_the_softmax_of_its_scores():
    X = sp.csr_matrix(np.array([[1, 0, 0], [0, 1, 5]], dtype=np.float32))
    expected = np.exp([[0.5, 1], [2.5, 0]])
    np.testing.assert_allclose(linear().predict_proba(X), expected / expected.sum(axis=1, keepdims=True))


def test_loaded_is_what_was_saved_and_equal_bytes_each_time(tmp_path):
    model = linear(facts={"seed": 3, "valid_loss": None})
    model.save(tmp_path / "a")
    model.save(tmp_path / "b")
    assert storage.folder_hash(tmp_path / "a") == storage.folder_hash(tmp_path / "b")
    loaded = EndModel.load(tmp_path / "a")
    assert (loaded.kind, loaded.classes, loaded.featurizer, loaded.facts) == (
        *("linear", ("ham", "spam"), "f" * 64, {"seed": 3, "valid_loss": None}),
    )
    X = sp.random(5, 3, density=0.5, format="csr", dtype=np.float32, random_state=0)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_other_features_are_refused_by_name():
    with pytest.raises(TrainingError, match="have 4 features, the end model was trained on 3"):
        linear().predict_proba(sp.csr_matrix((1, 4), dtype=np.float32))
    linear().check_featurizer("f" * 64)
    with pytest.raises(TrainingError, match="of featurizer ffffffffffff, these are of featurizer abc"):
        linear().check_featurizer("abc")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 7}, "of format 7; this labelmill reads format 1"),
        ({"kind": "forest"}, "kind 'forest'; known are linear, mlp"),
        ({"kind": "mlp"}, "kind mlp needs the arrays weight, bias, out_weight, out_bias"),
        ({"n_features": 9}, "9 features are recorded, the weights have 3"),
        ({"classes": ["ham", "spam", "other"]}, "3 classes are recorded, the weights have 2"),
        ({"cardinality": 3}, "2 classes are recorded"),
    ],
)
def test_json_that_does_not_fit_the_weights_is_refused_by_name(tmp_path, changes, message):
    linear().save(tmp_path / "m")
    content = json.loads((tmp_path / "m" / "end_model.json").read_text()) | changes
    arrays = (tmp_path / "m" / "end_model.safetensors").read_bytes()
    with storage.new_folder(tmp_path / "m") as new:
        (new / "end_model.json").write_text(json.dumps(content))
        (new / "end_model.safetensors").write_bytes(arrays)
    with pytest.raises(TrainingError, match=message):
        EndModel.load(tmp_path / "m")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    arrays = linear().arrays | {"bias": np.array([np.nan, 0], dtype=np.float32)}
    linear(arrays=arrays).save(tmp_path / "m")
    with pytest.raises(TrainingError, match="not all finite"):
        EndModel.load(tmp_path / "m")


def test_half_a_file_is_refused(tmp_path):
    linear().save(tmp_path / "m")
    file = tmp_path / "m" / "end_model.safetensors"
    file.write_bytes(file.read_bytes()[:30])
    with pytest.raises(CorruptFileError, match="not those that were written"):
        EndModel.load(tmp_path / "m")
