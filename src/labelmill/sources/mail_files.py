"""Raw mails from a folder of files, or from an mbox file."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from labelmill.arrays import UNKNOWN
from labelmill.errors import DataError
from labelmill.params import Params
from labelmill.progress import progress
from labelmill.sources.files import find_files, lines, open_checked, read_whole
from labelmill.sources.intake import Intake, provenance, rejections
from labelmill.sources.mail import looks_like_mail, mail_frame, parse_mail

SAME_COLUMNS: Final = ("sender_address", "subject", "text", "attachments")
"""Mails that agree in these are copies of one another; their dates and routes may differ."""

FOLDER: Final = "folder"
"""As `ingest.label_column`: the name of the folder that a mail lies in is its class, where it is one."""

_FROM_LINE = re.compile(rb"From \S.*\d{4}\s*$")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_PIECE_BYTES = 1 << 20


def mail_id(raw: bytes) -> str:
    """The identity of a mail: a hash of its bytes, which says nothing about where it was found."""
    return hashlib.sha256(raw).hexdigest()[:16]


def read_mails(params: Params) -> Intake:
    """All mails at `ingest.path`: the files of a folder, one mail each (those ending in .mbox hold many), or an mbox.

    Raises
    ------
    DataError
        Nothing can be read there.
    """
    ingest, classes = params.ingest, params.task.classes
    if ingest.label_column not in (None, FOLDER):
        raise DataError(
            f"params.yaml: ingest.label_column is {ingest.label_column!r}, but mails have no such column. "
            f"Use {FOLDER!r} where folders are named after classes, else leave it out."
        )
    max_bytes = int(ingest.max_row_mb * 1e6)
    rows: list[dict[str, Any]] = []
    sources, groups, gold = [], [], []
    rejected: list[tuple[str, str]] = []
    files = find_files(ingest.path, ("",))
    for file in progress(files, "reading mails"):
        if file.stat().st_size == 0:
            rejected.append((str(file), "is empty"))
            continue
        group = file.parent.name
        for source, raw in _raw_mails(file, max_bytes, is_mbox=_is_mbox(file, ingest.path)):
            if raw is None:
                rejected.append((source, f"larger than ingest.max_row_mb = {ingest.max_row_mb:g} MB"))
            elif not looks_like_mail(raw):
                rejected.append((source, "is no mail: it does not begin with a header"))
            else:
                rows.append({"id": mail_id(raw), **parse_mail(raw)})
                sources.append(source)
                groups.append(group)
                gold.append(classes.index(group) if ingest.label_column and group in classes else UNKNOWN)
    if not rows:
        source, reason = rejected[0]
        raise DataError(
            f"{ingest.path}: no readable mail; the first of {len(rejected):,} rejected: {source}: {reason}."
        )
    return Intake(
        mail_frame(rows),
        np.array(gold, dtype=np.int64),
        provenance(sources, groups),
        rejections(rejected),
        SAME_COLUMNS,
    )


def _is_mbox(file: Path, path: str | None) -> bool:
    return file.suffix.lower() == ".mbox" or (str(file) == str(Path(path or "")) and file.suffix.lower() != ".eml")


def _raw_mails(file: Path, max_bytes: int, *, is_mbox: bool) -> Iterator[tuple[str, bytes | None]]:
    """Yield (source, bytes) of each mail; None for one that is too large."""
    with open_checked(file) as stream:
        if not is_mbox:
            yield str(file), read_whole(stream, max_bytes)
            return
        kept: list[bytes] = []
        start, size, after_blank = 1, 0, True
        for number, line in lines(stream, _PIECE_BYTES):
            if line is not None and after_blank and _FROM_LINE.match(line) and (kept or size):
                yield f"{file}:{start}", _unquoted(kept) if size <= max_bytes else None
                start, size, kept = number, 0, []
            size += _PIECE_BYTES if line is None else len(line)
            if size <= max_bytes and line is not None:
                kept.append(line)
            after_blank = line is not None and not line.strip(b"\r\n")
        yield f"{file}:{start}", _unquoted(kept) if size <= max_bytes else None


def _unquoted(pieces: list[bytes]) -> bytes:
    return _QUOTED_FROM.sub(rb"\1", b"".join(pieces))
