import decimal

import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, missing_lf, threshold_lf
from labelmill.errors import LFError


class TestThresholds:
    def test_bounds_are_included(self, votes_of):
        values = [1, 2, 3, 4]
        assert votes_of(threshold_lf("t", column="text", label=1, at_least=3), values) == [-1, -1, 1, 1]
        assert votes_of(threshold_lf("t", column="text", label=1, at_most=2), values) == [1, 1, -1, -1]
        assert votes_of(threshold_lf("t", column="text", label=0, at_least=2, at_most=3), values) == [-1, 0, 0, -1]

    def test_no_number_is_an_abstain(self, votes_of):
        lf = threshold_lf("t", column="text", label=1, at_least=-np.inf)
        assert votes_of(lf, [1.5, None, np.nan, -np.inf]) == [1, -1, -1, 1]

    def test_numbers_of_many_kinds(self, votes_of):
        lf = threshold_lf("t", column="text", label=1, at_least=2)
        assert votes_of(lf, [decimal.Decimal("2.00"), decimal.Decimal("1.99"), None]) == [1, -1, -1]
        assert votes_of(lf, [[1, 2], [1], [], None]) == [1, -1, -1, -1]
        frame = pd.DataFrame({"text": pd.array([2, None], dtype="Int8")})
        assert apply_lfs(frame, [lf], cardinality=2).L.tolist() == [[1], [-1]]

    @pytest.mark.parametrize("values", [["2"], [True], [pd.Timestamp("2024-01-01")]])
    def test_what_is_no_number_is_refused(self, values):
        lf = threshold_lf("t", column="text", label=1, at_least=2)
        with pytest.raises(LFError, match=r"'t' needs numbers, but column 'text' holds .* lookup_lf"):
            apply_lfs(pd.DataFrame({"text": values}), [lf], cardinality=2)

    def test_quantiles_of_a_reference_become_numbers(self, tmp_path):
        (tmp_path / "lengths.csv").write_text("id,length\n1,10\n2,20\n3,30\n")
        pd.DataFrame({"length": [10.0, 20.0, 30.0, np.nan]}).to_parquet(tmp_path / "lengths.parquet")
        for file in ("lengths.csv", "lengths.parquet"):
            lf = threshold_lf("t", column="n", label=1, at_least=0.5, quantiles_of=tmp_path / file, key_column="length")
            assert (lf.spec["at_least"], lf.spec["at_most"]) == (20, None)
            assert lf.provenance[0].source == str(tmp_path / file)
        assert lf.spec == threshold_lf("t", column="n", label=1, at_least=20).spec

    @pytest.mark.parametrize("cut", [1, 3, 7])
    def test_a_vote_does_not_depend_on_the_other_rows(self, cut):
        lf = threshold_lf("t", column="n", label=1, at_least=0.9, quantiles_of=range(10))
        frame = pd.DataFrame({"n": np.arange(10)})
        parts = [apply_lfs(part, [lf], cardinality=2).L for part in (frame[:cut], frame[cut:])]
        assert np.array_equal(np.vstack(parts), apply_lfs(frame, [lf], cardinality=2).L)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "at_least=, at_most= or both"),
            ({"at_least": "3"}, "must be a number"),
            ({"at_least": True}, "must be a number"),
            ({"at_least": float("nan")}, "must be a number"),
            ({"at_least": 3, "at_most": 2}, "nothing lies between"),
            ({"at_least": 3, "quantiles_of": [1, 2]}, "shares, 0 to 1"),
            ({"at_least": 0.5, "quantiles_of": []}, "no reference values"),
            ({"at_least": 0.5, "quantiles_of": ["a"]}, "must be numbers"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, arguments, message):
        with pytest.raises(LFError, match=f"'t': .*{message}"):
            threshold_lf("t", column="n", label=1, **arguments)


class TestMissing:
    TEXTS = (None, np.nan, "", " \n\u00a0", "a")
    LISTS = (None, [], [None], ["", " "], ["", "a"])

    @pytest.mark.parametrize(
        ("when", "texts", "lists"),
        [
            ("missing", [1, 1, -1, -1, -1], [1, -1, -1, -1, -1]),
            ("empty", [1, 1, 1, -1, -1], [1, 1, -1, -1, -1]),
            ("blank", [1, 1, 1, 1, -1], [1, 1, 1, 1, -1]),
            ("present", [-1, -1, -1, -1, 1], [-1, -1, -1, -1, 1]),
        ],
    )
    def test_each_word_includes_the_one_before(self, votes_of, when, texts, lists):
        lf = missing_lf("m", column="text", label=1, when=when)
        assert votes_of(lf, self.TEXTS) == texts
        assert votes_of(lf, self.LISTS) == lists

    @pytest.mark.parametrize("values", [[1, None], [True, None], [pd.Timestamp("2024-01-01"), None], [[1], None]])
    def test_columns_of_any_kind(self, votes_of, values):
        assert votes_of(missing_lf("m", column="text", label=1), values) == [-1, 1]

    def test_a_column_of_nulls_alone(self, votes_of):
        assert votes_of(missing_lf("m", column="text", label=1), [None, None]) == [1, 1]
        assert votes_of(missing_lf("m", column="text", label=1, when="present"), [None, None]) == [-1, -1]

    def test_of_several_columns_any_will_do(self):
        lf = missing_lf("m", column=("a", "b"), label=1)
        frame = pd.DataFrame({"a": ["x", None, "x"], "b": [1.0, 2.0, None]})
        assert apply_lfs(frame, [lf], cardinality=2).L[:, 0].tolist() == [-1, 1, 1]

    def test_another_word_is_refused(self):
        with pytest.raises(LFError, match="'m': when must be missing, empty, blank or present, found 'null'"):
            missing_lf("m", column="a", label=1, when="null")
