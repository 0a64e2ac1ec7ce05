import pytest

from labelmill import scoring
from labelmill.params import parse_params

PARAMS = parse_params({"task": {"name": "spam", "classes": ["ham", "spam"]}, "ingest": {"source": "generated"}})


class ReadingError(Exception):
    pass


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rows.csv", "csv"),
        ("ROWS.CSV", "csv"),
        ("rows.csv.gz", "csv"),
        ("rows.tsv", "csv"),
        ("rows.jsonl.gz", "jsonl"),
        ("rows.ndjson", "jsonl"),
        ("rows.parquet", "parquet"),
        ("mail.eml", "mail"),
        ("inbox", "mail"),
    ],
)
def test_the_ending_says_how_a_file_is_read_the_same_as_in_ingest(tmp_path, monkeypatch, name, kind):
    def read(params, **_):
        raise ReadingError(params.ingest.source)

    monkeypatch.setattr(scoring.reading, "read", read)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ReadingError, match=f"^{kind}$"):
        scoring.score(tmp_path / name, PARAMS)
