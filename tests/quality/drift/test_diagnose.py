import dataclasses

import numpy as np
import pandas as pd
import pytest

from labelmill.quality.drift import Reference, Rows, Schema, Told, compare, diagnose


def told(reference, window, params, history=()):
    findings = compare(reference, window, params)
    return diagnose(reference, window, findings, params=params, history=history)


def told_of(reference, window, params):
    findings = compare(reference, window, params)
    return Told(findings, tuple(diagnose(reference, window, findings, params=params, history=[])))


def kinds(found):
    return [(one.kind, one.subject) for one in found]


def test_of_a_stable_window_nothing_is_told(reference, rows, params):
    assert told(reference, rows(2000, 2), params) == []


@pytest.mark.parametrize("seed", [21, 22, 23])
@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ({"dead": 0}, ("stale_lf", "lf_0")),
        ({"dead": 7}, ("stale_lf", "lf_7")),
        ({"worse": 6}, ("stale_lf", "lf_6")),
        ({"prior": 0.4}, ("prior_shift", "spam")),
        ({"prior": 0.2}, ("prior_shift", "spam")),
    ],
)
def test_what_happened_is_told_and_nothing_else(reference, rows, params, planted, expected, seed):
    assert kinds(told(reference, rows(2000, seed, **planted), params)) == [expected]


def test_new_content_shows_its_rows_and_words(reference, rows, params):
    window = rows(2000, 24, new=0.25)
    found = {one.kind: one for one in told(reference, window, params)}
    assert "stale_lf" not in found
    assert "prior_shift" not in found
    content = found["new_content"]
    assert content.words
    assert all(word.startswith("z") for word in content.words)
    texts = window.frame.set_index("id")["text"]
    assert all(" z" in f" {texts[row]}" for row in content.rows)


def test_other_classes_are_no_new_content(reference, rows, params):
    assert "new_content" not in dict(kinds(told(reference, rows(2000, 25, prior=0.5), params)))


def test_a_stale_one_shows_rows_before_and_after(reference, rows, params):
    window = rows(2000, 26, worse=7)
    (found,) = told(reference, window, params)
    places = window.frame["id"].isin(found.rows)
    assert (window.L[places, 7] >= 0).all()
    assert len(found.rows) == len(found.before) == 10
    assert set(found.before) <= set(reference.sample.ids)


def test_two_stale_ones_are_both_named(reference, rows, params):
    found = told(reference, rows(2000, 27, dead=2, worse=5), params)
    assert {one.subject for one in found if one.kind == "stale_lf"} == {"lf_2", "lf_5"}


@pytest.mark.parametrize("broken", ["nulls", "gone", "short", "garbled", "silent", "copies", "failing"])
def test_a_broken_feed_is_told_alone(reference, rows, params, broken):
    window = rows(1500, 28)
    frame, L, failed = window.frame.copy(), window.L.copy(), None
    if broken == "nulls":
        frame.loc[::2, "size"] = np.nan
    elif broken == "gone":
        frame = frame.drop(columns="size")
    elif broken == "short":
        frame["text"] = frame["text"].str[:4]
    elif broken == "garbled":
        frame["text"] = frame["text"].str.replace("a", "\ufffd")
    elif broken == "silent":
        L[:] = -1
    elif broken == "copies":
        frame["text"] = frame["text"].iloc[0]
    else:
        failed = np.ones(L.shape, bool)
    found = told(reference, dataclasses.replace(window, frame=frame, L=L, failed=failed), params)
    assert {one.kind for one in found} == {"broken_feed"}
    assert all(one.confirmed for one in found)


def test_what_two_of_three_windows_show_is_confirmed(reference, rows, params):
    patient = params.model_copy(update={"plain": 100.0})
    windows = [rows(2000, seed, dead=3) for seed in (31, 32)]
    first = told_of(reference, windows[0], patient)
    assert [(one.change, one.confirmed) for one in first.diagnoses] == [("coverage down", False)]
    assert told(reference, windows[1], patient, [first])[0].confirmed
    stable = told_of(reference, rows(2000, 2), patient)
    assert told(reference, windows[1], patient, [first, stable])[0].confirmed
    assert not told(reference, windows[1], patient, [first, stable, stable])[0].confirmed


def test_another_labeling_function_or_another_change_of_the_same_confirms_none(reference, rows, params):
    patient = params.model_copy(update={"plain": 100.0})
    for before in ({"dead": 2}, {"worse": 3}, {"prior": 0.5}):
        first = told_of(reference, rows(2000, 31, **before), patient)
        assert first.diagnoses
        assert not told(reference, rows(2000, 32, dead=3), patient, [first])[0].confirmed


def test_what_is_plain_is_confirmed_at_once(reference, rows, params):
    assert told(reference, rows(2000, 31, dead=7), params)[0].confirmed


def one_sided(n, seed, *, prior):
    """Ten labeling functions of one class each: other shares of the classes change all that they do."""
    rng = np.random.default_rng(seed)
    truth, said = (rng.random(n) < prior).astype(int), np.arange(10) % 2
    L = np.stack(
        [np.where(rng.random(n) < np.where(truth == label, 0.4, 0.06), label, -1) for label in said], axis=1
    ).astype(np.int8)
    speaks = np.where(L >= 0, np.log(0.4 / 0.06), np.log(0.6 / 0.94)) * (2 * said - 1)
    frame = pd.DataFrame({"id": [f"{seed}-{row}" for row in range(n)]})
    logits = np.stack([speaks.sum(axis=1), (2 * truth - 1) * 2.5 + rng.normal(0, 1.2, n)])
    spam = 1 / (1 + np.exp(-logits))
    return Rows(frame, L, *np.stack([1 - spam, spam], axis=2))


def test_a_shift_of_the_classes_blames_no_labeling_function(params):
    schema = Schema((), ("ham", "spam"), tuple(f"lf_{j}" for j in range(10)))
    reference = Reference.of([one_sided(20_000, 1, prior=0.5)], schema, seed=1)
    for prior, seeds in ((0.1, (5032, 5036)), (0.9, (5001, 5005))):
        for seed in seeds:
            assert kinds(told(reference, one_sided(2000, seed, prior=prior), params)) == [("prior_shift", "spam")]


def tempered(window, power):
    """The champion surer of the same decisions, or less sure."""
    scores = window.scores**power
    return dataclasses.replace(window, scores=scores / scores.sum(axis=1, keepdims=True))


def test_a_champion_that_was_surer_before_does_not_confirm_that_it_is_less_sure(reference, rows, params):
    patient = params.model_copy(update={"plain": 100.0})
    surer, unsure, again = (tempered(rows(2000, seed), by) for seed, by in ((31, 3.0), (32, 0.4), (33, 0.4)))
    before = [told_of(reference, window, patient) for window in (surer, unsure)]
    assert any(signal.kind == "confidence" for signal in before[0].findings.layers["outputs"].alarms)
    for history, confirmed in ((before[:1], False), (before, True)):
        found = {one.kind: one.confirmed for one in told(reference, again, patient, history)}
        assert found["harmful"] is confirmed


def four_classes(n, seed, *, prior):
    """The champion hardly tells classes a and b apart, and c and d well."""
    rng = np.random.default_rng(seed)
    chances = np.array([[0.62, 0.38, 0, 0], [0.38, 0.62, 0, 0], [0, 0, 0.97, 0.03], [0, 0, 0.03, 0.97]])
    truth = rng.choice(4, n, p=prior)
    said = (rng.random((n, 1)) > chances[truth].cumsum(axis=1)).sum(axis=1).clip(max=3)
    votes = np.where(rng.random((n, 4)) < 0.6, truth[:, None], -1).astype(np.int8)
    probs, scores = 0.01 + 0.96 * np.eye(4)[truth], 0.02 + 0.92 * np.eye(4)[said]
    gold = np.where(rng.random(n) < 0.2, truth, -1)
    return Rows(pd.DataFrame({"id": [f"{seed}-{row}" for row in range(n)]}), votes, probs, scores, None, gold)


@pytest.mark.parametrize("seed", range(2, 8))
def test_classes_that_are_hard_to_tell_apart_do_not_hide_that_another_shifts(params, seed):
    schema = Schema((), tuple("abcd"), tuple(f"lf_{j}" for j in range(4)))
    reference = Reference.of([four_classes(6000, 1, prior=[0.3, 0.3, 0.2, 0.2])], schema, seed=1)
    window = four_classes(1000, seed, prior=[0.3, 0.3, 0.28, 0.12])
    shifted = [one for one in told(reference, window, params) if one.kind == "prior_shift"]
    assert [one.subject in "cd" for one in shifted] == [True]
