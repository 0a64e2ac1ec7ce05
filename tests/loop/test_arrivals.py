"""Batches come in: scored before they can train, refused where they are broken, never twice."""

import datetime as dt
import multiprocessing
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, scoring, storage
from labelmill.errors import BusyError, CorruptFileError, DataError, ExpectationError, NothingToDoError
from labelmill.loop import arrivals, holding
from labelmill.params import load_params
from labelmill.quality import decisions
from labelmill.sources import batches
from labelmill.sources.generated import mail_rows, mails, render
from labelmill.sources.intake import Intake, provenance, rejections
from labelmill.sources.mail_files import SAME_COLUMNS
from labelmill.stages import ingest

NOON = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)


def write(file, seed=50, n=60, **columns):
    frame, gold = mails(n, seed, start=dt.date(2024, 6, 25), days=2)
    frame = frame.assign(**columns)
    frame.to_json(file, orient="records", lines=True, date_format="iso")
    return frame, gold


def intake(frame, gold):
    where = provenance([f"row {i}" for i in range(len(frame))])
    return Intake(frame.reset_index(drop=True), gold, where, rejections([]), SAME_COLUMNS)


def test_a_file_becomes_a_batch_with_the_scores_of_the_champion(in_project, params, champion):
    frame, _ = write(in_project / "new.jsonl")
    batch = arrivals.add(in_project / "new.jsonl", params, arrived=NOON)
    assert (batch.seq, batch.rows, batch.arrived, batch.refused) == (1, 60, NOON, None)
    assert batch.sha256 == storage.sha256_file(in_project / "new.jsonl")
    assert batch.champion == {"seq": 1, "sha256": champion.sha256}
    read = batches.read_batch(batch)
    assert sorted(read.frame["id"]) == sorted(frame["id"])
    assert read.frame["received_at"].dtype == frame["received_at"].dtype
    scores = batches.read_scores(batch)
    assert scores["id"].tolist() == read.frame["id"].tolist()
    pd.testing.assert_frame_equal(scores, scoring.score_frame(read.frame, champion=champion).drop(columns="pred"))
    assert scores[["p_ham", "p_spam"]].sum(axis=1).to_numpy() == pytest.approx(1)


def test_rows_that_the_champion_cannot_score_are_refused_and_kept(in_project, params, champion):
    write(in_project / "new.jsonl", links="three")
    with pytest.raises(ExpectationError, match=r"(?s)new\.jsonl: the champion cannot score .*'links'.*held/00001"):
        arrivals.add(in_project / "new.jsonl", params)
    assert [batch.seq for batch in batches.held_batches()] == [1]
    assert batches.list_batches() == []


def test_without_a_champion_a_batch_has_no_scores(in_project, params):
    write(in_project / "new.jsonl")
    batch = arrivals.add(in_project / "new.jsonl", params)
    assert batch.champion is None
    assert not (batch.folder / "scores.parquet").exists()


def test_a_damaged_champion_is_said_and_nothing_is_added(in_project, params, champion):
    write(in_project / "new.jsonl")
    file = champion.folder / "end_model/manifest.json"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(CorruptFileError, match=r"(?s)the champion is damaged.*nothing was added.*promote with --first"):
        arrivals.add(in_project / "new.jsonl", params)
    assert batches.list_batches() == batches.held_batches() == []


def test_gold_in_the_file_is_left_aside_and_changes_no_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = {"task": "{name: t, classes: [ham, spam]}", "ingest": "{source: csv, path: a.csv, label_column: label}"}
    paths.PARAMS.write_text("".join(f"{name}: {value}\n" for name, value in content.items()))
    pd.DataFrame({"text": ["a", "b"], "label": ["ham", "eggs"]}).to_csv("with.csv", index=False)
    pd.DataFrame({"text": ["a", "b"]}).to_csv("without.csv", index=False)
    batch = arrivals.add(tmp_path / "with.csv", load_params())
    rows = batches.read_batch(batch)
    assert list(rows.frame.columns) == ["id", "text"]
    assert (rows.gold == -1).all()
    with pytest.raises(NothingToDoError, match="all 2 rows are known already"):
        arrivals.add(tmp_path / "without.csv", load_params())


class TestNothingNew:
    def test_the_same_file_twice(self, in_project, params):
        write(in_project / "new.jsonl")
        arrivals.add(in_project / "new.jsonl", params, arrived=NOON)
        shutil.copy(in_project / "new.jsonl", in_project / "again.jsonl")
        with pytest.raises(NothingToDoError, match=r"again.jsonl: is batch 1 already .*added 2024-07-01 12:00"):
            arrivals.add(in_project / "again.jsonl", params)
        assert len(batches.list_batches()) == 1

    def test_rows_that_were_ingested_or_came_in_an_earlier_batch(self, in_project, params):
        known = storage.read_shards(paths.INGESTED).drop(columns="split").head(30)
        frame, gold = mails(40, 51)
        arrivals.add_rows(intake(frame, gold), params, name="first")
        mixed = pd.concat([known, frame.head(20), mails(5, 52)[0]], ignore_index=True)
        batch = arrivals.add_rows(intake(mixed, np.full(55, -1)), params, name="second")
        assert (batch.rows, batch.seen_before, batch.copies) == (5, 50, 0)
        with pytest.raises(NothingToDoError, match="third: all 55 rows are known already; nothing was added"):
            arrivals.add_rows(intake(mixed, np.full(55, -1)), params, name="third")

    def test_the_same_file_that_came_while_this_one_was_read(self, in_project, params):
        frame, gold = write(in_project / "new.jsonl")
        arrivals.add(in_project / "new.jsonl", params)
        sha256 = storage.sha256_file(in_project / "new.jsonl")
        with pytest.raises(NothingToDoError, match="again: is batch 1 already"):
            arrivals.add_rows(intake(frame, gold), params, name="again", sha256=sha256)

    def test_rows_that_were_rejected_before_neither_refuse_a_file_nor_come_in_unless_they_were_mended(
        self, in_project, params
    ):
        frame, gold = mails(60, 50)
        frame["id"] = [f"n{i}" for i in range(60)]  # a feed that has ids of its own
        bad = frame.assign(text=frame["text"].where(~frame.index.isin([3, 7])))
        assert arrivals.add_rows(intake(bad, gold), params, name="first").rejected == 2
        with pytest.raises(NothingToDoError, match="all 60 rows are known already"):
            arrivals.add_rows(intake(bad.iloc[::-1], gold), params, name="second")
        mended = frame.assign(text=frame["text"].where(frame.index != 7))
        batch = arrivals.add_rows(intake(mended, gold), params, name="third")
        assert batches.read_ids(batch).tolist() == ["n3"]
        assert (batch.rejected, batch.seen_before) == (0, 59)
        assert batches.held_batches() == decisions.decisions() == []

    def test_a_file_of_which_no_row_is_sound_where_any_share_may_be_rejected(self, in_project, params):
        any_share = {"validate_": params.validate_.model_copy(update={"max_quarantined_share": 1.0})}
        frame, gold = mails(3, 50)
        with pytest.raises(NothingToDoError, match="day: no new row is as section validate expects"):
            arrivals.add_rows(intake(frame.assign(text=None), gold), params.model_copy(update=any_share), name="day")
        assert batches.held_batches() == []

    def test_rows_of_the_stream_are_new(self, in_project, params):
        stream = storage.read_shards(paths.STREAM).drop(columns="split")
        assert arrivals.add_rows(intake(stream, np.full(len(stream), -1)), params, name="s").rows == len(stream) > 50

    def test_rows_of_a_batch_that_is_held(self, in_project, params):
        write(in_project / "new.jsonl")
        holding.hold(arrivals.add(in_project / "new.jsonl", params).seq, "looks odd")
        with pytest.raises(NothingToDoError, match=r"is batch 1 already \(data/held/00001"):
            arrivals.add(in_project / "new.jsonl", params)

    @pytest.mark.parametrize(("name", "content"), [("a.jsonl", b""), ("a.csv", b"text,received_at\n"), ("a.mbox", b"")])
    def test_a_file_without_a_row(self, in_project, params, name, content):
        (in_project / name).write_bytes(content)
        with pytest.raises(NothingToDoError, match=name):
            arrivals.add(in_project / name, params)
        assert batches.list_batches() == batches.held_batches() == decisions.decisions() == []

    def test_a_file_that_is_not_there(self, in_project, params):
        with pytest.raises(DataError, match=r"no\.csv: there is no such file"):
            arrivals.add(in_project / "no.csv", params)
        assert decisions.decisions() == []


class TestIdsOfEarlierRows:
    def frame(self, seed, n):
        return mails(n, seed)[0].assign(id=[str(i) for i in range(n)])

    def add(self, frame, params, name):
        return arrivals.add_rows(intake(frame, np.full(len(frame), -1)), params, name=name)

    def test_ids_that_begin_again_in_each_file_refuse_it(self, in_project, params):
        self.add(self.frame(1, 60), params, "monday")
        reason = r"tuesday: 60 of 80 rows have the id of an earlier row and other texts, the first is '0' \(row 0\)"
        with pytest.raises(ExpectationError, match=rf"{reason}.*make ids unique.*ingest\.id_column"):
            self.add(self.frame(2, 80), params, "tuesday")
        assert [batch.seq for batch in batches.held_batches()] == [2]
        assert len(storage.read_table(paths.HELD / "00002/rejected.parquet")) == 60

    def test_a_few_rows_that_were_edited_are_left_out_counted_and_named(self, in_project, params, caplog):
        source = storage.read_shards(paths.INGESTED).drop(columns="split").head(100)
        edited = source.assign(text=source["text"].where(source.index != 5, "edited since"), is_reply=True)
        new, id_ = mails(20, 9)[0], source["id"][5]
        batch = self.add(pd.concat([edited, new], ignore_index=True), params, "export")
        assert (batch.rows, batch.rejected, batch.seen_before) == (20, 1, 99)
        (line,) = batches.read_batch(batch).rejected.to_dict("records")
        assert (line["id"], line["reason"]) == (id_, "an earlier row has this id and other texts")
        assert (
            f"export: 1 of 120 rows have the id of an earlier row and other texts, the first is '{id_}'" in caplog.text
        )
        with pytest.raises(NothingToDoError, match=r"all 100 rows are known already.*1 of 100 rows have the id"):
            self.add(edited, params, "again")


BROKEN = {
    "column missing": (lambda frame: frame.drop(columns="is_reply"), r"is_reply"),
    "all texts gone": (lambda frame: frame.assign(text=None), r"text"),
    "another type": (lambda frame: frame.assign(is_reply="perhaps"), r"is_reply.*boolean"),
    "no dates": (lambda frame: frame.drop(columns="received_at"), r"received_at"),
    "dates that are none": (lambda frame: frame.assign(received_at="soon"), r"'soon' is no date"),
    "an id twice": (lambda frame: frame.assign(id=["x", *frame["id"][1:-1], "x"]), r"the same id 'x'"),
    "a third without text": (lambda frame: frame.assign(text=frame["text"].where(frame.index % 3 > 0)), r"quarantined"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_feed_is_refused_kept_and_recorded(in_project, params, name):
    change, message = BROKEN[name]
    frame, _ = mails(60, 50)
    change(frame).to_json(in_project / "new.jsonl", orient="records", lines=True, date_format="iso")
    with pytest.raises(ExpectationError, match=rf"(?s){message}.*kept in data/held/00001.*add it again") as error:
        arrivals.add(in_project / "new.jsonl", params, arrived=NOON)
    assert error.value.exit_code == 3
    assert batches.list_batches() == []
    (held,) = batches.held_batches()
    assert held.refused
    batches.verify_batch(held)
    (line,) = decisions.decisions()
    assert (line["kind"], line["seq"], line["at"]) == ("refused_file", 1, "2024-07-01T12:00:00+00:00")
    assert line["reason"] == held.refused
    # The same file again is refused again, and leaves no second copy; mended, it is taken in.
    with pytest.raises(ExpectationError, match="It was refused before"):
        arrivals.add(in_project / "new.jsonl", params)
    assert len(batches.held_batches()) == len(decisions.decisions()) == 1
    frame.to_json(in_project / "new.jsonl", orient="records", lines=True, date_format="iso")
    assert arrivals.add(in_project / "new.jsonl", params).seq == 2


def killed(*line, **project):
    raise KeyboardInterrupt


def test_a_crash_between_a_refusal_and_its_record_is_mended_by_the_same_call(in_project, params, monkeypatch):
    (in_project / "new.parquet").write_bytes(b"PAR1 no")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(decisions, "append", killed)
        arrivals.add(in_project / "new.parquet", params, arrived=NOON)
    for _ in range(2):
        with pytest.raises(ExpectationError, match="It was refused before: data/held/00001"):
            arrivals.add(in_project / "new.parquet", params)
    (line,) = decisions.decisions()
    assert (line["kind"], line["seq"], line["at"]) == ("refused_file", 1, "2024-07-01T12:00:00+00:00")


def test_garbage_is_refused_with_its_reason(in_project, params):
    (in_project / "new.parquet").write_bytes(bytes(range(256)) * 9)
    with pytest.raises(ExpectationError, match=r"new\.parquet.*(?s:.*)data/held/00001"):
        arrivals.add(in_project / "new.parquet", params)
    assert batches.held_batches()[0].rows == 0


def test_what_cannot_be_read_of_a_file_is_told_though_no_row_of_it_is_new(in_project, params):
    frame, _ = mails(20, 50)
    lines = frame.to_json(orient="records", lines=True, date_format="iso")
    (in_project / "new.jsonl").write_text(lines)
    arrivals.add(in_project / "new.jsonl", params)
    (in_project / "cut.jsonl").write_text(lines + '{"id": "x", "te')
    told = r"all 20 rows are known already.*1 more row could not be read, the first: \S+cut\.jsonl:21: is not JSON"
    with pytest.raises(NothingToDoError, match=told):
        arrivals.add(in_project / "cut.jsonl", params)


def test_of_a_damaged_record_of_the_champion_no_rollback_is_advised(in_project, params):
    paths.STATE.mkdir(exist_ok=True)
    (paths.STATE / "champion.json").write_text("{")
    mails(20, 50)[0].to_json(in_project / "new.jsonl", orient="records", lines=True, date_format="iso")
    with pytest.raises(CorruptFileError, match=r"champion\.json.*take it away.*promote --first") as error:
        arrivals.add(in_project / "new.jsonl", params)
    assert "rollback" not in str(error.value)
    assert "dvc repro" not in str(error.value)


def test_a_bad_row_is_left_out_with_its_reason_and_the_others_come_in(in_project, params):
    frame, _ = mails(60, 50)
    frame = frame.assign(text=frame["text"].where(frame.index != 7))
    lines = frame.to_json(orient="records", lines=True, date_format="iso") + "{broken\n"
    (in_project / "new.jsonl").write_text(lines)
    batch = arrivals.add(in_project / "new.jsonl", params)
    assert (batch.rows, batch.rejected) == (59, 2)
    left_out = batches.read_batch(batch).rejected
    assert set(left_out["id"].dropna()) == {frame["id"][7]}
    assert left_out["source"].str.contains("new.jsonl").all()


def test_exact_copies_are_folded_and_counted(in_project, params):
    frame, _ = mails(60, 50)
    copies = frame.head(5).assign(id=[f"copy{i}" for i in range(5)])
    batch = arrivals.add_rows(intake(pd.concat([frame, copies]), np.full(65, -1)), params, name="day")
    assert (batch.rows, batch.copies, batch.seen_before) == (60, 5, 0)


def test_mails_come_in_from_a_folder(in_project, params):
    (in_project / "inbox").mkdir()
    for i, row in enumerate(mail_rows(12, 60)[0]):
        (in_project / f"inbox/{i}.eml").write_bytes(render(row))
    batch = arrivals.add(in_project / "inbox", params)
    assert batch.rows == 12
    with pytest.raises(NothingToDoError, match="is batch 1 already"):
        arrivals.add(in_project / "inbox", params)


def test_a_number_that_was_watched_or_decided_about_is_never_given_again(in_project, params):
    """The watch knows batches by their numbers: it would pass over the new one."""
    write(in_project / "new.jsonl")
    batch = arrivals.add(in_project / "new.jsonl", params)
    storage.write_json(paths.MONITOR / "00001.json", {})
    shutil.rmtree(batch.folder)
    second = arrivals.add(in_project / "new.jsonl", params)
    assert second.seq == 2
    shutil.rmtree(holding.hold(2, "odd"))
    assert arrivals.add(in_project / "new.jsonl", params).seq == 3


class TestHold:
    def test_a_held_batch_does_not_train_until_it_is_released(self, in_project, params):
        write(in_project / "new.jsonl")
        batch = arrivals.add(in_project / "new.jsonl", params)
        holding.hold(batch.seq, "spam trap", at=NOON)
        ids = set(batches.read_ids(batches.held_batches()[0]))
        ingest.run(params)
        assert not ids & set(storage.read_shards(paths.INGESTED)["id"])
        assert holding.reason_held(1) == "spam trap"
        holding.release(batch.seq, at=NOON)
        ingest.run(params)
        assert ids <= set(storage.read_shards(paths.INGESTED)["id"])
        assert holding.reason_held(1) is None
        assert [(line["kind"], line["at"][:10]) for line in decisions.decisions()] == [
            ("hold", "2024-07-01"),
            ("release", "2024-07-01"),
        ]

    def test_twice_is_once(self, in_project, params):
        write(in_project / "new.jsonl")
        arrivals.add(in_project / "new.jsonl", params)
        for _ in range(2):
            holding.hold(1, "odd")
        holding.release(1)
        with pytest.raises(NothingToDoError, match="data/incoming/00001: is not held; nothing changed"):
            holding.release(1)
        assert [line["kind"] for line in decisions.decisions()] == ["hold", "release"]

    def test_a_crash_between_move_and_record_is_mended_by_the_same_call(self, in_project, params):
        write(in_project / "new.jsonl")
        batch = arrivals.add(in_project / "new.jsonl", params)
        storage.move_folder(batch.folder, paths.HELD / batch.name)
        holding.hold(1, "odd")
        assert [line["reason"] for line in decisions.decisions()] == ["odd"]

    def test_nothing_moves_while_a_batch_is_added(self, in_project, params, monkeypatch):
        """Else the number of a batch on its way from one folder to the other would be given again."""
        write(in_project / "new.jsonl")
        arrivals.add(in_project / "new.jsonl", params)
        monkeypatch.setattr(batches, "_WAIT_S", 0.0)
        with batches.adding(), pytest.raises(BusyError):
            holding.hold(1, "odd")
        holding.hold(1, "odd")
        with batches.adding(), pytest.raises(BusyError):
            holding.release(1)

    def test_a_crash_between_release_and_record_is_mended_by_the_same_call(self, in_project, params):
        write(in_project / "new.jsonl")
        batch = arrivals.add(in_project / "new.jsonl", params)
        storage.move_folder(holding.hold(1, "odd"), batch.folder)
        holding.release(1)
        assert [line["kind"] for line in decisions.decisions()] == ["hold", "release"]

    def test_a_refused_batch_is_not_released(self, in_project, params):
        (in_project / "new.parquet").write_bytes(b"PAR1 no")
        with pytest.raises(ExpectationError):
            arrivals.add(in_project / "new.parquet", params)
        with pytest.raises(DataError, match=r"was refused when it came.*The reason was"):
            holding.release(1)

    def test_a_damaged_batch_can_be_held_and_not_released(self, in_project, params):
        write(in_project / "new.jsonl")
        batch = arrivals.add(in_project / "new.jsonl", params)
        file = batch.folder / "part-00000.parquet"
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        with pytest.raises(CorruptFileError, match=r"part-00000.*incoming hold 1"):
            ingest.run(params)
        holding.hold(1, "damaged")
        ingest.run(params)
        with pytest.raises(CorruptFileError, match="part-00000"):
            holding.release(1)

    @pytest.mark.parametrize("name", ["part-00000.parquet", "provenance.parquet", "scores.parquet"])
    def test_the_file_of_a_damaged_batch_is_added_again_as_the_message_says(self, in_project, params, champion, name):
        write(in_project / "new.jsonl")
        batch = arrivals.add(in_project / "new.jsonl", params)
        content = bytearray((batch.folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (batch.folder / name).write_bytes(content)
        holding.hold(1, "damaged")
        again = arrivals.add(in_project / "new.jsonl", params)
        assert (again.seq, again.rows, again.seen_before) == (2, 60, 0)

    def test_also_where_its_rows_are_in_training(self, in_project, params):
        write(in_project / "new.jsonl")
        batch = arrivals.add(in_project / "new.jsonl", params)
        ingest.run(params)
        (batch.folder / "part-00000.parquet").write_bytes(b"PAR1")
        holding.hold(1, "damaged")
        assert arrivals.add(in_project / "new.jsonl", params).rows == 60

    def test_a_number_that_is_not_there(self, in_project):
        for call in (lambda: holding.hold(3, "odd"), lambda: holding.release(3)):
            with pytest.raises(DataError, match="has no batch 3"):
                call()


def adder(seed, files):
    for file in files:
        try:
            arrivals.add(file, load_params())
        except NothingToDoError:
            continue
    os._exit(0)  # at once: what other tests imported has exit hooks that fail in a fork


def test_adders_at_once_take_each_row_in_once(in_project, params):
    files = [in_project / f"{i}.jsonl" for i in range(4)]
    for i, file in enumerate(files):
        write(file, seed=70 + i // 2)  # two and two of them are of the same rows
        file.write_text(file.read_text() + "\n" * i)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=adder, args=(i, files[i:] + files[:i])) for i in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    found = batches.list_batches()
    assert [batch.seq for batch in found] == [1, 2]
    ids = [id_ for batch in found for id_ in batches.read_ids(batch)]
    assert len(ids) == len(set(ids)) == 120
