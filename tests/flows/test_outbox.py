"""Decisions become events: each once, however often a process dies, and none is lost."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from flows._outbox import announce, as_event
from labelmill import paths, storage
from labelmill.quality import champion, decisions

ROOT = Path(__file__).parents[2]
MODEL = "labelmill.model.chain"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project that has nothing but a name."""
    (tmp_path / "params.yaml").write_text("task: {name: chain, classes: [ham, spam]}\ningest: {source: generated}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "event", "payload"),
    [
        (
            {"kind": "drift", "action": "retrain", "reason": "prior shift", "seq": 4},
            "labelmill.drift.detected",
            {"reason": "prior shift", "seq": 4},
        ),
        (
            {"kind": "promotion", "seq": 2, "reasons": ["better", "by 2 points"], "numbers": {"f1": 0.9}},
            "labelmill.model.promoted",
            {"seq": 2, "reasons": ["better", "by 2 points"], "reason": "better; by 2 points", "rollback": False},
        ),
        (
            {"kind": "rollback", "seq": 3, "reason": "by hand"},
            "labelmill.model.promoted",
            {"seq": 3, "reason": "by hand", "rollback": True},
        ),
        (
            {"kind": "stale_lf", "lf": "money", "owner": "ann", "reason": "fires no more"},
            "labelmill.lf.stale",
            {"lf": "money", "owner": "ann", "reason": "fires no more"},
        ),
        ({"kind": "hold", "reason": "empty texts"}, "labelmill.batch.held", {"reason": "empty texts"}),
        ({"kind": "refused_file", "reason": "is UTF-16"}, "labelmill.batch.held", {"reason": "is UTF-16"}),
    ],
)
def test_each_kind_has_its_event(line, event, payload):
    made = as_event(line, MODEL)
    assert (made["event"], made["payload"]) == (event, payload)
    assert made["resource"] == {"prefect.resource.id": MODEL}
    assert as_event(dict(reversed(line.items())), MODEL)["id"] == made["id"], "the id is that of the content"
    assert as_event({**line, "at": "later"}, MODEL)["id"] != made["id"]


@pytest.mark.parametrize("line", [{"kind": "drift", "action": "none"}, {"kind": "refusal"}, {"kind": "release"}, {}])
def test_what_starts_nothing_has_none(line):
    assert as_event(line, MODEL) is None


def test_a_server_that_cannot_be_reached_delays_and_loses_nothing(here):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    decisions.record("hold", reason="empty texts")
    told: list[str] = []
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        announce(here, told.append)
    assert len(told) == 1
    assert "1 events wait" in told[0]
    assert not (here / "state/outbox.json").exists()


class Failing(BaseHTTPRequestHandler):
    """A server whose database is locked."""

    def do_GET(self):
        self.send_response(500)
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, *words):
        pass


def test_a_server_that_fails_delays_and_loses_nothing(here):
    """Where `train` announces what it did, this must not take the place of it: the model is promoted."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    decisions.record("hold", reason="empty texts")
    told: list[str] = []
    with HTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{server.server_port}/api"}):
            announce(here, told.append)
        server.shutdown()
    assert "1 events wait" in told[0]
    assert not (here / "state/outbox.json").exists()


def killed(*line, **project):
    raise KeyboardInterrupt


def test_a_promotion_that_was_killed_before_its_line_is_announced(here, monkeypatch):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    hashes = {}
    for name, path in (("sha256", paths.END_MODEL), ("featurizer_sha256", paths.FEATURIZER)):
        with storage.new_folder(path) as new:
            storage.write_text(new / "weights.txt", name)
        hashes[name] = storage.folder_hash(path)
    with monkeypatch.context() as dying:
        dying.setattr(decisions, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            champion.swap_champion(0, hashes, end_model=paths.END_MODEL, featurizer=paths.FEATURIZER)
    assert decisions.decisions() == []
    monkeypatch.chdir("/")
    told: list[str] = []
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        announce(here, told.append)
        (here / "state/champion.json").write_text("{")
        announce(here, told.append)
    assert [line["kind"] for line in decisions.decisions(here)] == ["promotion"]
    assert all("1 events wait" in said for said in (told[0], told[2])), "a damaged record holds back no event"
    assert "champion.json" in told[1]


@pytest.mark.slow
def test_a_line_that_is_not_whole_yet_is_left_for_the_next_time(prefect_server, here):
    decisions.record("hold", reason="whole")
    with decisions.log_file().open("a") as log:
        log.write('{"kind": "hold", "reas')
    told: list[str] = []
    announce(here, told.append)
    assert told == ["event labelmill.batch.held: whole"]
    decisions.record("hold", reason="after the crash")
    announce(here, told.append)
    announce(here, told.append)
    assert told[1:] == ["event labelmill.batch.held: after the crash"]
    (here / "state/outbox.json").write_text("{")
    announce(here, told.append)
    assert "is damaged" in told[2]
    assert len(told) == 5, "rather twice than never"


@pytest.mark.slow
def test_killed_at_any_point_each_event_is_there_once(prefect_server, here):
    """`kill -9` around the moment when the server has the events and the project does not know it yet."""
    from prefect.settings import PREFECT_API_URL

    wanted = {f"batch {number}" for number in range(20)}
    for reason in sorted(wanted):
        decisions.record("hold", reason=reason)
    script = "import pathlib, flows._outbox as o; print('go', flush=True); o.announce(pathlib.Path(), print)"
    environment = {
        **os.environ,
        "PREFECT_API_URL": PREFECT_API_URL.value(),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    for nth in range(20):
        (here / "state/outbox.json").unlink(missing_ok=True)  # as if it had never come that far
        process = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.3 * nth)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if (here / "state/outbox.json").exists():
            break
    announce(here, print)
    assert json.loads((here / "state/outbox.json").read_text())["offset"] == decisions.log_file().stat().st_size
    deadline = time.monotonic() + 30
    while set(found := held_on_server()) != wanted and time.monotonic() < deadline:
        time.sleep(0.3)
    assert sorted(found) == sorted(wanted)


def held_on_server() -> list[str]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as server:
        asked = {"filter": {"event": {"name": ["labelmill.batch.held"]}}, "limit": 50}
        events = server.request("POST", "/events/filter", json=asked).json()["events"]
    return [event["payload"]["reason"] for event in events if event["payload"]["reason"].startswith("batch")]
