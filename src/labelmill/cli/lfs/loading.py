"""What most of these commands begin with: `params.yaml` and the labeling functions of `lfs/`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labelmill.labeling.functions import LabelingFunction
    from labelmill.params import Params


def load() -> "tuple[Params, list[LabelingFunction]]":
    """The params and every labeling function, also those that do not vote now."""
    from labelmill import paths
    from labelmill.labeling.loading import load_all_lfs
    from labelmill.params import load_params

    params = load_params()
    return params, load_all_lfs(paths.LFS, params.task.cardinality, classes=params.task.classes)
