"""Input files that are broken in one way each, and what must come of each."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from labelmill.sources.generated import mail_rows, mails, render

Rows = list[dict[str, Any]]

_COLUMNS = ["id", "received_at", "subject", "text", "sender_domain", "list_id", "is_reply"]


class Case(NamedTuple):
    """A broken input; what the command says and its exit code; where the bad row must be, if the run goes on."""

    name: str
    file: str
    content: Callable[[], bytes | str]
    says: tuple[str, ...] = ()
    code: int = 3
    aside: str | None = None

    @property
    def source(self) -> str:
        kind = self.file.split(".")[1]
        return "mail" if kind in ("eml", "mbox") else kind

    def write(self, folder: Path) -> Path:
        """Write it, a single mail among good ones; return what `ingest.path` must say."""
        data = self.content()
        place = folder / "mails" if self.file.endswith(".eml") else folder
        place.mkdir(exist_ok=True)
        (place / self.file).write_bytes(data.encode() if isinstance(data, str) else data)
        if place == folder:
            return folder / self.file
        for number, row in enumerate(mail_rows(400, seed=5)[0]):
            (place / f"{number:04}.eml").write_bytes(render(row))
        return place


def good(place: int | None = None, **values: Any) -> Rows:
    """400 rows that pass; the one at `place` with other values."""
    frame, gold = mails(400, seed=5)
    frame = frame[_COLUMNS].assign(received_at=frame["received_at"].astype(str))
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for row, number in zip(rows, gold, strict=True):
        row["label"] = ("ham", "spam")[number]
        row["text"] = row["text"].replace("\n", " ")
    if place is not None:
        rows[place].update(values)
    return rows


def as_csv(rows: Rows) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_jsonl(rows: Rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_parquet(rows: Rows) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer, write_page_checksum=True)
    return buffer.getvalue()


def without_text_column() -> str:
    return as_csv([{"txet" if key == "text" else key: value for key, value in row.items()} for row in good()])


def some_bad_dates() -> str:
    return as_csv([{**row, "received_at": "soon"} if n % 10 == 0 else row for n, row in enumerate(good())])


def surplus_field() -> str:
    lines = as_csv(good()).splitlines()
    lines[5] += ",surplus"
    return "\n".join(lines)


def long_line() -> str:
    return as_jsonl(good()) + json.dumps({"text": "x" * 50_000_000})


def flipped_byte() -> bytes:
    data = bytearray(as_parquet(good()))
    data[len(data) // 3] ^= 0xFF
    return bytes(data)


NOISE = bytes(range(256)) * 100

CASES = (
    Case("empty file", "rows.csv", bytes, ("rows.csv: is empty",)),
    Case("header only", "rows.csv", lambda: as_csv(good()).splitlines()[0], ("rows.csv: there is no row",), code=13),
    Case("wrong columns", "rows.csv", without_text_column, ("rows.csv: there is no column 'text'", "mean 'txet'?")),
    Case("binary", "rows.csv", lambda: NOISE, ("rows.csv:1: is no CSV header",)),
    Case("UTF-16", "rows.csv", lambda: as_csv(good()).encode("utf-16"), ("rows.csv: is UTF-16", "iconv")),
    Case("open quote", "rows.csv", lambda: as_csv(good()) + 'x,"no end\n', ("rows.csv:402: a quote that opens here",)),
    Case("bad date in a row", "rows.csv", lambda: as_csv(good(7, received_at="soon")), code=0, aside="rejected"),
    Case("bad dates in a tenth", "rows.csv", some_bad_dates, ("rows.csv:", "'soon'", "validate.max_quarantined_share")),
    Case("one id, two rows", "rows.csv", lambda: as_csv(good(9, id=good()[3]["id"])), ("rows.csv:5", "rows.csv:11")),
    Case("no such class", "rows.csv", lambda: as_csv(good(11, label="spma")), ("rows.csv:13", "'spma'", "'spam']")),
    Case("field too many", "rows.csv", surplus_field, code=0, aside="rejected"),
    Case(
        "truncated gzip", "rows.csv.gz", lambda: gzip.compress(as_csv(good()).encode())[:-999], ("rows.csv.gz: cannot",)
    ),
    Case("50 MB line", "rows.jsonl", long_line, code=0, aside="rejected"),
    Case("truncated JSONL", "rows.jsonl", lambda: as_jsonl(good())[:-40], code=0, aside="rejected"),
    Case(
        "wrong type in a row",
        "rows.jsonl",
        lambda: as_jsonl(good(3, is_reply="maybe")),
        ("is_reply", "'maybe'", "rows.jsonl:4"),
    ),
    Case("row without text", "rows.jsonl", lambda: as_jsonl(good(3, text=None)), code=0, aside="quarantine"),
    Case("truncated Parquet", "rows.parquet", lambda: as_parquet(good())[:-999], ("rows.parquet: is no Parquet file",)),
    Case("bit rot in Parquet", "rows.parquet", flipped_byte, ("rows.parquet: cannot be read", "page")),
    Case("binary among mails", "noise.eml", lambda: NOISE, code=0, aside="rejected"),
    Case("no mail in the mbox", "box.mbox", lambda: NOISE, ("box.mbox:1: is no mail",)),
)
