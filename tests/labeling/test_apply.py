import copy
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill import apply_lfs, batch_labeling_function, keyword_lf, labeling_function, lookup_lf
from labelmill.errors import InvalidVoteError, LFError

MAILS = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "text": ["free cash", None, "the minutes"],
        "links": [["x.biz"], [], None],
        "size": [10, 20, 30],
        "score": [0.5, None, 1.0],
        "received_at": pd.to_datetime(["2002-08-01", None, "2002-09-01"], utc=True),
    }
)


def row_lf(function, name="f"):
    return labeling_function(name=name)(function)


def batch_lf(function, name="b"):
    return batch_labeling_function(name=name)(function)


cash = keyword_lf("cash", ["cash"], column="text", label=1)
linked = row_lf(lambda mail: 1 if mail.links else None, "linked")
big = batch_lf(lambda frame: np.where(frame["size"] > 15, 0, -1), "big")
LFS = [cash, linked, big]


def test_votes_names_and_no_errors():
    applied = apply_lfs(MAILS, LFS, cardinality=2)
    assert applied.L.dtype == np.int8
    assert applied.L.tolist() == [[1, 1, -1], [-1, -1, 0], [-1, -1, 0]]
    assert applied.lf_names == ["cash", "linked", "big"]
    assert list(applied.errors.columns) == ["lf", "id", "exception", "message"]
    assert applied.errors.empty


@given(st.lists(st.sampled_from([0, 1, 2]), max_size=12))
def test_votes_go_with_their_rows(order):
    """Any choice of rows in any order gets the votes that the rows have alone."""
    whole = apply_lfs(MAILS, LFS, cardinality=2).L
    assert np.array_equal(apply_lfs(MAILS.iloc[order], LFS, cardinality=2).L, whole[order])


def test_no_rows_and_no_functions():
    assert apply_lfs(MAILS[:0], LFS, cardinality=2).L.shape == (0, 3)
    assert apply_lfs(MAILS, [], cardinality=2).L.shape == (3, 0)


def test_the_frame_stays_as_it_was():
    before = copy.deepcopy(MAILS)
    apply_lfs(MAILS, LFS, cardinality=2)
    pd.testing.assert_frame_equal(MAILS, before)


class TestWhatARowLooksLike:
    def test_missing_values_of_every_kind_are_none(self):
        seen = []
        apply_lfs(MAILS, [row_lf(lambda m: seen.append((m.text, m.links, m.score, m.received_at)))], cardinality=2)
        assert seen[1] == (None, [], None, None)
        assert seen[2][1] is None

    def test_values_are_plain_python(self):
        kinds = []
        apply_lfs(
            MAILS, [row_lf(lambda m: kinds.append([type(v) for v in (m.size, m["text"], m.links)]))], cardinality=2
        )
        assert kinds[0] == [int, str, list]

    def test_columns_of_mixed_kinds_come_as_they_are(self):
        seen = []
        frame = pd.DataFrame({"x": pd.Series([1, "a", None, float("nan"), {"k": [1]}], dtype=object)})
        apply_lfs(frame, [row_lf(lambda row: seen.append(row.x))], cardinality=2)
        assert seen == [1, "a", None, None, {"k": [1]}]

    def test_it_is_read_only(self):
        def writes(mail):
            mail.text = "mine"

        errors = apply_lfs(MAILS, [row_lf(writes)], cardinality=2).errors
        assert set(errors["exception"]) == {"AttributeError"}
        assert "read-only" in errors["message"][0]

    @pytest.mark.parametrize("place", [0, 1])
    def test_no_function_can_alter_what_others_see(self, place):
        def meddles(mail):
            if mail.links is not None:
                mail.links.append("mine")

        def meddles_in_bulk(frame):
            frame["text"] = "cash"
            frame.drop(columns="size", inplace=True)
            for links in frame["links"]:
                if links is not None:
                    links.append("mine")
            return np.full(len(frame), -1)

        meddlers = [row_lf(meddles, "m1"), batch_lf(meddles_in_bulk, "m2")]
        lfs = [*meddlers, *LFS] if place == 0 else [*LFS, *meddlers]
        start = 2 if place == 0 else 0
        L = apply_lfs(MAILS, lfs, cardinality=2).L
        assert L[:, start : start + 3].tolist() == [[1, 1, -1], [-1, -1, 0], [-1, -1, 0]]
        assert MAILS["links"].tolist() == [["x.biz"], [], None]

    def test_optional_columns_can_be_asked_for(self):
        lf = row_lf(lambda m: 1 if getattr(m, "nothing", None) is None and not hasattr(m, "other") else 0)
        assert set(apply_lfs(MAILS, [lf], cardinality=2).L[:, 0]) == {1}


class TestErrors:
    def test_a_raising_function_is_recorded_apart_from_abstains(self):
        lf = row_lf(lambda mail: 1 if mail.text.isupper() else None, "shouts")
        applied = apply_lfs(MAILS, [lf, *LFS], cardinality=2)
        assert applied.L[:, 0].tolist() == [-1, -1, -1]
        assert applied.errors[["lf", "id", "exception"]].values.tolist() == [["shouts", "b", "AttributeError"]]
        line = sys._getframe().f_lineno - 4
        assert applied.errors["message"][0] == f"'NoneType' object has no attribute 'isupper' (test_apply.py:{line})"

    def test_or_raised_naming_function_row_and_cause(self):
        lf = row_lf(lambda mail: 1 // (mail.size - 20), "divides")
        with pytest.raises(LFError, match=r"'divides' failed on row 'b': ZeroDivisionError: .*test_apply\.py") as error:
            apply_lfs(MAILS, [lf], cardinality=2, on_error="raise")
        assert isinstance(error.value.__cause__, ZeroDivisionError)

    @pytest.mark.parametrize("kind", [ValueError, RecursionError, MemoryError, SystemExit, StopIteration])
    def test_no_kind_of_exception_gets_through(self, kind):
        def fails(mail):
            raise kind("so it goes")

        errors = apply_lfs(MAILS, [row_lf(fails)], cardinality=2).errors
        assert errors["exception"].tolist() == [kind.__name__] * 3

    def test_a_person_can_still_stop_it(self):
        def stops(mail):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            apply_lfs(MAILS, [row_lf(stops)], cardinality=2)

    def test_a_failing_batch_function_fails_on_every_row(self):
        applied = apply_lfs(MAILS, [batch_lf(lambda frame: 1 / 0), cash], cardinality=2)
        assert applied.errors["id"].tolist() == ["a", "b", "c"]
        assert applied.L[:, 1].tolist() == [1, -1, -1]
        with pytest.raises(LFError, match="'b' failed: ZeroDivisionError"):
            apply_lfs(MAILS, [batch_lf(lambda frame: 1 / 0)], cardinality=2, on_error="raise")

    def test_rows_without_id_are_named_by_position(self):
        lf = row_lf(lambda mail: 1 // (mail.size - 20))
        errors = apply_lfs(MAILS.drop(columns="id").set_index("text"), [lf], cardinality=2).errors
        assert errors["id"].tolist() == [1]
        with pytest.raises(InvalidVoteError, match="row 2"):
            apply_lfs(MAILS[["size"]], [row_lf(lambda m: 9 if m.size == 30 else None)], cardinality=2)

    def test_ids_that_are_numbers_stay_numbers(self):
        lf = row_lf(lambda mail: 1 // (mail.size - 20))
        assert apply_lfs(MAILS.assign(id=[7, 8, 9]), [lf], cardinality=2).errors["id"].tolist() == [8]

    def test_messages_are_the_same_in_every_run(self):
        def fails(mail):
            raise ValueError(f"{object()} " + "x" * 10_000)

        message = apply_lfs(MAILS, [row_lf(fails)], cardinality=2).errors["message"][0]
        assert "0x…" in message
        assert len(message) < 600


class TestMissingColumns:
    @pytest.mark.parametrize(
        "lf",
        [
            keyword_lf("reads", ["a"], column="txt", label=1),
            lookup_lf("reads", {"a": 1}, column=("text", "txt")),
            row_lf(lambda mail: mail.txt and None, "reads"),
            row_lf(lambda mail: mail["txt"] and None, "reads"),
            batch_lf(lambda frame: frame.txt, "reads"),
            batch_lf(lambda frame: frame["txt"], "reads"),
            row_lf(lambda mail: keyword_lf("reads", ["a"], column="txt", label=1)(mail), "outer"),
        ],
    )
    @pytest.mark.parametrize("on_error", ["record", "raise"])
    def test_function_column_and_nearest_name_are_named(self, lf, on_error):
        with pytest.raises(LFError, match=r"'reads'.*no column 'txt'; did you mean 'text'\?"):
            apply_lfs(MAILS, [lf], cardinality=2, on_error=on_error)

    def test_a_template_is_checked_before_the_first_row(self):
        calls = []
        with pytest.raises(LFError, match="'k'"):
            apply_lfs(
                MAILS,
                [row_lf(lambda mail: calls.append(1)), keyword_lf("k", ["a"], column="no", label=1)],
                cardinality=2,
            )
        assert calls == []

    def test_where_nothing_is_near_all_are_listed(self):
        with pytest.raises(LFError, match=r"there are .*'text'"):
            apply_lfs(MAILS, [row_lf(lambda mail: mail.zzzzzzzz)], cardinality=2)

    @pytest.mark.parametrize(
        "lf",
        [
            row_lf(lambda mail: mail.received_at and None),
            row_lf(lambda mail: mail["received_at"] and None),
            batch_lf(lambda frame: frame["received_at"]),
            batch_lf(lambda frame: frame.received_at),
            lookup_lf("f", {"a": 1}, column="received_at"),
        ],
    )
    def test_hidden_columns_cannot_be_read(self, lf):
        with pytest.raises(LFError, match="hidden columns, which no labeling function may read"):
            apply_lfs(MAILS, [lf], cardinality=2, hidden=["received_at", "split"])

    def test_no_way_round_leads_to_a_hidden_column(self):
        seen = []

        def looks(mail):
            seen.append(
                repr(mail) + str(dir(mail)) + str(list(mail._columns)) + str(list(mail._columns._columns.frame))
            )

        apply_lfs(
            MAILS,
            [row_lf(looks), batch_lf(lambda f: seen.append(f.to_string()) or [-1] * 3)],
            cardinality=2,
            hidden=["score"],
        )
        assert len(seen) == 4
        assert not any("score" in what for what in seen)

    def test_other_key_errors_stay_what_they_are(self):
        applied = apply_lfs(MAILS, [row_lf(lambda m: {}["x"]), batch_lf(lambda frame: {}["x"])], cardinality=2)
        assert set(applied.errors["exception"]) == {"KeyError"}


def test_two_of_one_name_are_an_error_with_both_places():
    with pytest.raises(LFError, match=r"two .* named 'f': .*test_apply\.py:\d+ and .*test_apply\.py:\d+"):
        apply_lfs(MAILS, [row_lf(lambda m: None), row_lf(lambda m: 1)], cardinality=2)


def test_a_plain_function_is_told_what_it_lacks():
    with pytest.raises(LFError, match="Put @labeling_function above it"):
        apply_lfs(MAILS, [lambda mail: 1], cardinality=2)


def test_a_template_for_a_class_too_many():
    with pytest.raises(LFError, match=r"'k' .* votes for class 2: the classes are 0 to 1"):
        apply_lfs(MAILS, [keyword_lf("k", ["a"], column="text", label=2)], cardinality=2)


def test_columns_of_one_name_are_an_error():
    with pytest.raises(LFError, match="same name: \\['text'\\]"):
        apply_lfs(pd.DataFrame([["a", "b"]], columns=["text", "text"]), [cash], cardinality=2)


def test_a_wrong_policy_is_an_error():
    with pytest.raises(LFError, match="on_error must be"):
        apply_lfs(MAILS, LFS, cardinality=2, on_error="ignore")


def test_one_labeling_function_is_no_list_of_them():
    lf = keyword_lf("k", ["a"], column="text", label=1)
    with pytest.raises(LFError, match=r"found 'k' alone; write \[k\]"):
        apply_lfs(pd.DataFrame({"text": ["a"]}), lf, cardinality=2)


def test_a_generator_of_labeling_functions_is_not_used_up_by_the_checks():
    lfs = (keyword_lf(name, [name], column="text", label=1) for name in "ab")
    assert apply_lfs(pd.DataFrame({"text": ["a"]}), lfs, cardinality=2).L.tolist() == [[1, -1]]


def test_rows_of_another_library_are_refused():
    with pytest.raises(LFError, match=r"expected a pandas DataFrame of rows, found pyarrow\.lib\.Table"):
        apply_lfs(pa.table({"text": ["a"]}), [keyword_lf("k", ["a"], column="text", label=1)], cardinality=2)
