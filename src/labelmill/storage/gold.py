"""Gold labels: tables of `id` and `label`, looked up by id, since they hold other rows than the tables they judge."""

from pathlib import Path

import numpy as np
import pandas as pd

from labelmill.arrays import UNKNOWN, Gold
from labelmill.storage.atomic import read_table


def read_gold(path: Path, ids: pd.Series) -> Gold:
    """The true classes of rows, in the order of `ids`, -1 where there is none."""
    labels = read_table(path).set_index("id")["label"]
    return labels.reindex(ids, fill_value=UNKNOWN).to_numpy(dtype=np.int64)
