import pandas as pd
import pytest

from labelmill import apply_lfs


@pytest.fixture
def votes_of():
    """Votes on a column of values; on each value alone they must be the same."""

    def votes(lf, values, column="text"):
        frame = pd.DataFrame({column: pd.Series(values, dtype=object)})
        found = apply_lfs(frame, [lf], cardinality=2).L[:, 0].tolist()
        assert found == [lf({column: value}) for value in values]
        return found

    return votes
