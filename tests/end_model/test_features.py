import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labelmill import storage
from labelmill.end_model.features import Featurizer
from labelmill.errors import CorruptFileError, ParamsError, TrainingError
from labelmill.params import FeaturizeParams
from labelmill.sources.generated import mails

PARAMS = FeaturizeParams(numeric_columns=("links", "has_html"), categorical_columns=("sender_domain",), min_df=2)
TEXTS = ("subject", "text")


@pytest.fixture(scope="module")
def frame():
    return mails(120, seed=3)[0]


@pytest.fixture
def fitted(frame):
    return Featurizer(PARAMS, text_columns=TEXTS, hidden_columns=("received_at",)).fit(frame)


def rewrite(folder: Path, change) -> None:
    """Edit the JSON as somebody would who also makes the checksums right."""
    content = json.loads((folder / "featurizer.json").read_text())
    arrays = (folder / "featurizer.safetensors").read_bytes()
    change(content)
    with storage.new_folder(folder) as new:
        (new / "featurizer.json").write_text(json.dumps(content))
        (new / "featurizer.safetensors").write_bytes(arrays)


def test_every_feature_has_a_name_of_its_own(fitted, frame):
    X = fitted.transform(frame)
    assert X.shape == (120, len(fitted.names))
    assert X.dtype == np.float32
    assert len(set(fitted.names)) == len(fitted.names)
    assert {"text#capitals", "subject#chars", "links", "has_html"} <= set(fitted.names)
    assert any(name.startswith("sender_domain=") for name in fitted.names)


def test_loaded_is_what_was_saved_and_equal_bytes_each_time(fitted, frame, tmp_path):
    fitted.save(tmp_path / "a")
    Featurizer(PARAMS, text_columns=TEXTS).fit(frame.copy()).save(tmp_path / "b")
    assert storage.folder_hash(tmp_path / "a") == storage.folder_hash(tmp_path / "b")
    loaded = Featurizer.load(tmp_path / "a")
    assert loaded.hash == fitted.hash
    assert loaded.names == fitted.names
    other = mails(50, seed=99)[0]
    assert (loaded.transform(other) != fitted.transform(other)).nnz == 0
    assert sorted(p.suffix for p in (tmp_path / "a").iterdir()) == [".json", ".json", ".safetensors"]


def test_text_alone_is_enough_to_predict(fitted):
    X = fitted.transform(pd.DataFrame({"text": ["Act now!", None, "see you"]}))
    assert X.shape == (3, len(fitted.names))
    assert X[1].nnz == 0  # nothing is known of this row
    with pytest.raises(TrainingError, match="none of the columns that the features are made of: subject, text, links"):
        fitted.transform(pd.DataFrame({"body": ["Act now!"]}))


def test_rows_do_not_influence_each_other(fitted, frame):
    one_by_one = [fitted.transform(frame.iloc[[i]]).toarray() for i in range(10)]
    np.testing.assert_array_equal(np.vstack(one_by_one), fitted.transform(frame.head(10)).toarray())


def test_hidden_columns_are_refused_by_name():
    for used in ({"numeric_columns": ("received_at",)}, {"categorical_columns": ("received_at",)}):
        with pytest.raises(ParamsError, match=r"'received_at' is in task\.hidden_columns"):
            Featurizer(FeaturizeParams(**used), hidden_columns=("received_at",))
    with pytest.raises(ParamsError, match=r"task\.hidden_columns"):
        Featurizer(FeaturizeParams(), text_columns=("text",), hidden_columns=("text",))


def test_hidden_columns_have_no_influence(fitted, frame):
    changed = frame.assign(received_at=pd.Timestamp("2001-01-01", tz="UTC"), list_id="collector")
    assert Featurizer(PARAMS, text_columns=TEXTS, hidden_columns=("received_at",)).fit(changed).hash == fitted.hash


def test_a_column_listed_twice_or_absent_is_named(frame):
    with pytest.raises(ParamsError, match="'links' is listed twice"):
        Featurizer(FeaturizeParams(numeric_columns=("links",), categorical_columns=("links",)))
    with pytest.raises(TrainingError, match="no column 'colour'"):
        Featurizer(FeaturizeParams(categorical_columns=("colour",))).fit(frame)
    with pytest.raises(TrainingError, match=r"no feature is left of 3 train rows.*min_df"):
        Featurizer(FeaturizeParams(text_shape=False)).fit(frame.head(3).assign(text=["a b", "c d", None]))


def test_features_of_another_format_are_refused_by_name(fitted, tmp_path):
    fitted.save(tmp_path / "f")
    rewrite(tmp_path / "f", lambda content: content.update(format=99))
    with pytest.raises(TrainingError, match="features of format 99; this labelmill makes format 2"):
        Featurizer.load(tmp_path / "f")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["blocks"][0]["terms"].reverse(),
        lambda content: content["blocks"].pop(),
        lambda content: content.pop("params"),
        lambda content: content["blocks"][-1].update(kind="image"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(fitted, tmp_path, change):
    fitted.save(tmp_path / "f")
    rewrite(tmp_path / "f", change)
    with pytest.raises(CorruptFileError, match="dvc repro"):
        Featurizer.load(tmp_path / "f")


def test_words_split_by_another_scikit_learn_are_refused(fitted, tmp_path):
    fitted.save(tmp_path / "f")
    rewrite(tmp_path / "f", lambda c: (c.update({"scikit-learn": "0.1"}), c["blocks"][0]["probe"].pop()))
    with pytest.raises(TrainingError, match=r"scikit-learn 0\.1.*column 'subject"):
        Featurizer.load(tmp_path / "f")


def test_changed_bytes_are_refused(fitted, tmp_path):
    fitted.save(tmp_path / "f")
    file = tmp_path / "f" / "featurizer.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(CorruptFileError, match="not those that were written"):
        Featurizer.load(tmp_path / "f")
