"""`labelmill stage`, `run`, `verify`, `params`."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labelmill.params import Params
from labelmill.stages import TRAINING

OUTSIDE = [
    ["run"],
    ["stage", "ingest"],
    ["params", "--json"],
    ["lfs", "list"],
    ["lfs", "summary"],
    ["lfs", "test", "hello"],
    ["predict", "rows.csv"],
    ["promote", "--first"],
    ["track"],
    ["track", "--check"],
]


@pytest.fixture
def ran(monkeypatch):
    """The stages that were run, none of which does anything."""
    names = []
    monkeypatch.setattr("labelmill.stages.run_stage", lambda name, params: names.append(name))
    return names


@pytest.mark.parametrize("arguments", OUTSIDE, ids=" ".join)
def test_outside_a_project_it_says_so_and_leaves_nothing_behind(labelmill, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    ended = labelmill(*arguments)
    assert ended.code == 2
    assert "error: params.yaml: there is no such file" in ended.err
    assert "labelmill init DIR" in ended.err
    assert not list(tmp_path.iterdir())


class TestRun:
    def test_all_stages_in_order(self, labelmill, new_project, ran):
        ended = labelmill("run")
        assert ended.code == 0
        assert tuple(ran) == TRAINING
        assert str(new_project / "reports/index.html") in ended.out

    def test_some_of_them(self, labelmill, new_project, ran):
        ended = labelmill("run", "--from", "label", "--to", "featurize")
        assert ran == ["label", "fit_label_model", "featurize"]
        assert "index.html" not in ended.out, "the report was not written"

    @pytest.mark.parametrize(
        ("arguments", "hint"),
        [
            (["stage", "lable"], "there is no stage 'lable'. Did you mean 'label'?"),
            (["run", "--to", "fit"], "there is no stage 'fit'. The stages are: ingest, validate"),
            (["run", "--from", "feature"], "Did you mean 'featurize'?"),
            (["run", "--from", "train", "--to", "label"], "stage 'train' comes after 'label'"),
        ],
    )
    def test_a_wrong_stage_gets_a_hint(self, labelmill, new_project, ran, arguments, hint):
        ended = labelmill(*arguments)
        assert ended.code == 2
        assert hint in ended.err
        assert ran == []

    def test_params_are_checked_before_the_first_stage(self, labelmill, new_project, ran):
        file = new_project / "params.yaml"
        file.write_text(file.read_text().replace("model: linear", "modle: linear"))
        ended = labelmill("run")
        assert ended.code == 2
        assert "train.modle: no such key. Did you mean 'model'?" in ended.err
        assert ran == []

    def test_real_stages_leave_their_files(self, labelmill, new_project):
        assert labelmill("run", "--to", "ingest").code == 0
        assert (new_project / "data/ingested/manifest.json").is_file()
        ended = labelmill("verify")
        assert ended.code == 0
        assert "2 folders and 7 single tables are intact" in ended.out

    def test_a_stage_whose_input_is_missing_says_what_to_run(self, labelmill, new_project):
        ended = labelmill("stage", "validate")
        assert ended.code == 7
        assert "reports/metrics/ingest.json: there is no such file" in ended.err
        assert "labelmill run" in ended.err


class TestLock:
    @pytest.mark.parametrize("arguments", [["stage", "ingest"], ["run", "--to", "ingest"]], ids=" ".join)
    def test_a_stage_at_work_elsewhere_is_named(self, labelmill, new_project, ran, arguments):
        lock = new_project / ".cache/locks/ingest.lock"
        lock.parent.mkdir(parents=True)
        lock.write_text('{"pid": 4711, "command": "labelmill stage ingest"}')
        with lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            ended = labelmill(*arguments)
        assert ended.code == 8
        assert "held by process 4711 (labelmill stage ingest)" in ended.err
        assert ran == []

    def test_ctrl_c_ends_with_130_and_frees_the_lock(self, labelmill, new_project):
        file = new_project / "params.yaml"
        file.write_text(file.read_text().replace("rows: 400", "rows: 500000"))
        process = subprocess.Popen(
            [sys.executable, "-m", "labelmill", "run", "--to", "ingest"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A test run in the background of a shell passes on that SIGINT is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            wait_for_owner(new_project / ".cache/locks/ingest.lock", process)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
        assert process.returncode == 130, output
        assert "stopped" in output
        assert "Traceback" not in output
        assert not (new_project / "data/ingested").exists()
        file.write_text(file.read_text().replace("rows: 500000", "rows: 400"))
        assert labelmill("stage", "ingest").code == 0

    def test_lightning_makes_ctrl_c_an_exit_code_of_its_own(self, labelmill, new_project, monkeypatch):
        def interrupted(name, params):
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt:
                sys.exit(1)

        monkeypatch.setattr("labelmill.stages.run_stage", interrupted)
        assert labelmill("stage", "train").code == 130


def test_a_stage_dies_with_the_process_that_called_it(new_project):
    """As under `dvc repro`: kill -9 of the caller must not leave a stage that writes on."""
    file = new_project / "params.yaml"
    file.write_text(file.read_text().replace("rows: 400", "rows: 500000"))
    caller = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys; subprocess.run([sys.executable, '-m', 'labelmill', 'stage', 'ingest'])",
        ],
        env={**os.environ, "DVC_STAGE": "ingest"},
    )
    try:
        stage = wait_for_owner(new_project / ".cache/locks/ingest.lock", caller)
    finally:
        caller.kill()
        caller.wait()
    deadline = time.monotonic() + 10
    while alive(stage):
        assert time.monotonic() < deadline, "the stage outlived its caller"
        time.sleep(0.05)


class TestVerify:
    def test_nothing_stored_yet(self, labelmill, new_project):
        ended = labelmill("verify")
        assert ended.code == 0
        assert "nothing is stored here yet" in ended.out

    @pytest.mark.parametrize("damaged", ["data/ingested/part-00000.parquet", "data/gold/dev.parquet"])
    def test_a_damaged_file_is_named(self, labelmill, new_project, damaged):
        labelmill("stage", "ingest")
        content = bytearray((new_project / damaged).read_bytes())
        content[len(content) // 3] ^= 1
        (new_project / damaged).write_bytes(content)
        ended = labelmill("verify")
        assert ended.code == 7
        assert damaged in ended.err


class TestParams:
    def test_json_is_what_is_in_force(self, labelmill, new_project):
        values = labelmill("params", "--json").json
        assert values["ingest"]["rows"] == 400
        assert values["train"]["learning_rate"] == 0.01, "a default"
        assert values["validate"]["columns"]["text"] == {**values["validate"]["columns"]["text"], "nullable": False}
        Params.model_validate(values)

    def test_schema_knows_every_section(self, labelmill, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        schema = labelmill("params", "--schema").json
        assert set(schema["properties"]) == {field.alias or name for name, field in Params.model_fields.items()}
        assert schema["additionalProperties"] is False

    def test_the_table_tells_values_from_defaults(self, labelmill, new_project):
        table = labelmill("params").out
        assert re.search(r"ingest\.rows\W+400 \(2000\)", table)
        assert re.search(r"task\.hidden_columns\W+\['received_at', 'date_source', 'split'\]", table)
        assert re.search(r"train\.model\W+linear +│", table), "equal to the default"

    def test_without_a_project_it_explains_all_the_same(self, labelmill, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        ended = labelmill("params")
        assert ended.code == 0
        assert "task.name" in ended.out

    def test_the_page_of_the_docs_is_up_to_date(self, labelmill):
        page = Path(__file__).parents[2] / "docs/params.md"
        assert labelmill("params", "--markdown").out == page.read_text(encoding="utf-8"), (
            "run `labelmill params --markdown > docs/params.md`"
        )


def wait_for_owner(lock: Path, process: subprocess.Popen) -> int:
    deadline = time.monotonic() + 30
    while process.poll() is None:
        assert time.monotonic() < deadline
        try:
            return json.loads(lock.read_text())["pid"]
        except (OSError, ValueError):
            time.sleep(0.01)
    raise AssertionError(process.communicate()[0])


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody reaped yet does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
