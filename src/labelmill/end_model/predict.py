"""The end model as MLflow loads it: this file is copied beside the model and run there.

Nothing in labelmill imports it; `tracking.model` hands its path to MLflow.
"""

from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow.models import set_model


class Scorer(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined,unused-ignore]
    """Rows in, one column `p_<class>` per class out."""

    def load_context(self, context: Any) -> None:
        """Load featurizer and weights from the logged folders, every checksum verified."""
        from labelmill.end_model.features import Featurizer
        from labelmill.end_model.model import EndModel

        self.featurizer_ = Featurizer.load(Path(context.artifacts["featurizer"]))
        self.end_model_ = EndModel.load(Path(context.artifacts["end_model"]))
        self.end_model_.check_featurizer(self.featurizer_.hash)

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Probabilities of the classes for each row; columns beside the text may be missing."""
        probs = self.end_model_.predict_proba(self.featurizer_.transform(model_input))
        columns = [f"p_{name}" for name in self.end_model_.classes]
        return pd.DataFrame(probs, columns=columns, index=model_input.index)


set_model(Scorer())
