"""Planted events: each does what its name says, to the rows it may touch, and leaves what it got as it was."""

import numpy as np
import pandas as pd
import pytest

from labelmill.sources import events
from labelmill.sources.duplicates import content_keys
from labelmill.sources.generated import mails
from labelmill.sources.mail_files import SAME_COLUMNS


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def rows():
    return mails(600, seed=3, age=0.3)


def says(frame, word):
    texts = frame["subject"].fillna("") + "\n" + frame["text"].fillna("")
    return texts.str.contains(rf"\b{word}\b", case=False, regex=True).to_numpy()


def test_obfuscated_words_vanish_from_the_rows_that_may_be_touched(rows, rng):
    frame, gold = rows
    before = frame.copy(deep=True)
    changed = events.obfuscate(frame, ["viagra", "pills", "free"], share=1, rng=rng, rows=gold == 1)
    pd.testing.assert_frame_equal(frame, before)
    for word in ("viagra", "free"):
        assert (says(frame, word) & (gold == 1)).sum() > 10
        assert not (says(changed, word) & (gold == 1)).any()
        assert (says(changed, word) == says(frame, word))[gold == 0].all()
    assert changed["text"].str.contains("v.i.a.g.r.a", case=False, regex=False).any()
    assert changed.drop(columns=["subject", "text"]).equals(frame.drop(columns=["subject", "text"]))


def test_about_the_share_that_is_asked_for_is_touched(rows, rng):
    frame, gold = rows
    changed = events.insert(frame, ["kernel"], share=0.4, rng=rng, rows=gold == 1)
    touched = (changed["text"] != frame["text"]).to_numpy()
    assert not touched[gold == 0].any()
    assert touched[gold == 1].mean() == pytest.approx(0.4, abs=0.1)
    assert says(changed, "kernel")[touched].all()


def test_a_new_topic_takes_the_place_of_a_third_of_the_words(rows, rng):
    frame, _ = rows
    changed = events.rewrite(frame, ["tractor", "orchard"], share=1, rng=rng)
    words = " ".join(changed["text"]).lower().split()
    assert 0.2 < sum(word.strip(".!,?>") in ("tractor", "orchard") for word in words) / len(words) < 0.4
    assert not says(frame, "tractor").any()


def test_garbled_texts_have_no_word_left(rows, rng):
    frame, _ = rows
    changed = events.garble(frame, share=1, rng=rng, columns=["text"])
    assert not changed["text"].str.contains("[a-z]", regex=True).any()
    assert changed["subject"].equals(frame["subject"])


def test_values_and_columns_are_taken_away(rows, rng):
    frame, _ = rows
    changed = events.blank(frame, ["text", "sent_at"], share=0.5, rng=rng)
    assert changed["text"].isna().mean() == pytest.approx(0.5, abs=0.08)
    assert changed["text"].isna().equals(changed["sent_at"].isna())
    assert changed.dtypes.equals(frame.dtypes)
    assert "text" not in events.drop_column(frame, "text")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_another_prior_is_made_of_the_same_rows(rows, rng, share):
    frame, gold = rows
    changed, labels = events.reweight(frame, gold, share=share, label=1, rng=rng)
    assert labels.mean() == pytest.approx(share, abs=0.01)
    truth = dict(zip(frame["id"], gold, strict=True))
    assert [truth[id_] for id_ in changed["id"]] == labels.tolist()
    assert changed["received_at"].is_monotonic_increasing


def test_a_flood_is_one_text_from_many_senders(rows, rng):
    frame, gold = rows
    changed, labels = events.flood(frame, gold, 5, share=0.25, rng=rng)
    assert len(changed) == len(labels) == 800
    copies = changed.iloc[600:]
    assert set(copies["text"]) == {frame["text"][5]}
    assert set(labels[600:]) == {gold[5]}
    assert changed["id"].is_unique
    assert len(set(content_keys(changed, SAME_COLUMNS))) == 800
    assert changed.dtypes.equals(frame.dtypes)


def test_events_work_on_rows_that_are_no_mails(rng):
    frame = pd.DataFrame({"id": ["a", "b", "c", "d"], "text": ["free beer", None, "more", "free"]})
    changed = events.obfuscate(frame, ["free"], share=1, rng=rng, columns=["text"])
    assert changed["text"].fillna("-").tolist() == ["f.r.e.e beer", "-", "more", "f.r.e.e"]
    flooded, _ = events.flood(frame, np.array([0, 0, 1, 1]), 3, share=0.5, rng=rng)
    assert flooded["text"].tolist()[4:] == ["free"] * 4
