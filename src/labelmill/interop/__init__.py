"""What other tools hold, read and written without loss: labeling functions, votes, crowds, tasks.

One module per format: `snorkel` (labeling functions), `dense` (matrices in npy, npz and csv), `wrench` (folders of
JSON), `crowd` (long tables as crowd-kit has them), `label_studio` (tasks, annotations, predictions). Below them
are `named_votes`, what votes are turned into, `csv_lines` and `strict_json`. None of the other tools is needed to read
its files. What each format is, and how it is used: docs/interop.md.

The package stands above `labeling` and `label_model`, whose votes and probabilities it carries, and beside
`end_model`; no stage needs it, so that a format may change without a pipeline noticing.
"""

from labelmill.interop.crowd import (
    CrowdVotes,
    from_crowd,
    gold_of_tasks,
    read_crowd,
    task_labels,
    to_crowd,
    write_crowd,
)
from labelmill.interop.dense import read_dense, write_dense
from labelmill.interop.label_studio import LabelStudioTasks, append_annotations, read_tasks
from labelmill.interop.label_studio_tasks import labeling_config, least_certain, tasks_of, write_tasks
from labelmill.interop.named_votes import NamedVotes, read_votes, write_votes
from labelmill.interop.snorkel import from_snorkel, to_snorkel
from labelmill.interop.wrench import WrenchData, read_wrench, write_wrench

__all__ = [
    "CrowdVotes",
    "LabelStudioTasks",
    "NamedVotes",
    "WrenchData",
    "append_annotations",
    "from_crowd",
    "from_snorkel",
    "gold_of_tasks",
    "labeling_config",
    "least_certain",
    "read_crowd",
    "read_dense",
    "read_tasks",
    "read_votes",
    "read_wrench",
    "task_labels",
    "tasks_of",
    "to_crowd",
    "to_snorkel",
    "write_crowd",
    "write_dense",
    "write_tasks",
    "write_votes",
    "write_wrench",
]
