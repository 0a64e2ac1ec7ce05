import pytest

from labelmill import storage
from labelmill.quality import decisions


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_what_is_new_is_read_from_where_the_last_reader_stopped(tmp_path):
    assert decisions.since(0) == ([], 0)
    first = decisions.record("hold", reason="empty texts")
    found, end = decisions.since(0)
    assert found == [first]
    second = decisions.record("release", reason="no, they are short")
    assert decisions.since(end)[0] == [second]
    assert decisions.since(0, project=tmp_path) == ([first, second], decisions.log_file().stat().st_size)


def test_a_line_that_a_crash_cut_short_waits_and_is_then_passed_over():
    first = decisions.record("hold", reason="empty\u2028texts")
    end = decisions.log_file().stat().st_size
    with decisions.log_file().open("ab") as log:
        log.write(b'{"kind": "hold", "reason": "\xc3')
    assert decisions.since(0) == ([first], end)
    second = decisions.record("hold", reason="again")
    assert decisions.since(end)[0] == [second]
    assert decisions.decisions() == [first, second]


def test_lines_of_the_first_versions_have_a_kind_and_what_is_no_decision_is_passed_over():
    with storage.exclusive(decisions.state() / "decisions.lock"):
        decisions.log_file().write_text('{"promote": true, "seq": 1}\n[1]\n7\n{"promote": false}\n')
    assert [line["kind"] for line in decisions.decisions()] == ["promotion", "refusal"]


def test_a_retrain_is_asked_for_until_a_model_is_judged():
    asked = {"kind": "drift", "action": "retrain", "seq": 1}
    noted = {"kind": "drift", "action": "none", "seq": 2}
    assert decisions.unanswered([]) is None
    assert decisions.unanswered([{"kind": "promotion"}, asked, noted, {"kind": "stale_lf"}]) == asked
    assert decisions.unanswered([asked, {"kind": "refusal"}]) is None
