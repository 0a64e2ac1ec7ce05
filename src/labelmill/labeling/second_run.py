"""The other process of `repeats`: `python -m labelmill.labeling.second_run JOB ANSWER`."""

import sys
from pathlib import Path

from labelmill import storage
from labelmill.labeling.repeats import Sample, votes_on
from labelmill.labeling.shards import Task
from labelmill.processes import die_with_parent


def main(job: Path, answer: Path) -> None:
    """Let labeling functions vote on the rows that the job names, and write what they say."""
    die_with_parent()
    content = storage.read_json(job)
    samples = [
        Sample(storage.Shard(facts["number"], Path(facts["file"]), facts["sha256"]), facts["positions"])
        for facts in content["samples"]
    ]
    storage.write_json(answer, votes_on(samples, content["names"], Task.from_json(content["task"]).open()))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
