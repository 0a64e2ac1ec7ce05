"""Label versions: what an accepted run was made from and what it gave, so that it can be told, compared, brought back.

A version is one folder `state/versions/<n>/` whose manifest names everything by hash: rows, batches, labeling
functions, votes, labels, models, params, code. It also holds what is small: `params.yaml`, `dvc.yaml`, `dvc.lock`,
`lfs/`, annotations, metrics, and one label per row. The large files are in DVC's cache, under the hashes of `dvc.lock`.
"""

from labelmill.loop.versions.commits import commit, committed
from labelmill.loop.versions.comparison import Comparison, compare
from labelmill.loop.versions.contents import current_key
from labelmill.loop.versions.record import Version, add, get, list_versions, publish
from labelmill.loop.versions.restore import Restored, differing_outputs, restore

__all__ = [
    "Comparison",
    "Restored",
    "Version",
    "add",
    "commit",
    "committed",
    "compare",
    "current_key",
    "differing_outputs",
    "get",
    "list_versions",
    "publish",
    "restore",
]
