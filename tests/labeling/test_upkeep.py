import datetime as dt
import logging

import pandas as pd
import pytest

from labelmill import apply_lfs, keyword_lf, labeling_function
from labelmill.errors import LFError
from labelmill.labeling.upkeep import Upkeep, as_upkeep


def test_what_a_builder_is_given_is_kept():
    lf = keyword_lf(
        "cash", ["cash"], column="text", label=1, owner="ann", tags="money", expires="2030-01-31", why="spam sells"
    )
    assert lf.upkeep == Upkeep("ann", ("money",), True, dt.date(2030, 1, 31), "spam sells")


def test_a_decorator_takes_the_same():
    @labeling_function(owner="bob", tags=["form", "slow"], active=False)
    def shouts(row):
        return 1

    assert shouts.upkeep == Upkeep("bob", ("form", "slow"), active=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"expires": "soon"}, "expires must be a day"),
        ({"owner": 3}, "owner must be text"),
        ({"tags": ["a", ""]}, "tags must be text"),
        ({"active": "yes"}, "active must be true or false"),
        ({"onwer": "ann"}, "unknown argument 'onwer'"),
    ],
)
def test_what_is_wrong_is_named(given, message):
    with pytest.raises(LFError, match=f"'cash'.*{message}"):
        as_upkeep(given, lf="cash")


def test_it_votes_on_its_last_day_and_not_after():
    upkeep = as_upkeep({"expires": "2030-01-31"}, lf="cash")
    assert not upkeep.expired(dt.date(2030, 1, 31))
    assert upkeep.expired(dt.date(2030, 2, 1))


def test_an_expired_one_warns_and_abstains(caplog):
    old = keyword_lf("old", ["cash"], column="text", label=1, expires="2020-01-01")
    new = keyword_lf("new", ["cash"], column="text", label=1)
    with caplog.at_level(logging.WARNING):
        found = apply_lfs(pd.DataFrame({"text": ["cash"]}), [old, new], cardinality=2)
    assert found.L.tolist() == [[-1, 1]]
    assert "old" in caplog.text and "2020-01-01" in caplog.text
