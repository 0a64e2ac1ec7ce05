"""The train flow on a real Prefect server and a real DVC project."""

import time
import uuid

import pytest
from commands import ENVIRONMENT

from labelmill import paths
from labelmill.sources import batches
from labelmill.stages import TRAINING

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def client():
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)


def task_runs(flow_run_id: uuid.UUID):
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with client() as api:
        found = api.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id])))
    return {run.name: run for run in found}


def test_it_runs_every_stage_once_in_order_and_then_none_and_shows_what_came_out(prefect_server, chain):
    from flows.train import train

    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        train(project=str(chain), promote=False, version=False)
        assert stages(chain) == list(TRAINING)
        the_summary_and_the_scores_are_artifacts()
        train(project=str(chain), promote=False, version=False)
    assert stages(chain) == list(TRAINING), "an up-to-date stage ran again"


def the_summary_and_the_scores_are_artifacts():
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    with client() as api:
        found = {
            a.key: a
            for a in api.read_artifacts(
                artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["lf-summary", "metrics"]))
            )
        }
    assert "money" in str(found["lf-summary"].data)
    assert "0.940 (0.930 to 0.950)" in str(found["metrics"].data)


def test_a_failed_stage_shows_its_error_and_stops_the_rest(prefect_server, chain):
    from flows.train import train

    (chain / "label.py").write_text("raise SystemExit('drug_names: raised on row 7')")
    (chain / ".env").write_text("LABELMILL_ALERT_COMMAND=\"sh -c 'cat > alert.txt; exit 3'\"\n")
    state = train(project=str(chain), return_state=True)
    assert state.is_failed()
    assert stages(chain) == ["ingest", "validate"]
    runs = task_runs(state.state_details.flow_run_id)
    assert "drug_names: raised on row 7" in runs["label"].state.message
    assert "fit_label_model" not in runs
    assert runs["label"].run_count == 1, "a bad labeling function is not cured by retrying"
    # The owner was told, and that the telling failed in the end took nothing away.
    assert "train failed in" in (chain / "alert.txt").read_text()
    assert "drug_names: raised on row 7" in (chain / "alert.txt").read_text()
    wait_for_event("labelmill.flow.failed", "drug_names: raised on row 7")


def test_new_batches_are_watched_before_a_stage_reads_them(prefect_server, chain):
    from flows.train import train

    (chain / paths.REFERENCE).mkdir(parents=True)
    state = train(project=str(chain), promote=False, version=False, return_state=True)
    assert state.is_completed(), "no new batch is no failure"
    assert "watch" in {name.split("-")[0] for name in task_runs(state.state_details.flow_run_id)}
    (chain / "ingest.py").write_text((chain / "ingest.py").read_text() + "# edited")
    (chain / paths.MONITOR).mkdir(parents=True, exist_ok=True)
    (chain / paths.MONITOR / "00001.json").write_text("{")
    assert train(project=str(chain), promote=False, version=False, return_state=True).is_failed()
    assert stages(chain) == list(TRAINING), "ingest read what could not be watched"


INGEST = """
from labelmill import paths, storage
from labelmill.sources import batches

def arrive(name):
    with storage.new_folder(paths.INCOMING / name) as new:
        storage.write_text(new / "rows.txt", name)

if not paths.INCOMING.exists():
    arrive("00001")
with storage.shard_writer(paths.INGESTED, batches=batches.hashes()):
    pass
if not (paths.INCOMING / "00002").exists():
    arrive("00002")
"""


def test_a_batch_that_came_while_ingest_ran_is_read_by_another_run_of_it(prefect_server, chain):
    """DVC hashes the inputs of a stage when it has ended, so it calls this one up to date."""
    from flows.train import train

    (chain / "ingest.py").write_text(INGEST + (chain / "ingest.py").read_text())
    train(project=str(chain), promote=False, version=False)
    assert stages(chain) == ["ingest", *TRAINING]
    assert list(batches.ingested(chain / paths.INGESTED)) == ["00001", "00002"]


def test_a_download_that_broke_off_is_retried(prefect_server, chain, monkeypatch):
    from flows import _tasks
    from flows.train import train

    monkeypatch.setattr(_tasks.run_stage, "retry_delay_seconds", 0.1)
    body = (chain / "ingest.py").read_text()
    flaky = "import os, sys\nif not os.path.exists('tried'):\n    open('tried', 'w').close()\n    sys.exit(12)\n"
    (chain / "ingest.py").write_text(flaky + body)
    state = train(project=str(chain), promote=False, version=False, return_state=True)
    assert state.is_completed()
    assert task_runs(state.state_details.flow_run_id)["ingest"].run_count == 2


def wait_for_event(name, text):
    deadline = time.monotonic() + 20
    while True:
        with client() as api:
            found = api.request("POST", "/events/filter", json={"filter": {"event": {"name": [name]}}}).json()["events"]
        if any(text in event["payload"]["message"] for event in found):
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def stages(folder):
    file = folder / "ran.txt"
    return file.read_text().split() if file.exists() else []
