import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labelmill import paths, storage, tracking
from labelmill.errors import BusyError, TrackingError
from labelmill.tracking import database


def test_a_relative_database_lies_in_the_project(project):
    assert database.tracking_uri() == f"sqlite:///{project}/mlflow.db"
    assert database.artifact_folder() == project / "mlartifacts"


def test_env_file_and_environment_say_where_mlflow_is(project, monkeypatch):
    storage.write_text(Path(".env"), "LABELMILL_MLFLOW_URI=sqlite:////srv/runs.db\n")
    assert database.tracking_uri() == "sqlite:////srv/runs.db"
    monkeypatch.setenv("LABELMILL_MLFLOW_URI", "http://tracker.example:5000")
    assert database.tracking_uri() == "http://tracker.example:5000"
    assert database.database_file() is None and database.artifact_folder() is None


@pytest.mark.parametrize("copy", ["standalone/tmp1a2b", "tmp3c4d"])
@pytest.mark.parametrize("nested", ["", "examples/toy"])
def test_an_experiment_in_a_copy_logs_to_the_main_work_tree(tmp_path, monkeypatch, copy, nested):
    main = tmp_path / "main"
    (main / ".git").mkdir(parents=True)
    folder = main / ".dvc/tmp/exps" / copy / nested
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert paths.main_project() == main / nested
    assert database.database_file() == main / nested / "mlflow.db"


def test_a_dvc_project_inside_a_git_repository_has_its_copies_below_itself(tmp_path):
    (tmp_path / ".git").mkdir()
    copy = tmp_path / "mails/.dvc/tmp/exps/tmp1a2b/mails"
    assert paths.main_project(copy) == tmp_path / "mails"
    assert paths.main_project(tmp_path / "mails") == tmp_path / "mails"


SAY_WHERE = (
    "from pathlib import Path\n"
    "from labelmill.tracking import database\n"
    "Path('where.txt').write_text(f'{database.database_file()} {Path.cwd()}')\n"
)
PIPELINE = "stages: {say: {cmd: python say.py, params: [n], outs: [where.txt]}}\n"


@pytest.mark.slow
def test_dvc_really_puts_its_copies_where_we_look(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    for path, text in (("say.py", SAY_WHERE), ("dvc.yaml", PIPELINE), ("params.yaml", "n: 1\n")):
        Path(path).write_text(text)
    for command in (
        "git init -q",
        "git config user.name t",
        "git config user.email t@example.org",
        "dvc init -q",
        "git add .",
        "git commit -qm start",
        "dvc exp run --temp -S n=2 --name other -q",
        "dvc exp apply other -q",
    ):
        subprocess.run(command.split(), check=True, capture_output=True, timeout=120)
    database_file, ran_in = Path("where.txt").read_text().split()
    assert "/.dvc/tmp/exps/" in ran_in
    assert database_file == str(tmp_path / "mlflow.db")


def test_a_damaged_database_is_named_at_once(project, params):
    Path("mlflow.db").write_bytes(b"no database at all" * 100)
    started = time.monotonic()
    with pytest.raises(TrackingError, match=r"mlflow\.db: is a damaged database .* --rebuild"):
        tracking.track_run(params)
    assert time.monotonic() - started < 5
    assert list((project / paths.RUNS).glob("*.json")), "the record is kept"


def test_a_server_that_is_not_there_costs_nothing_but_the_logging(project, params, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("LABELMILL_MLFLOW_URI", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError, match="results are safe in files") as caught:
        tracking.track_run(params)
    assert caught.value.exit_code == 11
    assert not paths.TRACKED.exists()
    monkeypatch.delenv("LABELMILL_MLFLOW_URI")
    assert tracking.track_run(params), "later, the same call logs the run"


def test_a_password_is_in_no_message(project, monkeypatch):
    monkeypatch.setenv("LABELMILL_MLFLOW_URI", "postgresql://me:secret@db.example/mlflow")
    message = str(database.unreachable("no route"))
    assert "secret" not in message and "db.example" in message


def test_one_process_logs_at_a_time(project, params, monkeypatch):
    monkeypatch.setattr(database, "_WAIT_S", 0.1)
    with storage.exclusive(project / ".cache/locks/mlflow.lock"), pytest.raises(BusyError):
        tracking.track_run(params)


@pytest.mark.slow
def test_processes_that_meet_at_a_new_database_all_get_through(tmp_path):
    code = "from labelmill.tracking import database\nwith database.connected() as c: database.experiment_id(c, 'toy')"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in started]
    assert ended == [("", 0)] * 3, "and nothing of MLflow's own talk reaches the user"


@pytest.mark.slow
def test_a_kill_while_the_tables_are_made_leaves_nothing_in_the_way(tmp_path):
    code = "from labelmill.tracking import database\nwith database.connected() as c: database.experiment_id(c, 'toy')"
    command = [sys.executable, "-c", code]
    unfinished = tmp_path / ".cache" / "new_mlflow.db"
    first = subprocess.Popen(command, cwd=tmp_path)
    while not (unfinished.exists() and unfinished.stat().st_size):
        assert first.poll() is None
        time.sleep(0.01)
    time.sleep(0.1)  # amid the steps
    first.kill()
    first.wait()
    assert not (tmp_path / "mlflow.db").exists()
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    assert not unfinished.exists()
    assert (tmp_path / "mlflow.db").exists()


def test_importing_the_package_does_not_load_mlflow():
    code = "import sys, labelmill.tracking, labelmill.stages.track; sys.exit('mlflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
