"""Folders of mails and mbox files."""

import os

import pytest

from labelmill.errors import DataError
from labelmill.sources.generated import mail_rows, render
from labelmill.sources.mail_files import mail_id, read_mails


@pytest.fixture
def raws():
    rows, _ = mail_rows(6, seed=1)
    return [render(row) for row in rows]


def test_a_folder_of_mails(tmp_path, params_for, raws):
    for name, raw in zip(
        ("ham/1.eml", "ham/2", "spam/1.eml", "box.mbox"), [*raws[:3], b"\n".join(raws[3:])], strict=True
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    intake = read_mails(params_for(source="mail", path=str(tmp_path), label_column="folder"))
    gold = dict(zip(intake.frame["id"], intake.gold.tolist(), strict=True))
    assert gold[mail_id(raws[0])] == gold[mail_id(raws[1])] == 0
    assert gold[mail_id(raws[2])] == 1
    assert len(gold) == 6
    assert sorted(gold.values()) == [-1, -1, -1, 0, 0, 1]
    assert dict(zip(intake.frame["id"], intake.provenance["group"], strict=True))[mail_id(raws[2])] == "spam"


def test_an_mbox_is_split_at_its_from_lines_only(tmp_path, params_for, raws):
    body = b"From a@b.example  Mon Jan 01 10:00:00 2024\nSubject: x\n\nHello\n"
    body += b">From here on it is quoted\n>>From there twice\n\nFrom time to time this starts a line\n"
    (tmp_path / "box").write_bytes(body + b"\n" + raws[1])
    intake = read_mails(params_for(source="mail", path=str(tmp_path / "box")))
    assert len(intake.frame) == 2
    text = intake.frame["text"][0]
    assert "\nFrom here on it is quoted\n>From there twice\n\nFrom time to time" in text
    line_of_second = body.count(b"\n") + 2
    assert intake.provenance["source"][1] == f"{tmp_path / 'box'}:{line_of_second}"


def test_what_is_no_mail_is_rejected_by_name(tmp_path, params_for, raws):
    (tmp_path / "ok.eml").write_bytes(raws[0])
    (tmp_path / "photo.eml").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    (tmp_path / "empty.eml").touch()
    (tmp_path / "huge.eml").write_bytes(raws[1] + b"x" * 2_000_000)
    (tmp_path / "box.mbox").write_bytes(raws[2] + b"x" * 2_000_000 + b"\n\n" + raws[3])
    intake = read_mails(params_for(source="mail", path=str(tmp_path), max_row_mb=1))
    assert intake.frame["id"].tolist() == [mail_id(raws[3]), mail_id(raws[0])]
    reasons = {os.path.basename(source): reason for source, reason in intake.rejected.itertuples(index=False)}  # noqa: PTH119
    assert reasons == {
        "photo.eml": "is no mail: it does not begin with a header",
        "empty.eml": "is empty",
        "huge.eml": "larger than ingest.max_row_mb = 1 MB",
        "box.mbox:1": "larger than ingest.max_row_mb = 1 MB",
    }


def test_nothing_readable_is_a_named_error(tmp_path, params_for):
    (tmp_path / "a.eml").write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match=r"no readable mail.*a\.eml"):
        read_mails(params_for(source="mail", path=str(tmp_path)))
    (tmp_path / "a.eml").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.eml.*is empty"):
        read_mails(params_for(source="mail", path=str(tmp_path)))


def test_mails_have_no_label_column(tmp_path, params_for):
    with pytest.raises(DataError, match="Use 'folder'"):
        read_mails(params_for(source="mail", path=str(tmp_path), label_column="label"))


def test_the_id_says_nothing_about_the_place(tmp_path, params_for, raws):
    found = []
    for folder in ("ham", "spam"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.eml").write_bytes(raws[0])
        found += read_mails(params_for(source="mail", path=str(tmp_path / folder))).frame["id"].tolist()
    assert found[0] == found[1]
