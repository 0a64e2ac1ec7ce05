"""Stage `featurize`: learn vocabulary and scales on the rows of split train, then turn every clean row into numbers."""

import logging

from labelmill import paths, storage
from labelmill.params import Params
from labelmill.progress import progress

PARAMS = ("task.text_columns", "task.hidden_columns", "featurize")  # of the classes features know nothing
READS = (paths.CLEAN,)
WRITES = (paths.FEATURES, paths.FEATURIZER, paths.metrics("featurize"))

_log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Write the featurizer and the feature matrix."""
    import pandas as pd
    import scipy.sparse as sp

    from labelmill.end_model.features import Featurizer
    from labelmill.end_model.matrix import write_features

    featurizer = Featurizer(
        params.featurize, text_columns=params.task.text_columns, hidden_columns=params.task.hidden_columns
    )
    shards = progress(storage.iter_shards(paths.CLEAN), "reading train rows")
    train = pd.concat([shard[shard["split"] == "train"] for shard in shards], ignore_index=True)
    featurizer.fit(train)
    rows, parts = [], []
    for shard in progress(storage.iter_shards(paths.CLEAN), "making features"):
        rows.append(shard[["id", "split"]])
        parts.append(featurizer.transform(shard))
    X = sp.vstack(parts, format="csr")
    featurizer.save(paths.FEATURIZER)
    write_features(paths.FEATURES, X, pd.concat(rows, ignore_index=True), featurizer=featurizer.hash)
    figures = {"rows": X.shape[0], "rows_fitted": len(train), "features": X.shape[1], "values": int(X.nnz)}
    storage.write_json(paths.metrics("featurize"), figures)
    _log.info("%s rows turned into %s features, learned on %s train rows", *(f"{n:,}" for n in (*X.shape, len(train))))
