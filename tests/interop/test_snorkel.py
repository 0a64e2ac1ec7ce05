"""Labeling functions of Snorkel: the same votes on either side.

Where Snorkel is installed these run on its own objects; elsewhere on the stand-in below, which has their shape.
"""

import datetime as dt
import functools
import pickle
import sys
from enum import IntEnum
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill import apply_lfs, batch_labeling_function, keyword_lf, labeling_function
from labelmill.errors import InvalidVoteError, LFError, MissingToolError
from labelmill.interop import from_snorkel, to_snorkel
from labelmill.labeling.fingerprints import fingerprint
from labelmill.labeling.loading import load_lfs

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

FRAME = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "text": ["a Prize for you", "minutes of the meeting", None, "PRIZE: prizes"],
        "words": [4.0, 4.0, np.nan, 2.0],
        "links": [["x"], [], [], ["x", "y"]],
    }
)


class Label(IntEnum):
    HAM = 0
    SPAM = 1


class StandIn:
    """What `snorkel.labeling.LabelingFunction` is to those who only look at it."""

    def __init__(self, name, f, resources=None, pre=None):
        self.name, self._f, self._resources, self._pre = name, f, resources or {}, pre or []

    def __call__(self, x):
        for preprocessor in self._pre:
            x = preprocessor(x)
        return self._f(x, **self._resources)


class StandInPreprocessor:
    """As Snorkel's, it works on a copy that went through pickle, and sets attributes of it."""

    def __init__(self, name, f, pre=None):
        self._f = f

    def __call__(self, x):
        return self._f(pickle.loads(pickle.dumps(x)))  # noqa: S301


@pytest.fixture(params=["stand-in", "snorkel"])
def kinds(request):
    """(labeling function, preprocessor) of Snorkel."""
    if request.param == "stand-in":
        return StandIn, StandInPreprocessor
    labeling = pytest.importorskip("snorkel.labeling", reason="snorkel is not installed")
    from snorkel.preprocess.core import LambdaPreprocessor

    return labeling.LabelingFunction, LambdaPreprocessor


def lower(x):
    x.lowered = x.text.lower() if isinstance(x.text, str) else ""
    return x


def has_prize(x, word, label):
    """It speaks of a prize."""
    return label if word in x.lowered else -1


def is_short(x):
    return Label.HAM if x["words"] > 3 and not x.links else -1


def votes_of(lfs, frame=FRAME, **options):
    return apply_lfs(frame, lfs, cardinality=2, on_error="raise", **options).L


def by_hand(lf, frame=FRAME):
    """The votes as Snorkel's PandasLFApplier collects them, row after row."""
    return [max(int(lf(frame.iloc[i])), -1) for i in range(len(frame))]


def test_resources_and_preprocessors_are_applied(kinds):
    lf_of, preprocessor_of = kinds
    prize = lf_of("prize", has_prize, resources={"word": "prize", "label": 1}, pre=[preprocessor_of("lower", lower)])
    short = lf_of("short", is_short)
    lfs = [from_snorkel(prize), from_snorkel(short)]
    assert [lf.name for lf in lfs] == ["prize", "short"]
    assert votes_of(lfs).T.tolist() == [by_hand(prize), by_hand(short)] == [[1, -1, -1, 1], [-1, 0, -1, -1]]
    assert lfs[0].__doc__ == "It speaks of a prize."


def test_it_votes_on_one_row_of_any_kind(kinds):
    lf = from_snorkel(kinds[0]("short", is_short))
    row = {"words": 4, "links": []}
    assert lf(row) == lf(pd.Series(row)) == 0
    plain = from_snorkel(kinds[0]("plain", lambda x: 1 if x.words > 3 else -1))
    assert plain(SimpleNamespace(words=9)) == 1


def test_missing_values_are_those_of_the_frame(kinds):
    lf = kinds[0]("long", lambda x: 0 if x.words < 3 or isinstance(x.text, float) else 1)
    assert votes_of([from_snorkel(lf)])[:, 0].tolist() == by_hand(lf) == [1, 1, 0, 0]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.none() | st.text(max_size=4), st.none() | st.floats(-2, 2), st.integers(-3, 3), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_any_frame_has_the_same_votes(rows):
    frame = pd.DataFrame(rows, columns=["text", "share", "number", "flag"]).astype({"share": float})

    def rule(x):
        if x["flag"] and x.share > 0:
            return 1
        return 0 if x.number < 0 or str(x.text) > "n" else -1

    lf = StandIn("rule", rule)
    assert votes_of([from_snorkel(lf)], frame)[:, 0].tolist() == by_hand(lf, frame)


def test_an_error_is_an_error_of_that_row(kinds):
    def divides(x):
        return 1 // (len(x.links) - 1) if len(x.links) < 2 else 1

    applied = apply_lfs(FRAME, [from_snorkel(kinds[0]("divides", divides))], cardinality=2)
    assert applied.errors[["lf", "id", "exception"]].values.tolist() == [["divides", "a", "ZeroDivisionError"]]
    with pytest.raises(LFError, match="'divides' failed on row 'a': ZeroDivisionError"):
        votes_of([from_snorkel(kinds[0]("divides", divides))])


@pytest.mark.parametrize("read", [lambda x: x.txt, lambda x: x["txt"]], ids=["attribute", "item"])
def test_a_missing_column_is_named_with_the_nearest(read, kinds):
    lf = from_snorkel(kinds[0]("typo", lambda x: 1 if read(x) else -1))
    with pytest.raises(LFError, match=r"labeling function 'typo' of .*: there is no column 'txt'; did you mean 'text'"):
        apply_lfs(FRAME, [lf], cardinality=2)
    with pytest.raises(LFError, match="there is no column 'txt'"):
        apply_lfs(
            FRAME, [from_snorkel(kinds[0]("after", lambda x: read(x), pre=[kinds[1]("lower", lower)]))], cardinality=2
        )


def test_an_attribute_error_of_something_else_is_a_failure_of_its_row(kinds):
    lf = from_snorkel(kinds[0]("upper", lambda x: 1 if x.text.isupper() else -1))
    errors = apply_lfs(FRAME, [lf], cardinality=2).errors
    assert errors[["id", "exception"]].values.tolist() == [["c", "AttributeError"]]


def test_what_is_no_vote_is_refused(kinds):
    for vote in (1.0, True, -2, 7, "1"):
        with pytest.raises(InvalidVoteError, match="'odd' voted"):
            votes_of([from_snorkel(kinds[0]("odd", lambda x, vote=vote: vote))])


def test_hidden_columns_stay_hidden(kinds):
    lf = from_snorkel(kinds[0]("peeks", lambda x: 1 if x.words else -1))
    with pytest.raises(LFError, match="there is no column 'words'"):
        votes_of([lf], hidden=["words"])


def test_one_that_alters_its_row_alters_no_other(kinds):
    def takes(x):
        x.links.append("mine")
        x.text = "gone"
        return 1

    def counts(x):
        return int(len(x.links) > 1)

    lfs = [from_snorkel(kinds[0]("takes", takes)), from_snorkel(kinds[0]("counts", counts))]
    assert votes_of(lfs)[:, 1].tolist() == [0, 0, 0, 1]
    assert FRAME["links"].tolist() == [["x"], [], [], ["x", "y"]]


def test_a_preprocessor_that_gives_nothing_is_named(kinds):
    lf = from_snorkel(kinds[0]("lost", is_short, pre=[kinds[1]("nothing", lambda x: None)]))
    with pytest.raises(LFError, match=r"'lost' failed on row 'a': ValueError: the preprocessor .* returned None"):
        votes_of([lf])
    assert len(apply_lfs(FRAME, [lf], cardinality=2).errors) == 4


def test_its_place_is_that_of_the_function_and_its_upkeep_is_kept(kinds):
    lf = from_snorkel(kinds[0]("short", is_short), owner="ann", expires="2020-01-01")
    assert (lf.origin.file.name, lf.origin.line) == ("test_snorkel.py", is_short.__code__.co_firstlineno)
    assert lf.upkeep.owner == "ann"
    assert votes_of([lf])[:, 0].tolist() == [-1] * 4
    with pytest.raises(LFError, match="unknown argument 'color'"):
        from_snorkel(kinds[0]("short", is_short), color="red")


def test_callables_of_every_kind_are_taken(kinds, tmp_path):
    class Rule:
        """An object that can be called."""

        def __call__(self, x):
            return 1 if x.words > 3 else -1

        def vote(self, x):
            return self(x)

    for f in (Rule(), Rule().vote, functools.partial(lambda x, least: 1 if x.words > least else -1, least=3)):
        lf = from_snorkel(kinds[0]("rule", f))
        assert votes_of([lf])[:, 0].tolist() == [1, 1, -1, -1]
        assert lf.origin.file.name == "test_snorkel.py"
    assert from_snorkel(kinds[0]("rule", Rule())).__doc__ == "An object that can be called."


def test_an_edit_of_function_or_resources_is_another_fingerprint(tmp_path):
    def key(f, **resources):
        return fingerprint(from_snorkel(StandIn("lf", f, resources)), tmp_path).key

    assert key(has_prize, word="a", label=1) == key(has_prize, word="a", label=1)
    assert len({key(has_prize, word="a", label=1), key(has_prize, word="b", label=1), key(is_short)}) == 3


def test_a_project_finds_them(tmp_path, own_lfs, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "theirs.py").write_text(
        "class LabelingFunction:\n"
        "    def __init__(self, name, f):\n"
        "        self.name, self._f, self._resources, self._pre = name, f, {}, []\n"
        'lfs = [LabelingFunction(f"long_{n}", lambda x, n=n: 1 if len(x.text) > n else -1) for n in (3, 20)]\n'
    )
    folder = tmp_path / "lfs"
    folder.mkdir()
    (folder / "converted.py").write_text(
        "from labelmill.interop import from_snorkel\nimport theirs\nrules = [from_snorkel(lf) for lf in theirs.lfs]\n"
    )
    lfs = load_lfs(folder, cardinality=2)
    assert [lf.name for lf in lfs] == ["long_3", "long_20"]
    assert votes_of(lfs, FRAME.dropna()).tolist() == [[1, -1], [1, 1], [1, -1]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: 1, "it has no name, _f, _resources, _pre. It is a plain function: write @labeling_function"),
        (SimpleNamespace(name="x", _f=is_short), "it has no _resources, _pre"),
        (keyword_lf("k", ["a"], column="text", label=1), "is a labeling function of labelmill already"),
        (StandIn("id", is_short), "cannot be named 'id'"),
    ],
)
def test_what_is_no_labeling_function_of_snorkel_is_named(wrong, message):
    with pytest.raises(LFError, match=message):
        from_snorkel(wrong)


class TestToSnorkel:
    def test_without_snorkel_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "snorkel.labeling", None)
        with pytest.raises(MissingToolError, match=r"'k' cannot become .* the package snorkel is not installed"):
            to_snorkel(keyword_lf("k", ["a"], column="text", label=1))

    def test_what_is_no_labeling_function_is_named(self):
        with pytest.raises(LFError, match="is no labeling function of labelmill"):
            to_snorkel(is_short)

    def test_snorkel_gives_the_same_votes(self):
        labeling = pytest.importorskip("snorkel.labeling", reason="snorkel is not installed")

        @labeling_function
        def missing(row):
            return 1 if row.text is None else None

        @batch_labeling_function
        def many(frame):
            return np.where(frame["words"] > 3, 0, -1)

        old = keyword_lf("old", ["prize"], column="text", label=1, expires=dt.date(2020, 1, 1))
        lfs = [missing, many, keyword_lf("prize", ["prize"], column="text", label=1), old]
        theirs = [to_snorkel(lf) for lf in lfs]
        assert [lf.name for lf in theirs] == ["missing", "many", "prize", "old"]
        L = labeling.PandasLFApplier(theirs).apply(FRAME, progress_bar=False)
        assert np.array_equal(L, votes_of(lfs))
        assert L.T.tolist() == [[-1, -1, 1, -1], [0, 0, -1, -1], [1, -1, -1, 1], [-1, -1, -1, -1]]
        points = [SimpleNamespace(**row) for row in FRAME.dropna().to_dict("records")]
        assert np.array_equal(labeling.LFApplier(theirs).apply(points, progress_bar=False), L[[0, 1, 3]])

    def test_there_and_back(self):
        pytest.importorskip("snorkel.labeling", reason="snorkel is not installed")
        prize = keyword_lf("prize", ["prize"], column="text", label=1)
        back = from_snorkel(to_snorkel(prize))
        assert np.array_equal(votes_of([back]), votes_of([prize]))

    def test_snorkels_applier_and_ours_agree_on_decorated_ones(self):
        labeling = pytest.importorskip("snorkel.labeling", reason="snorkel is not installed")
        from snorkel.preprocess import preprocessor

        @preprocessor(memoize=True)
        def lowered(x):
            return lower(x)

        @labeling.labeling_function(resources={"word": "prize", "label": 1}, pre=[lowered])
        def prize(x, word, label):
            return label if word in x.lowered else -1

        @labeling.labeling_function()
        def long(x):
            return 0 if x.words > 3 else -1

        frame = FRAME.drop(columns="links")
        L = labeling.PandasLFApplier([prize, long]).apply(frame, progress_bar=False)
        assert np.array_equal(votes_of([from_snorkel(prize), from_snorkel(long)], frame), L)
