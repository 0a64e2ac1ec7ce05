import sys

import pandas as pd
import pytest

from labelmill import apply_lfs


@pytest.fixture
def own_lfs():
    """Let a test load its own `lfs` package; afterwards the one that was loaded before is back."""
    finders, before = list(sys.meta_path), _lfs_modules()
    yield
    sys.meta_path[:] = finders
    for name in _lfs_modules():
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def votes_of():
    """Votes on a column of values; on each value alone they must be the same."""

    def votes(lf, values, column="text"):
        frame = pd.DataFrame({column: pd.Series(values, dtype=object)})
        found = apply_lfs(frame, [lf], cardinality=2).L[:, 0].tolist()
        assert found == [lf({column: value}) for value in values]
        return found

    return votes


def _lfs_modules():
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] == "lfs"}
