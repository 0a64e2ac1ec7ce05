import numpy as np
import pytest

from labelmill.label_model import Auto, sums, two_classes
from labelmill.label_model.encoding import encode


@pytest.mark.parametrize("m", [1, 4, 70])
def test_sums_of_votes(m):
    rng = np.random.default_rng(0)
    L = rng.integers(-1, 2, (50, m)).astype(np.int8)
    tables = rng.integers(-(2**20), 2**20, (4, m)).astype(np.int32)
    found = np.empty((4, 50), np.int32)
    two_classes.sum_votes(L, tables, found)
    no, yes = L == 0, L == 1
    assert (found[0] == no @ tables[0] + yes @ tables[1]).all()
    assert (found[1] == no @ tables[2] + yes @ tables[3]).all()
    assert (found[2] == no.sum(axis=1)).all()
    assert (found[3] == yes.sum(axis=1)).all()


def test_evidence_that_does_not_fit_in_whole_units_is_not_packed():
    nothing = np.zeros((400, 2, 2))
    fits, too_much = (np.tile([[0.0, 0.0], [0.0, each]], (400, 1, 1)) for each in (5.11, 5.13))
    assert (400 * 5.11 / sums.UNIT < 2**31 - 1) and (400 * 5.13 / sums.UNIT > 2**31 - 1)
    found = np.empty((4, 1), np.int32)
    two_classes.sum_votes(np.ones((1, 400), np.int8), two_classes.packed(fits, nothing), found)
    assert found[0, 0] * sums.UNIT == pytest.approx(400 * 5.11, abs=400 * sums.UNIT)
    assert two_classes.packed(too_much, nothing) is None
    assert two_classes.packed(fits, too_much) is None
    assert two_classes.packed(-too_much, nothing) is None
    assert two_classes.packed(np.zeros((2, 3, 3)), np.zeros((2, 3, 3))) is None


@pytest.mark.parametrize("trust", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("bias", [0.0, 0.7, -2.5])
@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_the_answer_is_that_of_the_formula_for_any_number_of_classes(trust, bias, guarded, temperature):
    rng = np.random.default_rng(0)
    L = np.where(rng.random((two_classes._PART_ROWS + 300, 9)) < 0.3, rng.integers(0, 2, 9), -1).astype(np.int8)
    L[::7, 3:] = rng.integers(-1, 2, L[::7, 3:].shape)
    model = Auto(cardinality=2, class_balance=[0.7, 0.3]).fit(L)
    model.evidence_, model.heard_ = (sums.rounded(rng.normal(0, 2, (9, 2, 2))) for _ in range(2))
    model.silence_, model.class_bias_ = rng.normal(size=2), np.array([-bias / 2, bias / 2])
    model.trust_, model.guarded_, model.temperature_ = np.array(trust), np.array(guarded), np.array(temperature)
    by_formula = model.probs_of(encode(L, 2))
    assert np.abs(model.predict_proba(L) - by_formula).max() < 1e-12
    one_by_one = np.concatenate([model.predict_proba(L[i : i + 1]) for i in range(40)])
    assert (model.predict_proba(L)[:40] == one_by_one).all()
