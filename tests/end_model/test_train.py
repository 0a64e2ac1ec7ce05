import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill import storage
from labelmill.end_model.train import confidence, fit, held_out
from labelmill.errors import ParamsError, TrainingError
from labelmill.params import TrainParams

SOLVERS = [{"model": "linear"}, {"model": "linear", "optimizer": "adam"}, {"model": "mlp", "learning_rate": 0.02}]


def ones(probs):
    return np.ones(len(probs))


@pytest.mark.parametrize("params", SOLVERS, ids=str)
def test_every_kind_learns_from_probabilities(problem, quick, params):
    X, probs, _ = problem
    model = fit(X, probs, ones(probs), quick(epochs=40, **params), seed=1)
    assert (model.predict_proba(X).argmax(axis=1) == probs.argmax(axis=1)).mean() > 0.85
    assert model.learning_curve.columns.tolist() == ["epoch", "train_loss", "valid_loss"]
    assert len(model.learning_curve) == model.facts["epochs"]
    losses = model.learning_curve.set_index("epoch").valid_loss
    assert model.facts["valid_loss"] == losses[model.facts["best_epoch"]]
    assert losses.min() > 0.98 * model.facts["valid_loss"]


@pytest.mark.parametrize("params", SOLVERS, ids=str)
def test_the_same_seed_gives_the_same_bytes(problem, quick, params, tmp_path):
    X, probs, _ = problem
    for name in ("a", "b"):
        fit(X, probs, ones(probs), quick(**params), seed=1).save(tmp_path / name)
        np.random.default_rng().random(3)
    assert storage.folder_hash(tmp_path / "a") == storage.folder_hash(tmp_path / "b")


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed", "16-mixed"])
@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_other_precisions_come_out_near_the_usual_one(problem, quick, model, precision):
    X, probs, _ = problem
    usual, other = (
        fit(X, probs, ones(probs), quick(model=model, precision=p, optimizer="adam"), seed=1).predict_proba(X)
        for p in ("32-true", precision)
    )
    assert np.abs(usual - other).mean() < 0.03


def test_training_leaves_no_file_and_says_nothing(problem, quick, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    X, probs, _ = problem
    fit(X, probs, ones(probs), quick(), seed=1)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_rows_of_weight_0_do_not_count(problem, quick):
    X, probs, _ = problem
    weights = (np.arange(len(probs)) % 3 > 0).astype(float)
    spoiled = np.where(weights[:, None] > 0, probs, [[1.0, 0.0]])
    valid = held_out(map(str, range(len(probs))), 0.2)
    a, b = (fit(X, p, weights, quick(), seed=1, valid=valid) for p in (probs, spoiled))
    assert a.facts["rows"] + a.facts["valid_rows"] == weights.sum()
    np.testing.assert_array_equal(a.arrays["weight"], b.arrays["weight"])


def test_heavy_rows_count_more(problem, quick):
    X, probs, _ = problem
    flipped = probs.copy()
    flipped[::2] = probs[::2, ::-1]  # every second row says the opposite
    weights = np.where(np.arange(len(probs)) % 2, 1.0, 0.05)
    found = fit(X, flipped, weights, quick(), seed=1).predict_proba(X).argmax(axis=1)
    assert (found == probs.argmax(axis=1)).mean() > 0.8


@pytest.mark.parametrize(("way", "expected"), [("none", 0.1), ("balanced", 0.5)])
def test_balanced_classes_weigh_the_same_however_rare_one_is(problem, quick, way, expected):
    nothing_known = problem[0] * 0
    targets = np.eye(2)[(np.arange(400) % 10 == 0).astype(int)]
    model = fit(nothing_known, targets, ones(targets), quick(class_weight=way, valid_share=0), seed=1)
    np.testing.assert_allclose(model.predict_proba(nothing_known)[:, 1], expected, atol=0.01)


def test_hard_targets_are_the_most_likely_class(problem, quick):
    X, probs, _ = problem
    hard = fit(X, probs, ones(probs), quick(targets="hard"), seed=1)
    soft = fit(X, np.eye(2)[probs.argmax(axis=1)], ones(probs), quick(), seed=1)
    np.testing.assert_array_equal(hard.arrays["weight"], soft.arrays["weight"])


def test_few_held_out_rows_are_trained_on_instead(problem, quick):
    X, probs, _ = problem
    model = fit(X[:100], probs[:100], np.ones(100), quick(), seed=1)
    assert (model.facts["rows"], model.facts["valid_rows"], model.facts["valid_loss"]) == (100, 0, None)


def test_labels_without_two_classes_or_ten_rows_are_refused_with_their_counts(problem, quick):
    X, probs, _ = problem
    few = np.zeros(len(probs))
    few[:4] = 1
    names = ("ham", "spam")
    with pytest.raises(TrainingError, match=r"4 rows to train on \(\d ham, \d spam\), at least 10"):
        fit(X, probs, few, quick(), seed=1, classes=names)
    with pytest.raises(TrainingError, match=r"0 rows to train on \(0 ham, 0 spam\)"):
        fit(X, probs, 0 * few, quick(), seed=1, classes=names)
    with pytest.raises(TrainingError, match=r"one class \(0 ham, 400 spam\)"):
        fit(X, np.tile([0.2, 0.8], (400, 1)), ones(probs), quick(), seed=1, classes=names)


@pytest.mark.parametrize("what", ["features", "targets", "weights"])
def test_numbers_that_are_not_finite_are_refused(problem, quick, what):
    X, probs, _ = problem
    X, probs, weights = X.copy(), probs.copy(), ones(probs)
    {"features": X.data, "targets": probs[:, 0], "weights": weights}[what][0] = np.inf
    with pytest.raises(TrainingError, match=f"the {what} are not all finite"):
        fit(X, probs, weights, quick(), seed=1)


@pytest.mark.parametrize("rate", [1e6, 1e30])
def test_a_training_that_diverges_says_what_to_lower(problem, quick, rate):
    X, probs, _ = problem
    with pytest.raises(TrainingError, match=r"Lower train\.learning_rate, now 1(e\+30|000000)"):
        fit(X, probs, ones(probs), quick(model="mlp", learning_rate=rate), seed=1)


def test_labels_that_are_noise_are_warned_of(problem, quick, caplog):
    X = problem[0]
    noise = np.eye(2)[np.random.default_rng(0).integers(0, 2, X.shape[0])]
    with caplog.at_level(logging.WARNING):
        fit(X, noise, ones(noise), quick(), seed=1)
    assert "no better than a guess" in caplog.text


def test_a_device_that_is_not_there_is_named(problem, quick):
    import torch

    X, probs, _ = problem
    with pytest.raises(ParamsError, match="LABELMILL_DEVICES is 2"):
        fit(X, probs, ones(probs), quick(), seed=1, devices=2)
    if not torch.cuda.is_available():
        with pytest.raises(TrainingError, match="LABELMILL_ACCELERATOR=cuda"):
            fit(X, probs, ones(probs), quick(), seed=1, accelerator="cuda")


def test_an_optimizer_that_does_not_fit_is_refused():
    assert TrainParams(model="linear").solver == "lbfgs"
    assert TrainParams(model="mlp").solver == "adam"
    assert TrainParams(precision="16-mixed").solver == "adam"
    with pytest.raises(ValueError, match="optimizer lbfgs is for model linear"):
        TrainParams(model="mlp", optimizer="lbfgs")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0.1, 3))
def test_confidence_grows_with_distance_from_a_guess(shares, power):
    p = np.array(sorted(shares, key=lambda share: abs(share - 0.5)))
    weights = confidence(np.column_stack([p, 1 - p]), power)
    assert ((weights >= 0) & (weights <= 1)).all()
    assert (np.diff(weights) >= -1e-9).all()
    assert confidence(np.array([[0.5, 0.5], [0, 1]]), power).tolist() == [0, 1]
    assert confidence(np.array([[0.5, 0.5]]), 0).tolist() == [1]


def test_who_is_held_out_depends_on_the_id_alone():
    ids = [f"row{i}" for i in range(3000)]
    held = held_out(ids, 0.1)
    assert 0.08 < held.mean() < 0.12
    assert held_out(ids[::-1], 0.1)[::-1].tolist() == held.tolist()
    assert not held_out(ids, 0).any()
    assert held_out(ids, 0.2)[held].all()
