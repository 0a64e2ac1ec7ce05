import pytest

from labelmill.params import DriftParams
from labelmill.quality.drift import Reference, compare


@pytest.mark.slow
def test_of_200_windows_without_drift_few_alarm(rows, schema):
    """At a level of .005 one is to be expected; five or more would come once in 250 times."""
    alarms = 0
    for seed in range(4):
        reference = Reference.of([rows(8000, 1000 + seed)], schema, seed=seed)
        found = [compare(reference, rows(1000, 2000 + seed * 50 + turn), DriftParams()) for turn in range(50)]
        alarms += sum(findings.state == "drift" for findings in found)
    assert alarms < 5
