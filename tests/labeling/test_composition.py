"""Composites are held against what a person would say of one row: sets of allowed classes, met, joined and tried."""

import itertools
from functools import partial

import numpy as np
import pandas as pd
import pytest

from labelmill import (
    apply_lfs,
    batch_labeling_function,
    column,
    first_of,
    keyword_lf,
    labeling_function,
    lookup_lf,
    regex_lf,
)
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.explain import about, why
from labelmill.labeling.fingerprints import fingerprint

SAID = [None, 0, 1, 2, {0, 1}, {1, 2}, {0: 0.7, 1: 0.2, 2: 0.1}, {1: 0.5, 2: 0.5}]
FRAME = pd.DataFrame(list(itertools.product(range(len(SAID)), repeat=3)), columns=["a", "b", "c"])
FRAME["id"] = [f"r{i}" for i in range(len(FRAME))]


def saying(name):
    return labeling_function(name=name)(lambda row: SAID[row[name]])


def in_batch(name):
    table = np.zeros((len(SAID), 3))
    for i, said in enumerate(SAID):
        for label, weight in weights_of(said).items():
            table[i, label] = weight
    return batch_labeling_function(name=name)(lambda frame: table[frame[name]])


def weights_of(said):
    if said is None:
        return {}
    given = said if isinstance(said, dict) else dict.fromkeys(said if isinstance(said, set) else [said], 1.0)
    return {label: weight / sum(given.values()) for label, weight in given.items()}


def product(*parts):
    weights = {y: np.prod([part.get(y, 0.0) for part in parts]) for y in range(3)}
    total = sum(weights.values())
    return {y: weight / total for y, weight in weights.items() if weight} if total else {}


def among_voters(*parts):
    voting = [part for part in parts if part]
    return product(*voting) if voting else {}


def first(*parts):
    return next((part for part in parts if part), {})


EXPECTED = {
    "and": (lambda a, b, c: a & b, lambda a, b, c: product(a, b)),
    "and three": (lambda a, b, c: a & b & c, product),
    "or": (lambda a, b, c: a | b, lambda a, b, c: among_voters(a, b)),
    "or three": (lambda a, b, c: a | (b | c), among_voters),
    "or of named": (
        lambda a, b, c: a | (b | c).named("bc"),
        lambda a, b, c: among_voters(a, among_voters(b, c)),
    ),
    "mixed": (lambda a, b, c: (a & b) | c, lambda a, b, c: among_voters(product(a, b), c)),
    "first": (lambda a, b, c: first_of("f", a, b, c), first),
    "first of composites": (lambda a, b, c: first_of("f", a & b, c), lambda a, b, c: first(product(a, b), c)),
    "when": (lambda a, b, c: a.when(b), lambda a, b, c: a if b else {}),
    "when twice": (lambda a, b, c: a.when(b).when(~c), lambda a, b, c: a if b and not c else {}),
    "not": (lambda a, b, c: a & ~b, lambda a, b, c: a if not b else {}),
    "not first": (lambda a, b, c: ~b & a, lambda a, b, c: a if not b else {}),
    "neither": (lambda a, b, c: a & ~b & ~c, lambda a, b, c: a if not b and not c else {}),
    "any condition": (lambda a, b, c: a & (~b | ~c), lambda a, b, c: a if not (b and c) else {}),
    "not not": (lambda a, b, c: a & ~~b, lambda a, b, c: a if b else {}),
    "votes": (lambda a, b, c: (~a & ~b).votes(2), lambda a, b, c: {2: 1.0} if not a and not b else {}),
    "predicate": (lambda a, b, c: a.when(lambda row: row.b > 3), None),
}


@pytest.mark.parametrize("make", [saying, in_batch], ids=["rows", "batch"])
@pytest.mark.parametrize("name", EXPECTED)
def test_composites_say_what_their_parts_imply(name, make):
    compose, expected = EXPECTED[name]
    lf = compose(make("a"), make("b"), make("c"))
    applied = apply_lfs(FRAME, [lf], cardinality=3)
    found = [{} for _ in range(len(FRAME))]
    for i, vote in enumerate(applied.L[:, 0].tolist()):
        found[i] = {vote: 1.0} if vote >= 0 else {}
    if applied.soft is not None:
        for row, votes in applied.soft.groupby("row"):
            found[row] = dict(zip(votes["class"], votes["weight"], strict=True))
    for i, (row, mine) in enumerate(zip(FRAME.to_dict("records"), found, strict=True)):
        a, b, c = (weights_of(SAID[row[part]]) for part in "abc")
        wanted = (a if row["b"] > 3 else {}) if expected is None else expected(a, b, c)
        assert mine == pytest.approx(wanted), (row, mine, wanted)
        if make is saying or i % 29 == 0:  # single rows as frames are slow
            assert lf.weights(row) == pytest.approx(wanted)
            assert lf(row) == applied.L[i, 0]


def test_a_part_runs_once_however_many_are_made_of_it():
    seen = []

    @labeling_function
    def part(row):
        seen.append(row.a)
        return 0

    lfs = [part, part & saying("b"), part.when(~saying("c")), first_of("f", saying("b"), part)]
    apply_lfs(FRAME, lfs, cardinality=3)
    assert seen == FRAME["a"].tolist()


FIRES = keyword_lf("cash", ["cash"], column="text", label=1)
WORK = keyword_lf("work", ["meeting"], column="text", label=0)
KNOWN = lookup_lf("known", ["a.org"], column="sender", label=0)


def is_long(row):
    return len(row.text) > 3


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: FIRES & KNOWN.named("k") if hasattr(KNOWN, "named") else FIRES | WORK, "cash | work"),
        (lambda: FIRES | WORK | KNOWN, "cash | work | known"),
        (lambda: (FIRES | WORK) & saying("a"), "(cash | work) & a"),
        (lambda: saying("b") & (FIRES | WORK).named("either"), "b & either"),
        (lambda: FIRES & ~WORK, "cash when ~work"),
        (lambda: FIRES.when(KNOWN).when(is_long), "cash when known & is_long"),
        (lambda: FIRES.when(~(WORK | KNOWN)), "cash when ~(work | known)"),
        (lambda: FIRES.when(~WORK | ~KNOWN), "cash when (~work | ~known)"),
        (lambda: FIRES.when(column("size") > 3), "cash when size > 3"),
        (lambda: FIRES.when(column("size").is_in(range(9))), "cash when size in [0, 1, 2] and 6 more"),
        (lambda: FIRES.when(~column("size").is_missing()), "cash when ~size is missing"),
        (lambda: (~FIRES).votes(0), "~cash votes 0"),
    ],
)
def test_names_say_what_it_is(make, name):
    assert make().name == name
    assert about(make()) == name


def test_a_function_without_a_name_is_told_by_its_place():
    assert FIRES.when(lambda row: True).name.startswith("cash when test_composition:")


def test_a_name_of_its_own_and_upkeep():
    lf = (FIRES | WORK).named("either", owner="ann", tags=["t"])
    assert (lf.name, lf.upkeep.owner, lf.upkeep.tags, about(lf)) == ("either", "ann", ("t",), "cash | work")
    assert lf({"text": "cash"}) == 1
    assert lf.origin.file.name == (FIRES | WORK).origin.file.name == "test_composition.py"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FIRES & WORK, r"cash & work can never vote: cash votes for \[1\], work votes for \[0\]"),
        (lambda: FIRES & 3, "cash & 3: expected a labeling function"),
        (lambda: FIRES & is_long, r"cash & .*goes into \.when"),
        (lambda: FIRES | ~WORK, r"cash \| ~work: ~work is a condition"),
        (lambda: FIRES.when(3), r"cash\.when\(3\)"),
        (lambda: FIRES.when(column("size")), r"cash\.when\("),
        (lambda: first_of("f"), "needs labeling functions"),
        (lambda: first_of("f", FIRES, ~WORK), "takes labeling functions, found"),
        (lambda: first_of("f", FIRES, is_long), "takes labeling functions, found"),
        (lambda: (~FIRES).votes(1.0), "label must be a class number"),
        (lambda: FIRES and WORK, "neither true nor false"),
        (lambda: not FIRES, "neither true nor false"),
        (lambda: 1 < column("size") < 3, "neither true nor false"),
        (lambda: column("size") == None, "is_missing"),  # noqa: E711
        (lambda: column("size") == column("other"), "expected a value"),
        (lambda: apply_lfs(pd.DataFrame({"text": ["a"]}), [~FIRES], cardinality=2), r"is a condition .*\.votes\(label"),
        (lambda: apply_lfs(pd.DataFrame({"text": ["a"]}), [FIRES | saying("a")], cardinality=1), "votes for class 1"),
    ],
)
def test_what_cannot_be_composed_is_said_when_it_is_written(make, message):
    with pytest.raises(LFError, match=message):
        make()


MAILS = pd.DataFrame(
    {
        "size": [1, 5, None],
        "kind": ["x", "y", None],
        "when": pd.to_datetime(["2002-01-01", "2002-06-01", None]),
        "tags": [["u"], ["v", "u"], None],
        "none": [None, None, None],
        "text": ["a"] * 3,
    }
)
A = regex_lf("a", "a", column="text", label=1)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (lambda: column("size") > 3, [0, 1, 0]),
        (lambda: column("size") <= 1.0, [1, 0, 0]),
        (lambda: column("size") != 5, [1, 0, 0]),
        (lambda: ~(column("size") == 5), [1, 0, 1]),
        (lambda: column("size").is_missing(), [0, 0, 1]),
        (lambda: column("none").is_missing(), [1, 1, 1]),
        (lambda: column("tags").is_missing(), [0, 0, 1]),
        (lambda: column("kind") == "y", [0, 1, 0]),
        (lambda: column("kind").is_in({"x", "z"}), [1, 0, 0]),
        (lambda: column("kind") < "y", [1, 0, 0]),
        (lambda: column("when") >= pd.Timestamp("2002-03-01"), [0, 1, 0]),
        (lambda: column("tags") == "v", [0, 1, 0]),
        (lambda: (column("size") > 0) & (column("kind") == "x"), [1, 0, 0]),
        (lambda: (column("size") > 3) | column("size").is_missing(), [0, 1, 1]),
    ],
)
def test_columns_are_compared(condition, holds):
    made = condition()
    assert (apply_lfs(MAILS, [A.when(made)], cardinality=2).L[:, 0] == np.where(holds, 1, -1)).all()
    assert [made.holds(row) for row in MAILS.to_dict("records")] == [bool(h) for h in holds]


@pytest.mark.parametrize("value", ["3", b"x", [1]], ids=repr)
def test_values_of_another_kind_are_refused(value):
    with pytest.raises(LFError, match=r"size == .* of .*test_composition\.py:\d+: the column holds double values"):
        apply_lfs(MAILS, [A.when(column("size") == value)], cardinality=2)


def test_they_are_refused_before_the_first_row():
    seen = []
    first = labeling_function(lambda row: seen.append(row), name="first")
    with pytest.raises(LFError, match="the column holds double values"):
        apply_lfs(MAILS, [first, A.when(column("size") == "3")], cardinality=2)
    assert not seen


def test_a_missing_column_is_named():
    with pytest.raises(LFError, match="no column 'seize'; did you mean 'size'"):
        apply_lfs(MAILS, [A.when(column("seize") > 3)], cardinality=2)


@pytest.mark.parametrize("answer", [1, 0, None, "yes", float("nan")], ids=repr)
def test_a_predicate_says_true_or_false(answer):
    with pytest.raises(InvalidVoteError, match="expected True or False"):
        apply_lfs(MAILS, [A.when(lambda row: answer)], cardinality=2)
    assert apply_lfs(MAILS, [A.when(lambda row: np.bool_(True))], cardinality=2).L[:, 0].tolist() == [1, 1, 1]


@labeling_function
def fails(row):
    return 1 // (row.a % 2) and 1


@pytest.mark.parametrize(
    "compose",
    [
        lambda lf: saying("b") & lf,
        lambda lf: lf | saying("b"),
        lambda lf: first_of("f", saying("b"), lf),
        lambda lf: saying("b").when(lf),
        lambda lf: saying("b").when(~lf | ~saying("c")),
        lambda lf: (~(lf & saying("c"))).votes(0),
    ],
)
def test_where_a_part_fails_the_composite_fails_too(compose):
    lf = compose(fails)
    applied = apply_lfs(FRAME, [lf], cardinality=3)
    failed = FRAME["a"] % 2 == 0
    assert applied.errors["id"].tolist() == FRAME["id"][failed].tolist()
    assert (applied.L[failed, 0] == -1).all()
    assert (applied.L[~failed, 0] != -1).any()
    assert applied.soft is None or not failed[applied.soft["row"]].any()
    assert applied.errors["message"].str.contains("in fails: ").all()
    with pytest.raises(LFError, match="'fails' failed on row 'r0'"):
        apply_lfs(FRAME, [lf], cardinality=3, on_error="raise")


@pytest.mark.parametrize("upkeep", [{"active": False}, {"expires": "2020-01-01"}], ids=str)
def test_a_part_that_is_silenced_abstains(upkeep):
    quiet = partial(keyword_lf, "quiet", ["a"], column="text", label=1, **upkeep)()
    assert apply_lfs(MAILS, [quiet | A, A.when(quiet), quiet], cardinality=2).L.tolist() == [[1, -1, -1]] * 3


@pytest.mark.parametrize(
    ("lf", "row", "reason"),
    [
        (FIRES | WORK, {"text": "cash"}, "cash: text has 'cash'"),
        (FIRES & regex_lf("now", "now", column="text", label=1), {"text": "cash now"},
         "cash: text has 'cash'; now: text has 'now'"),
        (FIRES & ~KNOWN, {"text": "cash", "sender": "b"}, "cash: text has 'cash'; ~known"),
        (FIRES.when(column("size") > 3), {"text": "cash", "size": 9}, "cash: text has 'cash'; size > 3: size has 9"),
        (first_of("f", FIRES, WORK), {"text": "cash meeting"}, "cash: text has 'cash'"),
        ((~FIRES).votes(0), {"text": "-"}, "~cash"),
    ],
)  # fmt: skip
def test_the_reason_is_that_of_the_parts(lf, row, reason):
    assert lf(row) != -1
    assert why(lf, row) == reason


def test_a_fingerprint_follows_the_parts(tmp_path):
    def key(lf):
        return fingerprint(lf, tmp_path).key

    def other(row):
        return len(row.text) > 4

    def cash(word="cash", **upkeep):
        return keyword_lf("cash", [word], column="text", label=1, **upkeep)

    made = {
        "or": cash() | WORK,
        "or, another word": cash("money") | WORK,
        "or, silenced": cash(active=False) | WORK,
        "first": first_of("f", cash(), WORK),
        "first, another order": first_of("f", WORK, cash()),
        "when": cash().when(WORK),
        "when long": cash().when(is_long),
        "when longer": cash().when(other),
        "when size": cash().when(column("size") > 3),
        "when larger size": cash().when(column("size") > 4),
        "when missing": cash().when(column("size").is_missing()),
        "when another is missing": cash().when(column("text").is_missing()),
        "not": (~cash()).votes(0),
        "not, another label": (~cash()).votes(1),
    }
    keys = {name: key(lf) for name, lf in made.items()}
    assert len(set(keys.values())) == len(keys)
    assert all(fingerprint(lf, tmp_path).resolved for lf in made.values())
    assert key((cash() | WORK).named("x", owner="ann")) == keys["or"]
    assert key(cash().when(is_long)) == keys["when long"]
