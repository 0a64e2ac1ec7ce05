"""What stage `profile` writes down of training, and that no score in it was learned by heart."""

import json

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.end_model.train import held_out
from labelmill.errors import DataError, StorageError
from labelmill.label_model import MajorityVote
from labelmill.quality.drift.reference import Reference
from labelmill.quality.profile import check_same, load_profile, read_made_from
from labelmill.stages import featurize, profile, train


@pytest.fixture
def trained(labeled_project, make_params):
    """The project after training; its votes are made up."""
    rows = storage.read_shards(paths.CLEAN)
    rng = np.random.default_rng(3)
    with storage.shard_writer(paths.LABEL_MATRIX) as write:
        for part in (rows.iloc[:300], rows.iloc[300:]):
            votes = pd.DataFrame(rng.integers(-1, 2, (len(part), 2)), columns=["money", "work"], dtype="int8")
            votes.insert(0, "id", part["id"].to_numpy())
            write(votes)
    errors = pd.DataFrame({"lf": ["work"], "id": [rows["id"].iloc[5]], "exception": "E", "message": "m"})
    storage.write_table(paths.LF_ERRORS, errors)
    storage.write_table(paths.LF_KEYS, pd.DataFrame({"lf": ["money", "work"], "key": ["a1", "b2"]}))
    MajorityVote(cardinality=2).fit(rng.integers(-1, 2, (50, 2))).save(paths.LABEL_MODEL)
    featurize.run(make_params())
    train.run(make_params())
    return rows


def of_training(rows):
    return rows[rows["split"] != "test"]


def test_it_holds_the_rows_of_the_period_of_training(trained, make_params):
    profile.run(make_params())
    reference, made_from = load_profile(paths.REFERENCE)
    assert reference.n == 400
    assert made_from.lfs == {"money": "a1", "work": "b2"}
    assert made_from.end_model == storage.folder_hash(paths.END_MODEL)
    assert sorted(reference.sample.ids) == sorted(of_training(trained)["id"])
    figures = storage.read_json(paths.metrics("profile"))
    assert (figures["rows"], figures["gold"], figures["lfs"]) == (400, 60, 2)


def test_only_rows_that_the_end_model_was_not_trained_on_have_scores(trained, make_params):
    profile.run(make_params())
    reference = Reference.load(paths.REFERENCE / "statistics")
    scored = set(np.asarray(reference.sample.ids)[np.isfinite(reference.sample.scores).all(axis=1)])
    rows = of_training(trained)
    held = held_out(rows["id"], make_params().train.valid_share)
    assert storage.read_json(paths.END_MODEL / "end_model.json")["facts"]["valid_rows"] > 0
    assert scored == set(rows["id"][(rows["split"] != "train").to_numpy() | held])


def test_where_nothing_was_held_out_no_train_row_has_a_score(trained, make_params):
    params = make_params(train={"valid_share": 0.02})
    train.run(params)
    profile.run(params)
    assert storage.read_json(paths.END_MODEL / "end_model.json")["facts"]["valid_rows"] == 0
    assert storage.read_json(paths.metrics("profile"))["scored"] == 100


def test_dev_gold_alone_is_in_it(trained, make_params):
    profile.run(make_params())
    reference = Reference.load(paths.REFERENCE / "statistics")
    dev = set(trained["id"][trained["split"] == "dev"])
    assert set(np.asarray(reference.sample.ids)[np.asarray(reference.sample.gold) >= 0]) == dev


def test_equal_files_give_equal_bytes(trained, make_params):
    hashes = set()
    for _ in range(2):
        profile.run(make_params())
        hashes.add(storage.folder_hash(paths.REFERENCE))
    assert len(hashes) == 1


def test_tables_of_other_rows_are_named(trained, make_params):
    probs = storage.read_shards(paths.PROBS)
    with storage.shard_writer(paths.PROBS) as write:
        write(probs.iloc[:300].iloc[::-1])
        write(probs.iloc[300:])
    with pytest.raises(DataError, match=r"data/probs: shard 0.*dvc repro fit_label_model"):
        profile.run(make_params())


def test_what_is_not_the_same_any_more_is_named(trained, make_params):
    profile.run(make_params())
    before = read_made_from(paths.REFERENCE)
    check_same(paths.REFERENCE, before)
    edited = before.__class__(**{**vars(before), "lfs": {"money": "other", "new": "1"}, "end_model": "other"})
    with pytest.raises(DataError) as raised:
        check_same(paths.REFERENCE, edited)
    for part in ("changed: money", "new: new", "gone: work", "the end model is another", "`dvc repro`"):
        assert part in str(raised.value)


def test_without_a_reference_the_stage_is_asked_for(trained):
    with pytest.raises(StorageError, match="dvc repro"):
        load_profile(paths.REFERENCE)


def test_the_schema_is_that_of_the_task(trained, make_params):
    profile.run(make_params())
    stored = json.loads((paths.REFERENCE / "statistics/reference.json").read_text())
    assert stored["schema"]["lf_names"] == ["money", "work"]
    assert stored["schema"]["text_columns"] == ["subject", "text"]
