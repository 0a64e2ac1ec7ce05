import dataclasses
import json

import numpy as np
import pytest

from labelmill.quality.drift import Findings, Reference, Rows, compare
from labelmill.quality.drift.findings import LAYERS
from labelmill.quality.drift.null import null_of


def test_a_window_of_the_same_world_is_stable(reference, rows, params):
    findings = compare(reference, rows(2000, 2), params)
    assert findings.state == "stable"
    assert {layer.state for layer in findings.layers.values()} == {"stable"}
    assert tuple(findings.layers) == LAYERS
    assert findings.prior["spam"].low < 0.3 < findings.prior["spam"].high
    assert findings.accuracy.low < 0.9 < findings.accuracy.high


def test_a_small_window_tells_nothing(reference, rows, params):
    findings = compare(reference, rows(params.min_rows - 1, 2), params)
    assert findings.state == "cannot tell"
    assert findings.prior == {}


def test_findings_survive_json(reference, rows, params):
    findings = compare(reference, rows(1000, 3, dead=4), params)
    assert findings.state == "drift"
    text = json.dumps(findings.to_json(), allow_nan=False)
    assert Findings.from_json(json.loads(text)) == findings


@pytest.mark.parametrize(
    ("planted", "layer", "kind", "name"),
    [
        ({"dead": 0}, "votes", "coverage", "lf_0"),
        ({"worse": 6}, "votes", "agreement", "lf_6"),
        ({"prior": 0.42}, "outputs", "mean", "champion: spam"),
        ({"new": 0.25}, "input", "content", "words"),
        ({"new": 0.25}, "votes", "uncovered", ""),
    ],
)
def test_what_changed_is_named(reference, rows, params, planted, layer, kind, name):
    findings = compare(reference, rows(2000, 11, **planted), params)
    assert findings.layers[layer].state == "drift"
    assert (kind, name) in {(signal.kind, signal.name) for signal in findings.layers[layer].alarms}


def test_a_column_that_is_gone_stands_out(reference, rows, params):
    window = rows(1000, 4)
    frame = window.frame.rename(columns={"size": "bytes"})
    findings = compare(reference, dataclasses.replace(window, frame=frame), params)
    gone = {signal.name: signal.window for signal in findings.layers["input"].alarms if signal.kind == "column"}
    assert gone == {"size": 0.0}


def test_a_new_column_is_no_drift_and_hides_none(reference, rows, params):
    windows = [rows(1000, 5), rows(1000, 6, new=0.3)]
    plain, beside = (
        [compare(reference, dataclasses.replace(one, frame=frame(one)), params).layers["input"] for one in windows]
        for frame in (lambda one: one.frame, lambda one: one.frame.assign(campaign="c"))
    )
    assert [layer.state for layer in plain] == ["stable", "drift"]
    assert beside == plain


def test_a_change_that_does_not_matter_is_no_drift(reference, rows, params):
    lax = params.model_copy(update={"share_change": 0.9, "agreement_change": 0.9, "content_auc": 1.0})
    findings = compare(reference, rows(2000, 12, prior=0.42), lax)
    assert findings.state == "stable"


def test_without_scores_the_label_model_speaks_for_the_classes(reference, rows, params):
    window = rows(2000, 13)
    findings = compare(reference, dataclasses.replace(window, scores=np.full_like(window.scores, np.nan)), params)
    assert findings.state == "stable"
    assert findings.accuracy is None
    assert set(findings.prior) == {"ham", "spam"}


def with_copies(rows, n, seed):
    """Half of the rows are letters that were sent five times each."""
    plain = rows(n, seed)
    places = np.concatenate([np.arange(n // 2), n // 2 + np.arange(n // 10).repeat(5)])
    frame = plain.frame.assign(text=plain.frame["text"].to_numpy()[places])
    return Rows(frame, *(values[places] for values in (plain.L, plain.probs, plain.scores)))


def test_copies_are_not_taken_for_rows_of_their_own(rows, schema, params):
    made = Reference.of([with_copies(rows, 6000, 1)], schema, seed=1)
    windows = [with_copies(rows, 2000, seed) for seed in range(2, 8)]
    assert {compare(made, window, params).state for window in windows} == {"stable"}
    assert null_of(made, 2000, draws=params.null_draws, cache=None).layers["votes"].spread.max() > 1.5


def with_thanks(rows, n, seed, *, dead=False):
    """One row in twelve has the same short text, on which alone the first labeling function votes."""
    plain = rows(n, seed)
    thanks = np.random.default_rng(seed).random(n) < 1 / 12
    L = plain.L.copy()
    L[:, 0] = np.where(thanks, -1 if dead else 1, -1)
    return Rows(plain.frame.assign(text=plain.frame["text"].mask(thanks, "thanks a lot")), L, plain.probs, plain.scores)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sample_rows", [1500, 20_000])
def test_a_text_that_comes_all_the_time_neither_alarms_nor_hides_what_hangs_on_it(
    rows, schema, params, seed, sample_rows
):
    made = Reference.of([with_thanks(rows, 6000, 1)], schema, seed=seed, sample_rows=sample_rows)
    found = compare(made, with_thanks(rows, 1000, 2), params)
    assert found.state == "stable"
    dead = compare(made, with_thanks(rows, 1000, 3, dead=True), params).layers["votes"].alarms
    assert ("coverage", "lf_0") in {(signal.kind, signal.name) for signal in dead}
