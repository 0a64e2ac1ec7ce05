import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.errors import ExpectationError, NothingToDoError
from labelmill.params import load_params, parse_params
from labelmill.sources.generated import mails
from labelmill.stages import validate

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows() -> pd.DataFrame:
    frame, _ = mails(300, 7)
    frame.insert(1, "split", "train")
    return frame


def ingested(frame: pd.DataFrame, rejected: int = 0) -> None:
    """Write what `ingest` would, in shards of 100 rows."""
    with storage.shard_writer(paths.INGESTED) as write:
        for start in range(0, max(len(frame), 1), 100):
            write(frame.iloc[start : start + 100].reset_index(drop=True))
    sources = [f"inbox/{place:04d}" for place in range(len(frame))]
    storage.write_table(paths.PROVENANCE, pd.DataFrame({"id": frame["id"], "source": sources, "group": None}))
    names = [f"inbox/bad{place}" for place in range(rejected)]
    table = pd.DataFrame({"source": names, "reason": ["binary"] * rejected}, dtype="str")
    storage.write_table(paths.REJECTED, table)
    dev = frame["id"].head(20).reset_index(drop=True)
    storage.write_table(paths.GOLD_DEV, pd.DataFrame({"id": dev, "label": np.zeros(len(dev), dtype=np.int64)}))
    storage.write_json(paths.metrics("ingest"), {"rows": len(frame) + 97, "duplicates": 3})


def params(**limits):
    """The root project's, with dates that fit the generated mails."""
    given = load_params(ROOT / "params.yaml").model_dump(mode="json", by_alias=True)
    given["validate"]["columns"]["received_at"].update(after="2020-01-01", before="2030-01-01")
    given["validate"].update({"min_rows": 100, **limits})
    return parse_params(given)


def hashes() -> dict[str, str]:
    files = [*paths.CLEAN.rglob("*"), paths.QUARANTINE, paths.VALIDATION_PAGE, paths.metrics("validate")]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


def test_root_params_declare_every_column_of_a_mail():
    assert set(load_params(ROOT / "params.yaml").validate_.columns) == set(rows().columns) - {"id", "split"}


def test_bad_rows_go_to_quarantine_and_all_others_to_clean(folder):
    frame = rows()
    frame.loc[150, "text"] = None
    frame.loc[299, "received_at"] = pd.Timestamp("1970-01-01", tz="UTC")
    ingested(frame, rejected=1)
    validate.run(params())

    clean = storage.read_shards(paths.CLEAN)
    pd.testing.assert_frame_equal(clean, frame.drop(index=[150, 299]).reset_index(drop=True))
    quarantine = storage.read_table(paths.QUARANTINE)
    assert list(quarantine["source"]) == ["inbox/bad0", "inbox/0150", "inbox/0299"]
    assert list(quarantine["id"])[1:] == list(frame["id"][[150, 299]])
    assert storage.read_json(paths.metrics("validate")) == {
        "rows": 300,
        "clean_rows": 298,
        "rejected_rows": 1,
        "quarantined_rows": 2,
        "undecoded_share": 0.0,
        "duplicate_share": round(3 / 400, 6),
        "quarantined_share": round(3 / 301, 6),
        "expectations": 71,
        "broken_expectations": 2,
        "stopping_expectations": 0,
        "undeclared_columns": 0,
    }
    assert "inbox/0150" in paths.VALIDATION_PAGE.read_text(encoding="utf-8")


def test_the_same_rows_give_the_same_bytes(folder):
    frame = rows()
    frame.loc[7, "text"] = None
    ingested(frame)
    validate.run(params())
    first = hashes()
    validate.run(params())
    assert hashes() == first
    assert len(first) == 3 + 1 + 3  # shards, their manifest, the files beside


def test_a_stop_leaves_clean_rows_untouched_but_writes_page_and_metrics(folder):
    frame = rows()
    ingested(frame)
    validate.run(params())
    before = storage.folder_hash(paths.CLEAN)
    frame.loc[10:20, "text"] = None
    ingested(frame)
    with pytest.raises(ExpectationError, match=r"validate.max_quarantined_share") as caught:
        validate.run(params())
    text = str(caught.value)
    assert f"{frame['id'][10]} (inbox/0010)" in text
    assert f"{frame['id'][14]} (inbox/0014)" in text
    assert "inbox/0015" not in text
    assert str(paths.VALIDATION_PAGE) in text
    assert storage.folder_hash(paths.CLEAN) == before
    storage.verify_folder(paths.CLEAN)
    assert "Stopped: 1 expectation broken" in paths.VALIDATION_PAGE.read_text(encoding="utf-8")
    assert storage.read_json(paths.metrics("validate"))["stopping_expectations"] == 1
    assert len(storage.read_table(paths.QUARANTINE)) == 11


def test_a_first_run_that_stops_leaves_no_clean_rows(folder):
    ingested(rows().rename(columns={"subject": "Subject"}))
    with pytest.raises(ExpectationError, match=r"nearest name is 'Subject'"):
        validate.run(params())
    assert not paths.CLEAN.exists()
    assert sorted(p.name for p in Path("data").iterdir()) == [
        "gold", "ingested", "provenance.parquet", "quarantine.parquet", "rejected.parquet",
    ]  # fmt: skip


def test_an_empty_batch_is_nothing_to_do(folder):
    ingested(rows()[:0], rejected=2)
    with pytest.raises(NothingToDoError, match=r"nothing to do.*2 more were rejected"):
        validate.run(params())
    assert not paths.CLEAN.exists()
    assert paths.VALIDATION_PAGE.exists()


def test_the_stage_names_its_files():
    assert paths.GOLD_DEV in validate.READS
    assert not {paths.GOLD_TRAIN, paths.GOLD_GATE, paths.GOLD_TEST} & set(validate.READS)
    assert set(validate.WRITES) == {paths.CLEAN, paths.QUARANTINE, paths.VALIDATION_PAGE, paths.metrics("validate")}
