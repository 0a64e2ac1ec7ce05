"""Generated mails: same seed same mails, dates in the period, learnable but not trivial, true to the reader."""

import datetime as dt

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from labelmill.sources.generated import mail_rows, mails, render
from labelmill.sources.mail import COLUMNS, parse_mail


def test_same_seed_same_mails_other_seed_others():
    (frame, gold), (again, gold_again), (other, _) = mails(200, seed=3), mails(200, seed=3), mails(200, seed=4)
    assert_frame_equal(frame, again)
    assert np.array_equal(gold, gold_again)
    assert not frame["text"].equals(other["text"])


def test_columns_ids_and_dates():
    frame, gold = mails(500, seed=1)
    assert list(frame.columns) == ["id", *COLUMNS]
    assert frame["id"].is_unique
    assert gold.dtype == np.int64
    assert frame["received_at"].min().date() >= dt.date(2024, 1, 1)
    assert frame["received_at"].max().date() <= dt.date(2024, 6, 30)
    assert (frame["received_at"] >= "2024-05-01").sum() > 100
    assert 0.2 < gold.mean() < 0.4


def test_the_mail_reader_gives_every_row_back():
    rows, _ = mail_rows(300, seed=5)
    assert [parse_mail(render(row)) for row in rows] == rows


def test_no_mail_is_empty_and_none_is_there_for_zero():
    frame, gold = mails(0, seed=1)
    assert len(frame) == len(gold) == 0


def test_keywords_tell_something_but_no_single_word_tells_all():
    frame, gold = mails(3000, seed=2)
    text = frame["text"].str.lower()
    act_now = text.str.contains("act now").to_numpy()
    assert gold[act_now].mean() > 0.9
    assert 0.01 < act_now.mean() < 0.2
    for word in ("free", "offer", "order"):
        says = text.str.contains(rf"\b{word}\b").to_numpy()
        assert 0.1 < gold[says].mean() < 0.9, word


def test_spam_of_the_last_months_sells_other_things():
    frame, gold = mails(3000, seed=2)
    is_new = frame["text"].str.contains("wallet|parcel|crypto", case=False).to_numpy()
    late = (frame["received_at"] >= "2024-05-15").to_numpy()
    assert is_new[(gold == 1) & late].mean() > 2 * is_new[(gold == 1) & ~late].mean()


@pytest.mark.slow
def test_a_text_model_learns_them_without_being_perfect():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score

    frame, gold = mails(4000, seed=1)
    train = (frame["received_at"] < "2024-05-01").to_numpy()
    words = TfidfVectorizer(min_df=3).fit(frame["text"][train])
    model = LogisticRegression(C=10).fit(words.transform(frame["text"][train]), gold[train])
    score = balanced_accuracy_score(gold[~train], model.predict(words.transform(frame["text"][~train])))
    assert 0.85 < score < 0.98
