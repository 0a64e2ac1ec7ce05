import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from labelmill import paths, storage
from labelmill.end_model.matrix import write_features
from labelmill.end_model.model import EndModel
from labelmill.errors import DataError, PromotionError, TrainingError
from labelmill.params import PromoteParams, parse_params
from labelmill.quality import champion, promotion
from labelmill.quality.decisions import decisions

CLASSES = ("ham", "spam")


def probs(gold, share_right, seed):
    """Decisions that are right on about this share of rows, each class alike."""
    right = np.random.default_rng(seed).random(len(gold)) < share_right
    said = np.where(right, gold, 1 - gold)
    return np.eye(2)[said] * 0.8 + 0.1


def decide(gold, challenger, rival, **params):
    return promotion.first_champion(
        gold,
        challenger=challenger,
        majority_vote=rival,
        always=np.tile([1.0, 0.0], (len(gold), 1)),
        params=PromoteParams(bootstrap_samples=200, **params),
        seed=1,
        classes=CLASSES,
    )


GOLD = (np.random.default_rng(0).random(300) < 0.3).astype(np.int64)


def test_a_better_model_is_promoted_with_reasons_and_numbers():
    decision = decide(GOLD, probs(GOLD, 0.95, 1), probs(GOLD, 0.8, 2))
    assert decision.promote
    assert len(decision.reasons) == 2
    assert "of majority_vote" in decision.reasons[0]
    assert "of always_ham" in decision.reasons[1]
    assert "95 % between" in decision.reasons[0]
    assert decision.numbers["always_ham"]["value"] == 0.5
    assert decision.numbers["differences"]["challenger-majority_vote"]["low"] > 0
    json.dumps(decision.numbers, allow_nan=False)


def test_a_worse_one_is_not():
    decision = decide(GOLD, probs(GOLD, 0.7, 1), probs(GOLD, 0.9, 2))
    assert not decision.promote
    assert "does not beat" in decision.reasons[0]
    assert "beats" in decision.reasons[1]


def test_an_equal_one_is_not():
    same = probs(GOLD, 0.9, 1)
    assert not decide(GOLD, same, same).promote


def test_always_the_first_class_must_be_beaten_too():
    useless = np.tile([0.9, 0.1], (len(GOLD), 1))
    assert not decide(GOLD, useless, probs(GOLD, 0.3, 2)).promote


def test_the_margin_counts():
    better, worse = probs(GOLD, 0.92, 1), probs(GOLD, 0.85, 2)
    gain = decide(GOLD, better, worse).numbers["differences"]["challenger-majority_vote"]["value"]
    assert decide(GOLD, better, worse, margin=gain - 0.001).promote
    refused = decide(GOLD, better, worse, margin=gain + 0.001)
    assert not refused.promote
    assert "by more than" in refused.reasons[0]


def test_uncovered_rows_count_half_for_majority_vote():
    undecided = np.full((len(GOLD), 2), 0.5)
    assert decide(GOLD, probs(GOLD, 0.9, 1), undecided).numbers["majority_vote"]["value"] == 0.5


@pytest.mark.parametrize("gold", [np.zeros(5, dtype=np.int64), np.zeros(0, dtype=np.int64)])
def test_gold_of_one_class_tells_nothing(gold):
    decision = decide(gold, probs(gold, 1, 1), probs(gold, 0, 2))
    assert not decision.promote
    assert "fewer than two classes" in decision.reasons[0]
    json.dumps(decision.numbers, allow_nan=False)


def params():
    return parse_params(
        {"task": {"name": "mail", "classes": list(CLASSES), "seed": 3}, "ingest": {"source": "generated"}}
    )


def write_model(weight, *, featurizer="f"):
    arrays = {"weight": np.array([[-weight, weight]], dtype=np.float32), "bias": np.zeros(2, dtype=np.float32)}
    EndModel("linear", CLASSES, arrays, featurizer).save(paths.END_MODEL)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """200 rows, half of them gate, in another order in each file; one feature that tells the class, votes that err."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(4)
    gold = rng.integers(0, 2, 200)
    frame = pd.DataFrame(
        {"id": [f"r{i}" for i in range(200)], "split": np.where(np.arange(200) < 100, "gate", "train")}
    )
    X = sp.csr_matrix((2.0 * gold - 1)[:, None], dtype=np.float32)
    write_features(paths.FEATURES, X, frame, featurizer="f")
    votes = np.where(rng.random(200) < 0.3, 1 - gold, gold)
    votes[rng.random(200) < 0.2] = -1
    with storage.shard_writer(paths.LABEL_MATRIX) as write:
        write(pd.DataFrame({"id": frame["id"], "lf": votes.astype(np.int8)}).iloc[::-1])
    table = pd.DataFrame({"id": frame["id"], "label": gold.astype(np.int64)})
    storage.write_table(paths.GOLD_GATE, table.iloc[:100].sample(frac=1, random_state=1))
    with storage.new_folder(paths.FEATURIZER) as new:
        storage.write_text(new / "featurizer.json", "{}")
    write_model(3.0)
    return tmp_path


def test_promote_first_makes_the_champion(project):
    decision = promotion.promote_first(params())
    assert decision.promote
    assert decision.numbers["n"] == 100
    assert decision.numbers["challenger"]["value"] == 1.0
    assert 0.55 < decision.numbers["majority_vote"]["value"] < 0.8
    in_charge = champion.load_champion()
    assert in_charge.sha256 == storage.folder_hash(paths.END_MODEL)
    (line,) = decisions()
    assert line["promote"]
    assert line["numbers"] == decision.numbers
    assert line["reasons"] == decision.reasons


def test_promoting_the_champion_again_changes_nothing(project):
    promotion.promote_first(params())
    decision = promotion.promote_first(params())
    assert decision.promote
    assert "already" in decision.reasons[0]
    assert champion.current_seq() == len(decisions()) == 1


def test_a_second_model_is_no_first_champion(project):
    promotion.promote_first(params())
    write_model(2.0)
    with pytest.raises(PromotionError, match=r"champion number 1 .* is in charge already"):
        promotion.promote_first(params())


def test_a_refused_model_leaves_a_decision_and_no_champion(project):
    write_model(-3.0)
    decision = promotion.promote_first(params())
    assert not decision.promote
    assert champion.load_champion() is None
    (line,) = decisions()
    assert not line["promote"]
    assert line["numbers"]["challenger"]["value"] == 0.0


def test_gate_rows_that_were_quarantined_since_are_left_out(project):
    gold = storage.read_table(paths.GOLD_GATE)
    more = pd.DataFrame({"id": ["gone", "r150"], "label": [1, -1]})
    storage.write_table(paths.GOLD_GATE, pd.concat([gold, more]))
    assert promotion.promote_first(params()).numbers["n"] == 100


def test_without_gate_gold_it_says_what_to_set(project):
    storage.write_table(paths.GOLD_GATE, storage.read_table(paths.GOLD_GATE).assign(label=-1))
    with pytest.raises(DataError, match="gate_rows"):
        promotion.promote_first(params())


def test_features_of_another_featurizer_are_refused(project):
    write_model(3.0, featurizer="other")
    with pytest.raises(TrainingError, match="featurizer"):
        promotion.promote_first(params())
