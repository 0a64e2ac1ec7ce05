import datetime as dt

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.end_model import matrix
from labelmill.end_model.features import Featurizer
from labelmill.end_model.model import EndModel
from labelmill.errors import BusyError, CorruptFileError, OvertakenError, PromotionError, TrainingError
from labelmill.params import FeaturizeParams, parse_params
from labelmill.quality import champion, evidence, promotion
from labelmill.quality.decisions import decisions
from labelmill.quality.explanation import explain

CLASSES = ("ham", "spam")


BAD = tuple(f"bad{i}" for i in range(14))
"""More words of the second class, for a model that knows them."""

MADE_FROM = {"lf_set": "l" * 64}


def params(**promote):
    return parse_params(
        {
            "task": {"name": "mail", "classes": list(CLASSES), "seed": 3},
            "ingest": {"source": "generated", "splits": {"date_column": "date"}},
            "promote": {"bootstrap_samples": 300, **promote},
        }
    )


def write_model(weight, *, featurizer=None, extra=()):
    """A model that trusts the word of the class; a negative weight takes each word for the other class.

    `extra` words make another featurizer, with more features.
    """
    texts = pd.DataFrame({"text": ["good", "bad", *extra] * 2})
    made = Featurizer(FeaturizeParams(min_df=2, text_shape=False)).fit(texts)
    made.save(paths.FEATURIZER)
    signs = {"text:good": -1.0, "text:bad": 1.0} | {f"text:{word}": 1.0 for word in extra if word in BAD}
    column = np.array([signs.get(name, 0.0) * weight for name in made.names], dtype=np.float32)
    arrays = {"weight": np.stack([-column, column], axis=1), "bias": np.zeros(2, dtype=np.float32)}
    EndModel("linear", CLASSES, arrays, featurizer or made.hash, {"weight": weight}).save(paths.END_MODEL)
    return made


def write_features():
    frame = storage.read_shards(paths.CLEAN)
    made = Featurizer.load(paths.FEATURIZER)
    matrix.write_features(paths.FEATURES, made.transform(frame), frame, featurizer=made.hash)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """1,000 rows: 400 gate, 200 test, in another order in each file; a word that tells the class, votes that err."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(4)
    gold = rng.integers(0, 2, 1000)
    frame = pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(1000)],
            "split": np.repeat(["gate", "test", "train"], [400, 200, 400]),
            "text": np.where(gold == 1, "bad", "good"),
            "date": pd.date_range("2002-01-01", periods=1000, freq="6h", tz="UTC"),
        }
    )
    with storage.shard_writer(paths.CLEAN) as write:
        write(frame.iloc[:500])
        write(frame.iloc[500:])
    votes = np.where(rng.random(1000) < 0.3, 1 - gold, gold)
    votes[rng.random(1000) < 0.2] = -1
    with storage.shard_writer(paths.LABEL_MATRIX) as write:
        write(pd.DataFrame({"id": frame["id"], "lf": votes.astype(np.int8)}).iloc[::-1])
    with storage.shard_writer(paths.PROBS) as write:
        write(pd.DataFrame({"id": frame["id"], "covered": votes >= 0, "pred": votes.astype(np.int8)}))
    table = pd.DataFrame({"id": frame["id"], "label": gold.astype(np.int64)})
    storage.write_table(paths.GOLD_GATE, table.iloc[:400].sample(frac=1, random_state=1))
    write_model(3.0)
    write_features()
    return tmp_path


def test_promote_first_makes_the_champion(project):
    decision = promotion.promote_first(params())
    assert decision.promote
    assert decision.numbers["n"] == 400
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
    more = pd.DataFrame({"id": ["gone", "r950"], "label": [1, -1]})
    storage.write_table(paths.GOLD_GATE, pd.concat([gold, more]))
    assert promotion.promote_first(params()).numbers["n"] == 400


def test_without_gate_gold_it_says_what_to_set(project):
    storage.write_table(paths.GOLD_GATE, storage.read_table(paths.GOLD_GATE).assign(label=-1))
    decision = promotion.promote_first(params())
    assert not decision.promote
    assert "gate_rows" in decision.reasons[0]
    assert "purpose gate" in decision.reasons[0]
    (line,) = decisions()
    assert (line["kind"], line["reasons"]) == ("refusal", decision.reasons)
    assert "gate gold: 0 rows" in explain(line)


def test_features_of_another_featurizer_are_refused(project):
    write_model(3.0, featurizer="other")
    with pytest.raises(TrainingError, match="featurizer"):
        promotion.promote_first(params())


@pytest.fixture
def in_charge(project):
    """Champion number 1, whose rules are those of MADE_FROM; the newest model has other features and is as good."""
    promotion.promote_first(params(), made_from=MADE_FROM)
    write_model(2.0, extra=["other"])
    return champion.load_champion()


def challenge(*, made_from=MADE_FROM, at=None, **promote):
    return promotion.promote(params(**promote), made_from=made_from, at=at)


def turn_test_words():
    """The newest rows that training does not see now have the word of the other class."""
    frame = storage.read_shards(paths.CLEAN)
    test = frame["split"] == "test"
    frame.loc[test, "text"] = frame.loc[test, "text"].map({"good": "bad", "bad": "good"})
    with storage.shard_writer(paths.CLEAN) as write:
        write(frame)


def test_an_equal_challenger_of_other_features_takes_charge(in_charge):
    decision = challenge()
    assert decision.promote, decision.reasons
    assert (
        "against 1.000 of champion number 1 on 400 gate rows, 0 of which they decide differently" in decision.reasons[0]
    )
    assert "decides nothing" in decision.reasons[-1]
    made = champion.load_champion()
    assert made.seq == 2
    assert made.sha256 == storage.folder_hash(paths.END_MODEL)
    assert made.made_from == MADE_FROM
    line = decisions()[-1]
    assert line["champion"] == {"seq": 1, "sha256": in_charge.sha256}
    assert set(line["numbers"]["gate"]["slices"]) >= {
        "covered",
        "uncovered",
        "class ham",
        "class spam",
        "month 2002-01",
    }
    assert line["numbers"]["window"]["weak"] is True
    assert line["numbers"]["lf_set_changed"] is False
    assert line["numbers"]["latency_ms"]["champion"] > 0


def test_a_worse_one_is_refused_and_the_champion_stays(in_charge):
    write_model(-1.0)
    decision = challenge()
    assert not decision.promote
    assert "worse: " in decision.reasons[1]
    assert champion.load_champion() == in_charge
    assert decisions()[-1]["kind"] == "refusal"


def test_a_lost_race_is_no_refusal(in_charge, monkeypatch):
    """Another process puts a model in charge while this one is judged; judged again, beside that one, it may pass."""
    measure = evidence.cpu_ms

    def overtaken(*args, **kwargs):
        monkeypatch.undo()
        monkeypatch.chdir(in_charge.folder.parents[2])
        other = {"sha256": in_charge.sha256, "featurizer_sha256": in_charge.featurizer_sha256}
        folders = {name: in_charge.folder / name for name in ("end_model", "featurizer")}
        champion.swap_champion(1, other, **folders)
        return measure(*args, **kwargs)

    monkeypatch.setattr(evidence, "cpu_ms", overtaken)
    with pytest.raises(OvertakenError, match="number 1 was expected, number 2 is in charge") as raised:
        challenge()
    assert raised.value.exit_code == BusyError.exit_code, "which flows try again"
    assert [line["kind"] for line in decisions()] == ["promotion", "promotion"]
    assert challenge().promote
    assert champion.current_seq() == 3


def test_refusals_on_the_same_gold_make_it_surer(in_charge):
    gold = storage.read_table(paths.GOLD_GATE)
    storage.write_table(paths.GOLD_GATE, gold.iloc[:100])
    write_model(-0.5)
    assert challenge().numbers["gate"]["refusals"] == 0
    storage.write_table(paths.GOLD_GATE, gold)
    write_model(-1.0)
    assert challenge().numbers["gate"]["refusals"] == 0, "that was on much less gold"
    write_model(-2.0)
    assert challenge().numbers["gate"]["refusals"] == 1
    decision = challenge()
    assert decision.numbers["gate"]["refusals"] == 1, "the same model on the same gold is no other"
    assert decision.numbers["gate"]["confidence"] == 0.9875
    assert any(said.startswith("after 1 refusal of others beside champion number 1") for said in decision.reasons)
    write_model(2.0, extra=["other"])
    assert challenge().promote, "two refusals do not hinder one that is as good"
    write_model(-1.0)
    assert challenge().numbers["gate"]["refusals"] == 0, "they were beside another champion"


def test_small_losses_do_not_add_up(project):
    """Each model knows one word of four gate rows less than the one before it, and half of those it guesses right."""
    frame = storage.read_shards(paths.CLEAN)
    spam = frame.index[(frame["split"] == "gate") & (frame["text"] == "bad")][: 4 * len(BAD)]
    frame.loc[spam, "text"] = np.repeat(BAD, 4)
    with storage.shard_writer(paths.CLEAN) as write:
        write(frame)
    write_model(3.0, extra=BAD)
    write_features()
    promotion.promote_first(params(), made_from=MADE_FROM)
    steps = []
    for known in range(len(BAD) - 1, 0, -1):
        write_model(3.0, extra=BAD[:known])
        steps.append(challenge())
        if not steps[-1].promote:
            break
    assert len(steps) > 2
    assert "small losses add up: beside the best champion so far, number 1, it measures -0." in steps[-1].reasons[2]
    assert steps[-1].numbers["gate"]["difference"]["at_worst"] > -0.05
    assert steps[-2].numbers["best_so_far"]["model"] == steps[-2].numbers["best"] == 1
    assert "small losses have not added up" in steps[-2].reasons[2]
    assert champion.current_seq() == len(steps)
    write_model(3.0, extra=[*BAD, "other"])
    assert challenge().numbers["best"] is None
    assert champion.best_champion() is None


@pytest.fixture
def damaged_best(in_charge):
    """Champion number 2, which is damaged; number 3 is in charge and does not know the word of four gate rows."""
    frame = storage.read_shards(paths.CLEAN)
    spam = frame.index[(frame["split"] == "gate") & (frame["text"] == "bad")][:4]
    frame.loc[spam, "text"] = "bad0"
    with storage.shard_writer(paths.CLEAN) as write:
        write(frame)
    write_model(2.0, extra=["bad0", "bad1"])
    assert challenge().promote
    write_model(2.0, extra=["other"])
    assert challenge().promote
    damage(2)


def damage(seq):
    file = paths.STATE / f"models/{seq}/end_model/end_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize(("word", "promoted"), [("some", True), ("bad1", False)], ids=["equal", "less"])
def test_a_damaged_best_champion_does_not_lower_the_bar(damaged_best, word, promoted):
    """The challenger is right on the same gate rows as the champion in charge, or takes two of ham for spam."""
    frame = storage.read_shards(paths.CLEAN)
    ham = frame.index[(frame["split"] == "gate") & (frame["text"] == "good")][:2]
    frame.loc[ham, "text"] = "bad1"
    with storage.shard_writer(paths.CLEAN) as write:
        write(frame)
    write_model(2.0, extra=[word, "more"])
    decision = challenge()
    assert decision.promote is promoted, decision.reasons
    (told,) = (said for said in decision.reasons if said.startswith("the best champion so far, number 2, is damaged"))
    assert "end_model.safetensors" in told and "labelmill verify --repair" in told
    assert decision.numbers["best"] == champion.best_seq() == 2, "the record stays"
    assert "as good" in decision.reasons[1], "the champion in charge alone would let both pass"
    assert champion.current_seq() == 3 + promoted


def test_few_gate_rows_are_too_little_evidence_however_alike_both_are(in_charge):
    storage.write_table(paths.GOLD_GATE, storage.read_table(paths.GOLD_GATE).iloc[:40])
    decision = challenge()
    assert not decision.promote
    assert "too little evidence" in decision.reasons[1]
    needed = decision.numbers["gate"]["rows_needed"]
    assert 40 < needed <= 400
    assert f"about {needed} rows are needed" in decision.reasons[1]


def test_weak_labels_never_outweigh_gold(in_charge):
    """By weak labels the challenger is far better: the words of the test rows say the opposite of what it learned."""
    turn_test_words()
    write_model(-1.0)
    decision = challenge(window_rows=150)
    window, gate = decision.numbers["window"], decision.numbers["gate"]
    assert gate["difference"]["value"] == -1.0
    assert window["challenger"]["balanced_accuracy"] > window["champion"]["balanced_accuracy"]
    assert not decision.promote


def test_the_same_model_is_the_champion_already(in_charge):
    assert challenge().promote
    decision = challenge()
    assert decision.promote
    assert "already, number 2" in decision.reasons[0]
    assert len(decisions()) == 2


def test_without_a_champion_it_says_how_to_make_the_first(project):
    with pytest.raises(PromotionError, match="promote --first"):
        challenge()


def no_gold():
    storage.write_table(paths.GOLD_GATE, storage.read_table(paths.GOLD_GATE).assign(label=-1))


def test_without_gate_gold_nothing_is_promoted_by_default(in_charge):
    no_gold()
    decision = challenge()
    assert not decision.promote
    assert "promote.on_weak_labels" in decision.reasons[0]


def test_weak_labels_decide_where_that_is_wanted_and_the_rules_are_the_same(in_charge):
    no_gold()
    decision = challenge(on_weak_labels=True, worst_loss=0.2)
    assert decision.promote, decision.reasons
    assert "weak labels decide" in decision.reasons[0]


def test_small_losses_do_not_add_up_by_weak_labels_either(project):
    """Each model knows one word of a few newest rows less than the one before it."""
    frame, probs = storage.read_shards(paths.CLEAN), storage.read_shards(paths.PROBS)
    said = np.where(frame["text"] == "bad", 1, 0).astype("int8")
    rows = frame.index[(frame["split"] == "test") & (frame["text"] == "bad")][: 3 * len(BAD)]
    frame.loc[rows, "text"] = np.repeat(BAD, 3)
    for path, table in ((paths.CLEAN, frame), (paths.PROBS, probs.assign(covered=True, pred=said))):
        with storage.shard_writer(path) as write:
            write(table)
    write_model(3.0, extra=BAD)
    write_features()
    promotion.promote_first(params(), made_from=MADE_FROM)
    no_gold()
    for known in range(len(BAD) - 1, 0, -1):
        write_model(3.0, extra=BAD[:known])
        decision = challenge(on_weak_labels=True, worst_loss=0.03)
        if not decision.promote:
            break
    assert champion.current_seq() > 2
    assert any(reason.startswith("small losses add up") for reason in decision.reasons), decision.reasons
    assert "as good" in decision.reasons[2]
    assert decision.numbers["best"] == 1, "weak labels make nobody the best"


@pytest.mark.parametrize(("made_from", "said"), [({"lf_set": "m" * 64}, "changed since"), ({}, "not known")])
def test_never_on_weak_labels_where_the_rules_may_have_changed(in_charge, made_from, said):
    no_gold()
    decision = challenge(made_from=made_from, on_weak_labels=True, worst_loss=0.2)
    assert not decision.promote
    assert said in decision.reasons[0]
    assert "the thing that moved" in decision.reasons[0]


def test_with_gate_gold_changed_rules_do_not_hinder(in_charge):
    decision = challenge(made_from={"lf_set": "m" * 64})
    assert decision.promote
    assert "other labeling functions" in decision.reasons[-1]


def test_a_model_that_was_rolled_back_does_not_return_by_itself(in_charge):
    challenge()
    champion.roll_back(2)
    decision = challenge()
    assert not decision.promote
    assert "was rolled back" in decision.reasons[0]
    champion.roll_back(3, to=2)
    assert challenge().promote, "it is in charge"
    assert champion.current_seq() == 4


THREE = (*CLASSES, "news")


def three_classes(**promote):
    """Params of a task to which a class was added, of which gate gold has no row."""
    content = params(**promote).model_dump(by_alias=True)
    return parse_params({**content, "task": {**content["task"], "classes": list(THREE)}})


def write_model_of_three(*, news=5.0, weight=5.0):
    """A model that takes a word without a meaning for news; how strongly, and the other words for the other classes."""
    texts = pd.DataFrame({"text": ["good", "bad", "news"] * 2})
    made = Featurizer(FeaturizeParams(min_df=2, text_shape=False)).fit(texts)
    made.save(paths.FEATURIZER)
    by_word = np.zeros((len(made.names), 3), dtype=np.float32)
    for word, label, strength in (("good", 0, weight), ("bad", 1, weight), ("news", 2, news)):
        by_word[made.names.index(f"text:{word}"), label] = strength
    arrays = {"weight": by_word, "bias": np.array([1, 0, 0], dtype=np.float32)}
    EndModel("linear", THREE, arrays, made.hash).save(paths.END_MODEL)


def test_a_champion_of_fewer_classes_is_compared_by_their_names(in_charge):
    write_model_of_three()
    decision = promotion.promote(three_classes(), made_from=MADE_FROM)
    assert decision.promote, decision.reasons
    for said in ("knows the classes ham, spam", "of class news, which champion number 1 does not know either"):
        assert any(said in reason for reason in decision.reasons)


@pytest.fixture
def three_in_charge(in_charge):
    """Champion number 2, of three classes; every third of the newest rows is news, gate gold has none."""
    frame, probs = storage.read_shards(paths.CLEAN), storage.read_shards(paths.PROBS)
    news = (frame["split"] == "test") & (np.arange(len(frame)) % 3 == 0)
    frame.loc[news, "text"] = "news"
    probs.loc[probs["id"].isin(frame["id"][news]), ["covered", "pred"]] = [True, 2]
    for path, table in ((paths.CLEAN, frame), (paths.PROBS, probs.astype({"covered": bool, "pred": "int8"}))):
        with storage.shard_writer(path) as write:
            write(table)
    write_model_of_three()
    assert promotion.promote(three_classes(), made_from=MADE_FROM).promote


@pytest.mark.parametrize("news", [4.0, -5.0], ids=["kept", "lost"])
def test_a_class_that_the_champion_knows_needs_gate_gold(three_in_charge, news):
    """Whether the challenger lost it: without gold of it nothing shows that."""
    write_model_of_three(news=news, weight=4.0)
    decision = promotion.promote(three_classes(), made_from=MADE_FROM)
    assert not decision.promote
    assert any("too little evidence of class news: none of the gate rows is of it" in said for said in decision.reasons)
    (told,) = (said for said in decision.reasons if said.startswith("label rows of class news with purpose gate"))
    assert f"the champion takes 66 for it, the challenger {66 if news > 0 else 0})" in told
    assert champion.current_seq() == 2


@pytest.mark.parametrize("news", [4.0, -5.0], ids=["kept", "lost"])
def test_weak_labels_tell_of_it_where_that_is_wanted(three_in_charge, news):
    write_model_of_three(news=news, weight=4.0)
    decision = promotion.promote(three_classes(on_weak_labels=True, worst_loss=0.2), made_from=MADE_FROM)
    assert decision.promote is (news > 0), decision.reasons
    assert any("of class news weak labels tell" in said for said in decision.reasons) is (news > 0)


def test_the_clock_can_be_set(in_charge):
    challenge(at=dt.datetime(2002, 10, 1, 12, tzinfo=dt.UTC))
    assert decisions()[-1]["at"] == "2002-10-01T12:00:00+00:00"


def test_a_damaged_champion_is_named_with_the_way_out(in_charge):
    challenge()
    write_model(1.0)
    file = champion.load_champion().folder / "end_model" / "end_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CorruptFileError, match=r"champion number 2: .*end_model\.safetensors.*labelmill rollback"):
        challenge()
