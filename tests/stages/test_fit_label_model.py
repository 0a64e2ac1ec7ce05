import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.arrays import Votes
from labelmill.errors import DataError, LabelModelError
from labelmill.label_model import KINDS, load, make
from labelmill.labeling.matrix import soft_frame
from labelmill.stages import fit_label_model

SIZES = (250, 150)
NAMES = ["money", "drugs", "quote", "list"]


def write(matrix, split, *, sizes=SIZES, soft=None):
    ends = np.cumsum(sizes)
    frame = pd.DataFrame({"id": [f"r{i:03}" for i in range(len(matrix))]})
    with storage.shard_writer(paths.SOFT_VOTES) as write_shard:
        for start, end in zip([0, *ends[:-1]], ends, strict=True):
            mine = None if soft is None else soft[(soft["row"] >= start) & (soft["row"] < end)]
            write_shard(soft_frame(frame["id"], mine))
    for path, table in (
        (paths.LABEL_MATRIX, pd.concat([frame, pd.DataFrame(matrix, columns=NAMES, dtype=np.int8)], axis=1)),
        (paths.CLEAN, frame.assign(split=split, text="words")),
    ):
        with storage.shard_writer(path) as write_shard:
            for start, end in zip([0, *ends[:-1]], ends, strict=True):
                write_shard(table.iloc[start:end])


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with votes of four rules on 400 rows, half of them train."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    truth = rng.random(400) < 0.4
    label = np.array([1, 1, 0, 0])
    fires = rng.random((400, 4)) < np.where(truth[:, None] == label, 0.5, [0.02, 0.15, 0.05, 0.1])
    L = np.where(fires, label, -1)
    split = np.where(np.arange(400) % 2 == 0, "train", "test")
    write(L, split)
    return L, split


def test_every_row_gets_probabilities_from_a_model_of_the_train_rows(project, make_params):
    L, split = project
    fit_label_model.run(make_params())
    probs = storage.read_shards(paths.PROBS)
    assert list(probs) == ["id", "covered", "pred", "p_ham", "p_spam"]
    assert probs["id"].tolist() == [f"r{i:03}" for i in range(400)]
    assert [len(shard) for shard in storage.iter_shards(paths.PROBS)] == list(SIZES)
    model = load(paths.LABEL_MODEL)
    assert model.lf_names_ == NAMES
    assert (probs[["p_ham", "p_spam"]].to_numpy() == model.predict_proba(L)).all()
    assert (probs["pred"].to_numpy() == model.predict(L)).all()
    covered = (L >= 0).any(axis=1)
    assert (probs["covered"] == covered).all()
    assert (probs.loc[~covered, "pred"] == -1).all()
    assert (probs.loc[~covered, ["p_ham", "p_spam"]] == 0.5).all(axis=None)
    assert model.lf_summary_["Votes"].tolist() == (L[split == "train"] >= 0).sum(axis=0).tolist()


def test_the_numbers_fit_the_probabilities(project, make_params):
    fit_label_model.run(make_params())
    figures = storage.read_json(paths.metrics("fit_label_model"))
    probs = storage.read_shards(paths.PROBS)
    covered = probs[probs["covered"]]
    assert figures["rows"] == 400
    assert figures["covered_share"] == len(covered) / 400
    assert figures["tied_share"] == (covered["pred"] == -1).sum() / 400
    assert figures["mass_ham"] + figures["mass_spam"] == pytest.approx(1)
    assert figures["mass_spam"] == pytest.approx(covered["p_spam"].mean())
    assert figures["mean_confidence"] == pytest.approx(covered[["p_ham", "p_spam"]].max(axis=1).mean())
    assert (figures["converged"], figures["overturned"]) == (1, 0)
    assert all(isinstance(value, int | float) for value in figures.values())


def test_votes_on_other_splits_teach_nothing(project, make_params):
    L, split = project
    fit_label_model.run(make_params())
    before = storage.folder_hash(paths.LABEL_MODEL)
    write(np.where((split == "train")[:, None], L, 1), split)
    fit_label_model.run(make_params())
    assert storage.folder_hash(paths.LABEL_MODEL) == before


def test_the_same_votes_give_the_same_bytes_however_they_are_sharded(project, make_params):
    L, split = project
    fit_label_model.run(make_params())
    before = [storage.folder_hash(paths.LABEL_MODEL), storage.folder_hash(paths.PROBS)]
    fit_label_model.run(make_params())
    assert [storage.folder_hash(paths.LABEL_MODEL), storage.folder_hash(paths.PROBS)] == before
    write(L, split, sizes=(100, 100, 200))
    fit_label_model.run(make_params())
    assert storage.folder_hash(paths.LABEL_MODEL) == before[0]


def half_sure(L):
    """The first rule's votes, on every third row half as sure."""
    rows = np.flatnonzero((L[:, 0] == 1) & (np.arange(len(L)) % 3 == 0))
    parts = [pd.DataFrame({"row": rows, "lf": "money", "class": y, "weight": w}) for y, w in ((1, 0.75), (0, 0.25))]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("sizes", [SIZES, (100, 100, 200)])
@pytest.mark.parametrize("kind", KINDS)
def test_soft_votes_reach_the_model(project, make_params, kind, sizes):
    L, split = project
    soft = half_sure(L)
    write(L, split, soft=soft, sizes=sizes)
    fit_label_model.run(make_params(fit_label_model={"kind": kind}))
    probs = storage.read_shards(paths.PROBS)[["p_ham", "p_spam"]].to_numpy()
    kept = split == "train"
    of_train = soft[kept[soft["row"]]]
    of_train = of_train.assign(row=(np.cumsum(kept) - 1)[of_train["row"]])
    model = make(kind, cardinality=2).fit(Votes(L[kept], of_train), lf_names=NAMES)
    assert np.allclose(probs, model.predict_proba(Votes(L, soft)), atol=1e-3)  # the stage stops rounds elsewhere
    assert not np.allclose(probs, model.predict_proba(L))
    assert np.array_equal(model.predict_proba(paths.LABEL_MATRIX), model.predict_proba(Votes(L, soft)))


def test_soft_votes_of_other_rows_are_refused(project, make_params):
    L, split = project
    write(L, split, soft=half_sure(L))
    shards = list(storage.iter_shards(paths.SOFT_VOTES))
    with storage.shard_writer(paths.SOFT_VOTES) as write_shard:
        for shard in reversed(shards):
            write_shard(shard)
    with pytest.raises(DataError, match=r"soft_votes: row r267 of shard 0 is not in data/label_matrix"):
        fit_label_model.run(make_params())
    with storage.shard_writer(paths.SOFT_VOTES) as write_shard:
        write_shard(shards[0])
    with pytest.raises(DataError, match="not as many shards"):
        fit_label_model.run(make_params())


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_is_a_param(project, make_params, kind):
    fit_label_model.run(make_params(fit_label_model={"kind": kind, "class_balance": [0.7, 0.3], "max_iter": 70}))
    model = load(paths.LABEL_MODEL)
    assert type(model) is KINDS[kind]
    assert model.hyperparameters().get("max_iter", 70) == 70
    assert model.class_balance_.tolist() == [0.7, 0.3]


def test_no_train_row_is_an_error(project, make_params):
    L, split = project
    write(L, np.full_like(split, "test"))
    with pytest.raises(LabelModelError, match="no row is of split train"):
        fit_label_model.run(make_params())


def test_votes_of_other_rows_are_refused(project, make_params):
    L, split = project
    with storage.shard_writer(paths.CLEAN) as write_shard:
        write_shard(pd.DataFrame({"id": [f"x{i}" for i in range(250)], "split": "train"}))
    with pytest.raises(DataError, match="shard 0 has other rows"):
        fit_label_model.run(make_params())
    write(L, split)
    first = next(storage.iter_shards(paths.CLEAN))
    with storage.shard_writer(paths.CLEAN) as write_shard:
        write_shard(first)
    with pytest.raises(DataError, match="shard 1 has other rows"):
        fit_label_model.run(make_params())


def test_what_there_is_to_know_is_logged(project, make_params, caplog):
    L, split = project
    write(np.where(L == 0, 1, L), split)
    with caplog.at_level("INFO"):
        fit_label_model.run(make_params())
    assert "all votes are for class 1" in caplog.text
    assert "auto fitted on 200 train rows" in caplog.text


def test_a_class_balance_that_is_estimated_is_recorded_and_logged(project, make_params, caplog):
    with caplog.at_level("INFO"):
        fit_label_model.run(make_params(fit_label_model={"class_balance": "estimate"}))
    found = load(paths.LABEL_MODEL).diagnostics_["class_balance"]
    assert set(found) == {"balance", "low", "high", "source"}
    assert (np.array(found["low"]) < found["high"]).all()
    assert found["source"] == "uniform"  # a few hundred rows of mail do not tell
    assert f"class balance left uniform, with 95 % interval: ham 0.50 ({found['low'][0]:.2f}-" in caplog.text


KINDS_WITHOUT_EDGES = ("majority_vote", "weighted_vote")


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(KINDS_WITHOUT_EDGES)))
def test_edges_of_params_reach_the_model(project, make_params, kind):
    given = {"kind": kind, "edges": [["money", "drugs"]], "no_edges": [["quote", "list"]]}
    fit_label_model.run(make_params(fit_label_model=given))
    model = load(paths.LABEL_MODEL)
    assert [list(pair) for pair in model.edges] == [["money", "drugs"]]
    assert [list(pair) for pair in model.no_edges] == [["quote", "list"]]
    assert ["money", "drugs"] in model.edges_[["lf_a", "lf_b"]].to_numpy().tolist()


@pytest.mark.parametrize("key", ["edges", "no_edges"])
def test_an_edge_of_a_labeling_function_that_is_not_there_is_refused_by_name(project, make_params, key):
    params = make_params(fit_label_model={"kind": "auto", key: [["money", "drug"]]})
    with pytest.raises(LabelModelError, match=f"{key} name the labeling function 'drug'.*money, drugs, quote, list"):
        fit_label_model.run(params)


@pytest.mark.parametrize("kind", KINDS_WITHOUT_EDGES)
@pytest.mark.parametrize("key", ["edges", "no_edges"])
def test_a_kind_that_makes_nothing_of_edges_refuses_them(project, make_params, kind, key):
    params = make_params(fit_label_model={"kind": kind, key: [["money", "drugs"]]})
    with pytest.raises(LabelModelError, match=rf"fit_label_model\.{key} has pairs .* kind {kind} .*auto"):
        fit_label_model.run(params)
