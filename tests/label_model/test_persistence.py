import json

import numpy as np
import pytest

from labelmill import label_model, storage
from labelmill.errors import CorruptFileError, LabelModelError, StorageError
from labelmill.label_model import AnchoredPrecision, DawidSkene, load, make


@pytest.fixture
def fitted(kind, make_votes):
    L, _ = make_votes(2, 400, [0.9, 0.8, 0.7, 0.6])
    return make(kind, cardinality=2, class_balance=np.array([0.4, 0.6])).fit(L, lf_names=list("abcd")), L


def test_a_stored_model_is_the_same_model(fitted, tmp_path):
    model, L = fitted
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert type(again) is type(model)
    assert (again.predict_proba(L) == model.predict_proba(L)).all()
    assert (again.explain(L) == model.explain(L)).all()
    assert again.lf_names_ == list("abcd")
    assert again.lf_summary_.equals(model.lf_summary_)
    assert again.diagnostics_ == model.diagnostics_
    again.save(tmp_path / "again")
    assert (tmp_path / "again" / "state.npz").read_bytes() == (tmp_path / "model" / "state.npz").read_bytes()


def test_the_same_votes_give_the_same_bytes(fitted, tmp_path, kind):
    model, L = fitted
    model.save(tmp_path / "one")
    make(kind, cardinality=2, class_balance=np.array([0.4, 0.6])).fit(L, lf_names=list("abcd")).save(tmp_path / "two")
    assert storage.folder_hash(tmp_path / "one") == storage.folder_hash(tmp_path / "two")


def test_people_can_read_what_is_stored(fitted, tmp_path):
    model, _ = fitted
    model.save(tmp_path / "model")
    content = json.loads((tmp_path / "model" / "model.json").read_text())
    assert content["class"] == type(model).__name__
    assert content["hyperparameters"]["class_balance"] == [0.4, 0.6]
    assert set(content["versions"]) == {"labelmill", "numpy", "scipy"}
    assert content["lf_summary"]["Est. Acc."] == model.lf_summary_["Est. Acc."].tolist()


def test_a_class_loads_only_its_own(make_votes, tmp_path):
    L, _ = make_votes(2, 100, [0.9, 0.8, 0.7])
    AnchoredPrecision(cardinality=2).fit(L).save(tmp_path / "model")
    assert isinstance(AnchoredPrecision.load(tmp_path / "model"), AnchoredPrecision)
    with pytest.raises(LabelModelError, match=r"holds a AnchoredPrecision in format 1; .* reads DawidSkene"):
        DawidSkene.load(tmp_path / "model")


def test_a_flipped_byte_is_found(fitted, tmp_path):
    fitted[0].save(tmp_path / "model")
    file = tmp_path / "model" / "state.npz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(CorruptFileError, match=r"state\.npz"):
        load(tmp_path / "model")


def test_a_model_of_a_later_version_is_refused(fitted, tmp_path):
    model, _ = fitted
    model.save(tmp_path / "model")
    content = json.loads((tmp_path / "model" / "model.json").read_text())
    for change, message in (
        ({"format": 2}, "in format 2"),
        ({"hyperparameters": content["hyperparameters"] | {"depth": 3}}, "has no depth"),
    ):
        with storage.new_folder(tmp_path / "changed") as folder:
            (folder / "model.json").write_text(json.dumps(content | change))
            (folder / "state.npz").write_bytes((tmp_path / "model" / "state.npz").read_bytes())
        with pytest.raises(LabelModelError, match=message):
            load(tmp_path / "changed")


def test_nothing_there_and_nothing_fitted_are_named(tmp_path):
    with pytest.raises(StorageError, match="no such file"):
        load(tmp_path / "model")
    with pytest.raises(LabelModelError, match="not fitted yet"):
        AnchoredPrecision(cardinality=2).save(tmp_path / "model")


def test_every_kind_is_reachable_by_its_name():
    assert {model.__name__ for model in label_model.KINDS.values()} < set(label_model.__all__)
