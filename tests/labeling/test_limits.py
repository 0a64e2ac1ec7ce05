import pytest

from labelmill import Limits
from labelmill.errors import LFError
from labelmill.params import LimitsParams


def test_params_and_code_agree():
    """Each key of `label.limits` is one of Limits, with the same default."""
    assert Limits(**LimitsParams().model_dump()) == Limits()


def test_many_rows_may_take_longer_than_one_but_not_without_end():
    limits = Limits(row_s=2, batch_s=60)
    assert [limits.of_call(rows) for rows in (1, 10, 1000)] == [2, 20, 60]
    assert limits.of_first_call() == 60
    assert Limits(row_s=90, batch_s=60).of_call(1) == Limits(row_s=90, batch_s=60).of_first_call() == 90


@pytest.mark.parametrize("name", ["row_s", "batch_s", "memory_mb", "killed_rows"])
@pytest.mark.parametrize("value", [0, -1, "1", None, True, float("nan")])
def test_what_is_no_limit_is_an_error(name, value):
    with pytest.raises(LFError, match=f"limits: {name} must be a number above 0"):
        Limits(**{name: value})
