"""The limits of `validate` for few rows: wider by what chance does, and no wider."""

import numpy as np
import pytest

from labelmill.loop.acceptance import CHANCE, with_room_for_chance
from labelmill.params import parse_params

PARAMS = parse_params(
    {
        "task": {"name": "t", "classes": ["ham", "spam"]},
        "ingest": {"source": "csv"},
        "validate": {
            "min_rows": 1000,
            "max_undecoded_share": 0,
            "max_duplicate_share": 1,
            "columns": {"text": {"type": "string", "max_null_share": 0.05}, "id2": {"type": "string"}},
        },
    }
)


@pytest.mark.parametrize(("rows", "at_most"), [(20, 0.4), (200, 0.12), (2000, 0.08), (200_000, 0.052)])
def test_a_share_has_more_room_in_fewer_rows(rows, at_most):
    limits = with_room_for_chance(PARAMS, rows=rows, read=rows).validate_
    share = limits.columns["text"].max_null_share
    assert 0.05 < share < at_most
    nulls = np.random.default_rng(0).binomial(rows, 0.05, size=20_000) / rows
    assert (nulls > share).mean() <= 5 * CHANCE


def test_what_may_never_be_or_always_may_be_stays_so():
    limits = with_room_for_chance(PARAMS, rows=5, read=5).validate_
    assert (limits.min_rows, limits.max_undecoded_share, limits.max_duplicate_share) == (1, 0, 1)
    assert limits.columns["id2"].max_null_share == 1
    assert PARAMS.validate_.min_rows == 1000


def test_most_rows_are_never_chance():
    for rows in (3, 10, 30):
        assert with_room_for_chance(PARAMS, rows=rows, read=rows).validate_.max_quarantined_share < 0.7
