"""`labelmill drift` as a shell calls it: exit codes, words, JSON, Markdown, and MLflow beside it."""

import sqlite3

import pytest

from labelmill import paths

pytestmark = pytest.mark.slow


@pytest.fixture
def drift(labelmill):
    """Call `labelmill drift`; returns how it ended, which must be with `code`."""

    def call(*options, code=0):
        ended = labelmill("drift", *options)
        assert ended.code == code, ended.err
        return ended

    return call


def test_it_tells_what_it_saw_once_and_ends_with_13_where_nothing_is_new(arrive, trained, drift):
    assert "no batch came since" in drift(code=13).err
    arrive(100, seed=1)
    assert "100 rows of 1 batch wait for more rows: drift.min_rows is 300." in drift(code=13).err
    arrive(seed=2, spam_share=0.6)
    told = drift().out
    assert "Window 2 is not like training: " in told
    assert "600 rows of batches 1 to 2" in told
    assert "shift of the classes spam" in told
    assert "→ A retrain was asked for: served flows start it" in told
    assert f"page: {paths.DRIFT_PAGE.resolve()}" in told
    assert "The last window was 2." in drift(code=13).err
    with sqlite3.connect(trained / "mlflow.db") as database:
        found = database.execute("select step, count(*) from metrics where key = 'votes/uncovered' group by step")
        assert found.fetchall() == [(2, 1)]


def test_json_and_markdown_are_clean(arrive, trained, drift):
    arrive(seed=1)
    found = drift("--json").json
    (window,) = found["windows"]
    assert window["findings"]["layers"]["votes"]["state"] == "stable"
    assert found["waiting"] == {"batches": [], "rows": 0}
    arrive(seed=2)
    (trained / "mlflow.db").write_bytes(b"no database")
    told = drift("--markdown")
    assert "## Window 2 is like training." in told.out
    assert "note: the windows are not in MLflow yet" in told.err
