"""What a model was made from, by what the stages left of it."""

from dataclasses import replace

import pytest

from labelmill import paths
from labelmill.errors import DataError, StorageError
from labelmill.labeling.loading import load_lfs
from labelmill.loop.origin import trained_from
from labelmill.quality.profile import check_same, lf_keys, read_made_from
from labelmill.stages import run_stage

WORDS = paths.LFS / "words.py"


def edit_a_rule():
    before = WORDS.read_text()
    WORDS.write_text(before.replace('"agenda", ', "").replace('"minutes", ', ""))
    assert WORDS.read_text() != before
    return before


def test_rules_are_those_that_trained_it_not_those_that_lie_there(params):
    first = trained_from(params)
    before = edit_a_rule()
    assert trained_from(params) == first, "edited, and nothing was made from that yet"
    for stage in ("label", "fit_label_model", "train", "profile"):
        run_stage(stage, params)
    second = trained_from(params)
    WORDS.write_text(before)
    assert trained_from(params) == second
    assert {name for name in first if first[name] != second[name]} == {
        "label_matrix",
        "probs",
        "label_model",
        "lf_set",
    }


def test_rules_that_were_edited_before_the_last_stage_are_not_those_that_trained_it(params):
    first = trained_from(params)
    edit_a_rule()
    run_stage("profile", params)
    assert trained_from(params) == first
    made_from = read_made_from(paths.REFERENCE)
    now = replace(made_from, lfs=lf_keys(load_lfs(paths.LFS, params.task.cardinality), paths.LFS))
    with pytest.raises(DataError, match="labeling functions changed"):
        check_same(paths.REFERENCE, now)


def test_stages_that_were_not_run_since_are_refused(params):
    edit_a_rule()
    run_stage("label", params)
    with pytest.raises(StorageError, match=r"another label matrix than is there now.*`dvc repro`"):
        trained_from(params)
    for stage in ("fit_label_model", "train"):
        run_stage(stage, params)
    with pytest.raises(StorageError, match="another label matrix, probs, label model, end model than"):
        trained_from(params)
