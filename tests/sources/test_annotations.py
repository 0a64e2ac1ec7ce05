"""The file of labels given by hand: what a line must hold."""

import pytest

from labelmill.errors import DataError
from labelmill.sources.annotations import Annotation, read_annotations

CLASSES = ("ham", "spam")


def test_lines_become_annotations(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(
        '# a comment\n{"id": "x", "label": "spam", "annotator": "me", "time": "2024-01-01", "purpose": "dev"}\n\n'
        '{"id": "y", "label": 0, "purpose": "gate"}\n'
    )
    assert read_annotations(file, CLASSES) == [
        Annotation("x", 1, "dev", f"{file}:2"),
        Annotation("y", 0, "gate", f"{file}:4"),
    ]


def test_no_file_and_an_empty_one_hold_none(tmp_path):
    assert read_annotations(tmp_path / "absent", CLASSES) == []
    (tmp_path / "empty").touch()
    assert read_annotations(tmp_path / "empty", CLASSES) == []


@pytest.mark.parametrize(
    "line",
    [b"x", b"[]", b'{"id": 1, "label": 1, "purpose": "dev"}', b'{"id": "x", "label": 1}', b"\xff\xfe", b"[" * 100_000,
     b'{"id": "x", "label": "eggs", "purpose": "dev"}', b'{"id": "x", "label": null, "purpose": "dev"}',
     b'{"id": "x", "label": 1, "purpose": "test"}', b"x" * 2_000_000],
)  # fmt: skip
def test_a_bad_line_is_named(line, tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"id": "x", "label": 1, "purpose": "dev"}\n' + line + b"\n")
    with pytest.raises(DataError, match=r"a\.jsonl:2: "):
        read_annotations(file, CLASSES)
