"""`labelmill predict`, `promote`, `track`, `report`, on a finished project."""

import csv
import io
import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from labelmill import paths

pytestmark = pytest.mark.slow

ROWS = [
    {"id": "a1", "subject": "Agenda", "text": "See you at the meeting, the agenda and the minutes are attached."},
    {"id": "007", "subject": "CHEAP PILLS!!!", "text": "Order now, no prescription needed: viagra, cialis, pills."},
]
MAIL = "From: a@b.example\nSubject: Agenda\n\nSee you at the meeting, minutes attached.\n"


@pytest.fixture
def here(project, monkeypatch):
    monkeypatch.chdir(project)
    return project


def write(folder, kind, rows):
    file = folder / f"rows.{kind}"
    if kind == "csv":
        with file.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    elif kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pd.DataFrame(rows).to_parquet(file)
    return file


class TestPredict:
    @pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
    def test_tables_in_their_order_with_their_ids(self, labelmill, here, tmp_path, kind):
        ended = labelmill("predict", write(tmp_path, kind, ROWS))
        assert ended.code == 0, ended.err
        scored = list(csv.DictReader(io.StringIO(ended.out)))
        assert [row["id"] for row in scored] == ["a1", "007"]
        assert [row["pred"] for row in scored] == ["ham", "spam"]
        for row in scored:
            assert float(row["p_ham"]) + float(row["p_spam"]) == pytest.approx(1, abs=1e-5)

    def test_one_mail_and_a_folder_of_mails_agree(self, labelmill, here, tmp_path):
        folder = tmp_path / "mails"
        folder.mkdir()
        (folder / "one.eml").write_text(MAIL)
        (folder / "two").write_text(MAIL.replace("minutes attached", "order now, cheap pills"))
        one, both = labelmill("predict", folder / "one.eml", "--json"), labelmill("predict", folder, "--json")
        assert one.code == both.code == 0
        assert one.out.splitlines()[0] == both.out.splitlines()[0]
        assert len(both.out.splitlines()) == 2

    def test_columns_that_the_model_knows_change_the_score(self, labelmill, here, tmp_path):
        plain = labelmill("predict", write(tmp_path, "jsonl", ROWS[:1]), "--json").json
        rows = [{**ROWS[0], "links": ["http://a", "http://b", "http://c"], "has_html": True, "attachments": []}]
        rich = labelmill("predict", write(tmp_path, "jsonl", rows), "--json").json
        assert rich["p_spam"] > plain["p_spam"]

    def test_out_writes_a_file_and_keeps_the_terminal_free(self, labelmill, here, tmp_path):
        file = write(tmp_path, "csv", ROWS)
        ended = labelmill("predict", file, "--out", tmp_path / "scored.csv")
        assert ended.out == ""
        assert f"2 rows written to {tmp_path}/scored.csv" in ended.err
        assert (tmp_path / "scored.csv").read_text() == labelmill("predict", file).out

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("no.csv", None, "no.csv: there is no such file"),
            ("empty.csv", "", "empty.csv: is empty"),
            ("body.csv", "subject,txet\na,b\n", "no column 'text', which task.text_columns in params.yaml names."),
            ("fields.csv", "subject,text\na,b\na,b,c\n", "fields.csv:3: cannot be read: expected 2 fields, found 3"),
            ("two.csv", "subject,text\na,b,c\na,b,c\na,b\n", "two.csv:2: cannot be read, nor can 1 more: expected"),
            ("bad.jsonl", '{"subject": "a", "text": "b"}\nnope\n', "bad.jsonl:2: cannot be read: is not JSON"),
            ("bad.parquet", "PAR1 and then nothing", "bad.parquet: is no Parquet file, or a damaged one"),
            ("bad.eml", "\x00\x01\x02", "bad.eml: no readable mail; the first of 1 rejected"),
        ],
    )
    def test_a_file_that_cannot_be_read_scores_nothing(self, labelmill, here, tmp_path, name, content, message):
        if content is not None:
            (tmp_path / name).write_text(content)
        ended = labelmill("predict", tmp_path / name)
        assert ended.code == 3
        assert message in ended.err
        assert ended.out == ""

    def test_a_header_alone_is_nothing_to_do(self, labelmill, here, tmp_path):
        (tmp_path / "rows.csv").write_text("subject,text\n")
        ended = labelmill("predict", tmp_path / "rows.csv")
        assert ended.code == 13
        assert "rows.csv: there is no row in it" in ended.err

    def test_without_a_champion_it_says_how_to_make_one(self, labelmill, here, tmp_path):
        ended = labelmill("predict", write(tmp_path, "csv", ROWS), "--champion")
        assert ended.code == 9
        assert "labelmill promote --first" in ended.err

    def test_before_training_it_says_what_to_run(self, labelmill, new_project, tmp_path):
        ended = labelmill("predict", write(tmp_path, "csv", ROWS))
        assert ended.code == 7
        assert "Run `labelmill run`" in ended.err

    def test_a_model_of_another_featurizer_is_refused(self, labelmill, here, tmp_path):
        file = here / "params.yaml"
        file.write_text(file.read_text().replace("ngrams: 2", "ngrams: 1"))
        assert labelmill("stage", "featurize").code == 0
        ended = labelmill("predict", write(tmp_path, "csv", ROWS))
        assert ended.code == 6
        assert "featurizer" in ended.err

    def test_a_reader_that_hangs_up_is_no_error(self, here, tmp_path):
        rows = [{**ROWS[0], "id": str(number)} for number in range(5000)]
        read, pipe = os.pipe()
        command = [sys.executable, "-m", "labelmill", "predict", str(write(tmp_path, "csv", rows))]
        process = subprocess.Popen(command, stdout=pipe, stderr=subprocess.PIPE, text=True)
        os.close(pipe)
        os.close(read)
        assert process.communicate(timeout=120)[1] == ""


class TestPromote:
    def test_the_first_champion_scores_as_the_model_did(self, labelmill, here, tmp_path):
        ended = labelmill("promote", "--first")
        assert ended.code == 0, ended.err
        assert "this model is champion:" in ended.out
        assert "beats" in ended.out
        file = write(tmp_path, "csv", ROWS)
        assert labelmill("predict", file, "--champion").out == labelmill("predict", file).out
        again = labelmill("promote", "--first")
        assert again.code == 0
        assert "this model is the champion already, number 1" in again.out

    def test_a_decision_as_json(self, labelmill, here):
        decision = labelmill("promote", "--first", "--json").json
        assert decision["promote"] is True
        assert decision["reasons"]
        assert decision["numbers"]

    def test_one_that_beats_nothing_is_refused_with_reasons(self, labelmill, here):
        file = here / "params.yaml"
        file.write_text(file.read_text().replace("  margin: 0.0", "  margin: 1.0"))
        ended = labelmill("promote", "--first", "--json")
        assert ended.code == 9
        assert ended.json["promote"] is False
        assert "not promoted" in ended.err
        assert not (here / paths.STATE / "champion.json").exists()

    def test_a_challenger_needs_a_champion(self, labelmill, here):
        ended = labelmill("promote")
        assert ended.code == 9
        assert "promote --first" in ended.err


class TestRollback:
    def test_a_challenger_takes_charge_and_is_rolled_back_and_each_step_is_explained(self, labelmill, here):
        assert labelmill("rollback").code == 9
        assert labelmill("explain").code == 3
        assert labelmill("promote", "--first").code == 0
        file = here / "params.yaml"
        # 400 generated mails have few gate rows; the rule must be able to tell.
        file.write_text(
            file.read_text().replace("worst_loss: 0.05", "worst_loss: 0.3").replace("hidden: 64", "hidden: 8")
        )
        retrained = file.read_text().replace("weight_decay: 0.0001", "weight_decay: 0.0002")
        file.write_text(retrained)
        for stage in ("train", "profile"):
            assert labelmill("stage", stage).code == 0
        ended = labelmill("promote", "--json")
        assert ended.code == 0, ended.err
        assert ended.json["numbers"]["gate"]["n"] > 0
        assert ended.json["numbers"]["lf_set_changed"] is False

        ended = labelmill("explain", "last")
        assert "Decision 2 of 2" in ended.out
        assert "champion number 2 was put in charge" in ended.out
        ended = labelmill("rollback", "--reason", "too many false alarms")
        assert ended.code == 0, ended.err
        assert "the model of champion number 1 is in charge again, as number 3" in ended.out
        line = labelmill("explain", "--json").json
        assert (line["kind"], line["reasons"]) == ("rollback", ["too many false alarms"])
        assert "champion number 1 was put in charge" in labelmill("explain", "1").out
        assert "champion number 2 was put in charge" in labelmill("explain", "last", "--kind", "promotion").out
        assert labelmill("explain", "7").code == 2
        ended = labelmill("promote")
        assert ended.code == 9
        assert "was rolled back" in ended.err

    def test_mlflow_that_is_down_is_a_note(self, labelmill, here):
        assert labelmill("promote", "--first").code == 0
        file = here / "params.yaml"
        file.write_text(file.read_text().replace("worst_loss: 0.05", "worst_loss: 0.3"))
        file.write_text(file.read_text().replace("weight_decay: 0.0001", "weight_decay: 0.0002"))
        for stage in ("train", "profile"):
            assert labelmill("stage", stage).code == 0
        assert labelmill("promote").code == 0
        (here / "mlflow.db").write_bytes(b"damaged" * 1000)
        ended = labelmill("rollback")
        assert ended.code == 0
        assert "is in charge again, as number 3" in ended.out
        assert "note: " in ended.err
        assert "track --check" in ended.err


class TestTrack:
    def test_once_per_state(self, labelmill, here):
        first = json.loads((here / paths.TRACKED).read_text())["run_id"]
        assert labelmill("track").out.strip() == f"MLflow run {first}"
        assert labelmill("track").out.strip() == f"MLflow run {first}"

    def test_a_copied_project_must_make_its_database_again(self, labelmill, here):
        copied = labelmill("track", "--check")
        assert copied.code == 1
        assert "was made in another folder" in copied.out
        assert labelmill("track", "--rebuild").code == 0
        ended = labelmill("track", "--check")
        assert ended.code == 0
        assert "MLflow has every run" in ended.out

    def test_a_lost_database_is_noticed_and_made_again(self, labelmill, here):
        (here / "mlflow.db").unlink()
        lost = labelmill("track", "--check")
        assert lost.code == 1
        assert lost.out.strip()
        assert labelmill("track", "--rebuild").code == 0
        assert labelmill("track", "--check").code == 0


class TestReport:
    def test_it_says_where(self, labelmill, here):
        assert labelmill("report").out.strip() == str(here / "reports/index.html")

    @pytest.mark.parametrize("works", [True, False])
    def test_open_asks_the_browser(self, labelmill, here, monkeypatch, works):
        asked = []
        monkeypatch.setattr("webbrowser.open", lambda address: asked.append(address) or works)
        ended = labelmill("report", "--open")
        assert asked == [f"file://{here}/reports/index.html"]
        assert ("no browser" in ended.err) is not works

    def test_before_it_was_written_it_says_what_to_run(self, labelmill, new_project):
        ended = labelmill("report")
        assert ended.code == 7
        assert "Run `labelmill run`" in ended.err
