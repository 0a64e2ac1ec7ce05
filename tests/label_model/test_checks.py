import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from labelmill.errors import LabelModelError
from labelmill.label_model import AnchoredPrecision, Auto, MajorityVote, checks, make

GOOD = np.array([[0, 1, -1], [1, 1, 1], [0, -1, 0]])


def bent(value, dtype=object):
    L = GOOD.astype(dtype)
    L[1, 2] = value
    return L


@pytest.mark.parametrize(
    ("L", "message"),
    [
        (bent(-2, int), r"L\[1, 2\].* is -2: expected -1 \(abstain\) or a class from 0 to 1"),
        (bent(2, int), r"L\[1, 2\].* is 2: "),
        (bent(99, np.int8), r"L\[1, 2\].* is 99: "),
        (bent(1.7, float), r"L\[1, 2\].* is 1\.7: "),
        (bent(np.nan, float), r"L\[1, 2\].* is nan: "),
        (bent(np.inf, float), r"L\[1, 2\].* is inf: "),
        (bent(True), r"L\[1, 2\].* is True: "),
        (bent(None), r"L\[1, 2\].* is None: "),
        (bent("1"), r"L\[1, 2\].* is 1: .*as an integer"),
        (GOOD.astype(float), r"dtype float64: .*astype"),
        (GOOD == 1, r"L\[0, 0\].* is False: "),
        (GOOD[0], "1 dimensions: expected 2"),
        (GOOD[None], "3 dimensions: expected 2"),
        ([[0, 1, True]], r"L\[0, 2\] is True"),
        (np.zeros((3, 0), dtype=int), "no column"),
        (sp.csr_array(np.array([[1, 3, 0]])), r"L\[0, 1\] is 3 in a sparse matrix of vote \+ 1: expected 1 to 2"),
        (sp.csr_array(np.array([[1, -1, 0]])), r"L\[0, 1\] is -1 in a sparse"),
        (sp.csr_array(np.array([[1.0, 2.0, 0]])), "sparse matrix of float64"),
    ],
)
def test_what_is_no_label_matrix_is_refused_by_place_and_value(kind, L, message):
    with pytest.raises(LabelModelError, match=message):
        make(kind, cardinality=2).fit(L)


def test_the_labeling_function_is_named():
    with pytest.raises(LabelModelError, match=r"labeling function 'third'.*1 of 9 votes"):
        MajorityVote(cardinality=2).fit(bent(7, int), lf_names=["first", "second", "third"])


@pytest.mark.parametrize(
    ("names", "message"), [(["a", "b"], "2 names"), (["a", "b", "a"], "3 names, 2 of them different")]
)
def test_names_must_fit(names, message):
    with pytest.raises(LabelModelError, match=message):
        MajorityVote(cardinality=2).fit(GOOD, lf_names=names)


@pytest.mark.parametrize("cardinality", [1, 0, 2.0, True, "2"])
def test_cardinality_must_be_a_number_of_classes(cardinality):
    with pytest.raises(LabelModelError, match="cardinality is"):
        MajorityVote(cardinality=cardinality).fit(GOOD)


@pytest.mark.parametrize(
    "balance", [(0.5, 0.6), (1.0, 0.0), (0.2, 0.3, 0.5), (np.nan, 1.0), "even", ("a", "b"), {0: 0.3}]
)
def test_class_balance_must_be_shares(balance):
    with pytest.raises(LabelModelError, match="class_balance is"):
        MajorityVote(cardinality=2, class_balance=balance).fit(GOOD)


@pytest.mark.parametrize("gold", [[0, 1], [0, 1, 2], [0, 1, -2], [0.0, 1.0, 1.0]])
def test_gold_must_fit(gold):
    with pytest.raises(LabelModelError, match="gold has"):
        AnchoredPrecision(cardinality=2).fit(GOOD, gold=gold)


def test_a_fitted_model_takes_only_votes_of_its_labeling_functions():
    model = MajorityVote(cardinality=2).fit(GOOD, lf_names=["a", "b", "c"])
    with pytest.raises(LabelModelError, match="L has 2 columns: this model was fitted on 3"):
        model.predict(GOOD[:, :2])
    with pytest.raises(LabelModelError, match="first at column 1: 'c' where 'b' is expected"):
        model.predict(pd.DataFrame(GOOD, columns=["a", "c", "b"]))


def test_an_unfitted_model_says_so(kind):
    with pytest.raises(LabelModelError, match=r"not fitted yet: call fit\(L\) first"):
        make(kind, cardinality=2).predict(GOOD)


def test_a_data_frame_brings_its_names():
    model = MajorityVote(cardinality=2).fit(pd.DataFrame(GOOD, columns=["a", "b", "c"]))
    assert model.lf_names_ == ["a", "b", "c"]


def test_an_unknown_kind_is_named():
    with pytest.raises(LabelModelError, match="no label model 'snorkel': expected one of majority_vote"):
        make("snorkel", cardinality=2)


IDS = [["a", "b", "c"], np.array(["a", "b", "c"], object), [7, 8, 9], [0, 1, 2], pd.array(["a", "b", "c"], "string")]


@pytest.mark.parametrize("ids", IDS)
def test_ids_of_a_table_are_no_votes(ids):
    frame = pd.DataFrame({"id": ids, "money": [0, 1, -1], "drugs": [1, 1, 0]})
    array, names = checks.as_votes(frame, 2)
    assert (array.tolist(), names) == ([[0, 1], [1, 1], [-1, 0]], ["money", "drugs"])
    model = Auto(cardinality=2).fit(frame)
    assert model.lf_names_ == ["money", "drugs"]
    assert np.array_equal(model.predict_proba(frame), model.predict_proba(array))
    assert model.covered(frame.iloc[::-1]).tolist() == [True, True, True]


def test_no_row_has_no_id_either():
    frame = pd.DataFrame({"id": [], "money": np.empty(0, np.int8)})
    assert checks.as_votes(frame, 2)[1] == ["money"]


@pytest.mark.parametrize("ids", [[0, 1, -1], [7, 7, 9], [0.5, 1.5, 2.5], [True, False, True], [None, 1, "c"]])
def test_an_id_that_may_be_votes_is_refused(ids):
    frame = pd.DataFrame({"id": ids, "money": [0, 1, -1]})
    with pytest.raises(LabelModelError, match=r"column 'id' of .*L\.drop\(columns='id'\).*another name, or lf_names"):
        Auto(cardinality=2).fit(frame)


def test_a_labeling_function_may_be_called_id_where_its_name_is_given():
    frame = pd.DataFrame({"id": [0, 1, -1], "money": [0, 1, -1]})
    model = Auto(cardinality=2).fit(frame, lf_names=["id", "money"])
    assert model.lf_names_ == ["id", "money"]
    assert model.predict(frame).tolist() == [0, 1, -1]
    with pytest.raises(LabelModelError, match="first at column 0: 'money' where 'id' is expected"):
        model.predict(frame[["money", "id"]])


def test_a_frame_without_a_column_of_the_fit_is_told_by_name():
    frame = pd.DataFrame({"id": ["a", "b"], "money": [0, 1], "drugs": [1, 1]})
    model = Auto(cardinality=2).fit(frame)
    with pytest.raises(LabelModelError, match="1 columns where 2 are expected"):
        model.predict(frame[["id", "money"]])
