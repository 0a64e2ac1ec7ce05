import dataclasses

import numpy as np
import pytest

from labelmill.quality.drift import Findings, Rows, compare
from labelmill.quality.drift.findings import LAYERS


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
    assert Findings.from_json(findings.to_json()) == findings


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


def test_a_column_that_is_gone_and_one_that_is_new_stand_out(reference, rows, params):
    window = rows(1000, 4)
    frame = window.frame.rename(columns={"size": "bytes"})
    findings = compare(reference, dataclasses.replace(window, frame=frame), params)
    gone = {signal.name: signal.window for signal in findings.layers["input"].alarms if signal.kind == "column"}
    assert gone == {"size": 0.0, "bytes": 1.0}


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


def test_copies_do_not_alarm(rows, schema, params):
    """Half of the rows are one of 40 letters, sent again and again: by row they would be as many as in the null."""
    from labelmill.quality.drift import Reference

    def with_copies(seed):
        plain = rows(3000, seed)
        rng = np.random.default_rng(seed)
        letters = rows(400, 99)
        sent = rng.choice(400, 40)
        places = np.concatenate([np.arange(1500), 1500 + np.arange(40).repeat(38)[:1500]])
        pick = [
            np.concatenate([getattr(plain, name)[:1500], getattr(letters, name)[sent]])
            for name in ("L", "probs", "scores")
        ]
        texts = np.concatenate([plain.frame["text"][:1500], letters.frame["text"].iloc[sent]])[places]
        frame = plain.frame.assign(text=texts)
        return Rows(frame, *(values[places] for values in pick))

    made = Reference.of([with_copies(1)], schema, seed=1)
    states = [compare(made, with_copies(seed), params).layers["votes"].state for seed in range(2, 8)]
    assert states.count("drift") == 0
