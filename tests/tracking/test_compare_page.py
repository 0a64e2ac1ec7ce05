"""Two runs side by side in MLflow's own page, as a browser shows it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import quote

import pytest

from labelmill import tracking
from labelmill.tracking import database

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def server(project):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--backend-store-uri", database.tracking_uri()],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert time.monotonic() < deadline and process.poll() is None, "the server did not start"
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_two_runs_compare_well(project, params, results, server, tmp_path):
    results.write_reports(f1=0.8)
    first = tracking.track_run(params)
    results.write_reports(f1=0.9)
    kind = params.fit_label_model.model_copy(update={"kind": "dawid_skene"})
    second = tracking.track_run(params.model_copy(update={"fit_label_model": kind}))
    ids = quote(json.dumps([first, second]))
    shown = page(f"{server}/#/compare-runs?runs={ids}&experiments={quote(json.dumps(['1']))}", tmp_path / "profile")
    assert "Comparing 2 Runs" in shown
    assert "majority_vote-" in shown and "dawid_skene-" in shown
    assert "fit_label_model.kind" in shown
    metrics = re.findall(r">((?:test|train|upstream)/[\w.]+)<", shown)
    assert "test/end_model.balanced_accuracy" in metrics[:3], "what says most is at the top"
    assert ">0.8<" in shown and ">0.9<" in shown


def page(url: str, profile) -> str:
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={profile}",
        "--window-size=1600,2400",
    ]
    done = subprocess.run(
        [str(BROWSER), *options, "--virtual-time-budget=30000", "--dump-dom", url],
        capture_output=True,
        text=True,
        timeout=180,
    )
    return done.stdout
