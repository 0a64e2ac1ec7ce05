import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill import apply_lfs, distant_supervision_lf
from labelmill.errors import LFError

PAIRS = [("Ann", "Acme"), ("Bob", "Bolt")]


def on(lf, **columns):
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    found = apply_lfs(frame, [lf], cardinality=2).L[:, 0].tolist()
    assert found == [lf(row) for row in frame.to_dict("records")]
    return found


def test_two_columns():
    lf = distant_supervision_lf("d", PAIRS, columns=("who", "firm"), label=1)
    assert on(lf, who=["Ann", "ann ", "Ann", None, "Acme"], firm=["ACME", "Acme", "Bolt", "Acme", "Ann"]) == [
        1, 1, -1, -1, -1
    ]  # fmt: skip


def test_both_ways_and_case_on_demand():
    both = distant_supervision_lf("d", PAIRS, columns=("a", "b"), label=1, symmetric=True)
    assert on(both, a=["Acme", "Ann"], b=["Ann", "Acme"]) == [1, 1]
    exact = distant_supervision_lf("d", PAIRS, columns=("a", "b"), label=1, ignore_case=False)
    assert on(exact, a=["Ann", "ann"], b=["Acme", "Acme"]) == [1, -1]


def test_any_item_of_a_list_column():
    lf = distant_supervision_lf("d", PAIRS, columns=("who", "firm"), label=1)
    assert on(lf, who=[["x", "Ann"], ["x"], [], None], firm=["Acme", "Acme", "Acme", "Acme"]) == [1, -1, -1, -1]
    assert on(lf, who=["Ann", "Bob"], firm=[["Acme", None], ["Acme"]]) == [1, -1]


def test_any_two_of_a_column_of_candidates():
    lf = distant_supervision_lf("d", [*PAIRS, ("Eve", "Eve")], columns="names", label=1)
    assert on(lf, names=[["Acme", "x", "Ann"], ["Ann", "Bolt"], ["Eve"], ["Ann"], [], None]) == [1, -1, -1, -1, -1, -1]


def test_a_text_that_names_both():
    lf = distant_supervision_lf("d", [("Marie Curie", "AT&T"), ("Bob", "Bolt")], columns="text", label=1)
    texts = ["Marie\nCurie (of AT&T)", "marie curie, at&t", "Marie Curies AT&T", "Bobby and Bolt", "Bob", None, ""]
    assert on(lf, text=texts) == [1, 1, -1, -1, -1, -1, -1]


names = st.none() | st.sampled_from(["ann", "Ann", "bob", "x", ""])


@given(st.lists(st.tuples(names, names), max_size=8), st.booleans())
def test_it_is_what_a_set_of_pairs_would_say(rows, symmetric):
    lf = distant_supervision_lf("d", [("ann", "bob"), ("x", "x")], columns=("a", "b"), label=0, symmetric=symmetric)
    known = {("ann", "bob"), ("x", "x"), *([("bob", "ann")] if symmetric else [])}
    expected = [0 if (a and a.lower(), b and b.lower()) in known else -1 for a, b in rows]
    assert on(lf, a=[a for a, _ in rows], b=[b for _, b in rows]) == expected


def test_names_in_texts_are_whole_words_of_any_script():
    pairs = [("Jose", "Иван"), ("José", "राम")]
    lf = distant_supervision_lf("d", pairs, columns="text", label=0)
    texts = ["Jose — «Иван»", "Josef, Иван", "Jose\u0301, Иван", "Jose Иванов", "JOSÉ, राम", "José रामा"]
    assert on(lf, text=texts) == [0, -1, -1, -1, 0, -1]


def test_pairs_from_a_table(tmp_path):
    (tmp_path / "staff.csv").write_text("id,person,firm\n1,Ann,Acme\n")
    arguments = {"columns": ("a", "b"), "label": 1}
    lf = distant_supervision_lf("d", tmp_path / "staff.csv", pair_columns=("person", "firm"), **arguments)
    assert lf({"a": "Ann", "b": "Acme"}) == 1
    assert lf.spec == distant_supervision_lf("d", [["Ann", "Acme"]], **arguments).spec
    assert lf.provenance[0].source == str(tmp_path / "staff.csv")
    with pytest.raises(LFError, match=r"must have 2 columns, found .* Name those that count"):
        distant_supervision_lf("d", tmp_path / "staff.csv", **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pairs": []}, "is empty"),
        ({"pairs": [("a", 1)]}, "must be two texts"),
        ({"pairs": [("a", " ")]}, "must be two texts"),
        ({"pairs": [("a", "b", "c")]}, "must have 2 columns"),
        ({"columns": ("a", "b", "c")}, "columns= are two"),
        ({"pair_columns": ["a"]}, "pair_columns= are two"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message):
    given = {"pairs": PAIRS, "columns": ("a", "b"), **arguments}
    with pytest.raises(LFError, match=f"'d'.*{message}"):
        distant_supervision_lf("d", given.pop("pairs"), label=1, **given)
