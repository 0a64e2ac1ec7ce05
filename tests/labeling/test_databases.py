"""Databases are read through SQLAlchemy; what is secret is never shown."""

import contextlib
import logging
import sqlite3
import traceback

import pytest

from labelmill import lookup_lf
from labelmill.errors import LabelmillError, LFError


@pytest.fixture
def base(tmp_path):
    """A database of hosts."""
    with contextlib.closing(sqlite3.connect(tmp_path / "kb.db")) as connection:
        connection.executescript(
            "create table hosts (host text, verdict integer, seen text);"
            "insert into hosts values ('b', 0, '10:30'), ('a', 1, '10:31');"
        )
    return tmp_path / "kb.db"


def look_up(table, **arguments):
    return lookup_lf("l", table, column="text", **{"query": "select host, verdict from hosts", **arguments})


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"query": "with h as (select * from hosts) select verdict, host from h", "key_column": "host",
         "label_column": "verdict"},
        {"query": "hosts", "key_column": "host", "label_column": "verdict"},
        {"query": "main.hosts", "key_column": "host", "label_column": "verdict"},
        {"query": "select host from hosts where seen = '10:31'", "label": 1},
    ],
)  # fmt: skip
def test_a_query_or_a_table(base, votes_of, arguments):
    assert votes_of(look_up(base, **arguments), ["a", "c"]) == [1, -1]


def test_the_url_of_a_sqlite_file_is_relative_to_the_file_that_calls(base, votes_of):
    (base.parent / "rules.py").write_text(
        "made = lookup_lf('l', 'sqlite:///kb.db', query='select host, verdict from hosts', column='text')"
    )
    scope = {"lookup_lf": lookup_lf}
    exec(compile((base.parent / "rules.py").read_text(), str(base.parent / "rules.py"), "exec"), scope)
    assert votes_of(scope["made"], ["a", "b"]) == [1, 0]


def test_the_whole_url_from_the_environment(base, monkeypatch):
    monkeypatch.setenv("KNOWLEDGE_URL", f"sqlite:///{base}")
    lf = look_up("${KNOWLEDGE_URL}")
    assert lf({"text": "a"}) == 1
    assert lf.provenance[0].source == "${KNOWLEDGE_URL}"
    assert lf.provenance[0].modified_at is None


def test_a_database_is_hashed_by_its_rows_in_any_order(base):
    before = look_up(base)
    with contextlib.closing(sqlite3.connect(base)) as connection:
        connection.executescript(
            "delete from hosts; insert into hosts values ('a', 1, 'x'), ('b', 0, 'y'), ('a', 1, 'z'); vacuum;"
        )
    same = look_up(base)
    assert (same.spec, same.provenance[0].sha256) == (before.spec, before.provenance[0].sha256)
    with contextlib.closing(sqlite3.connect(base)) as connection:
        connection.executescript("update hosts set verdict = 0")
    other = look_up(base)
    assert other.spec != before.spec
    assert other.provenance[0].sha256 != before.provenance[0].sha256


def test_it_is_read_once(base):
    lf = look_up(base)
    base.unlink()
    assert lf({"text": "a"}) == 1


def test_nothing_is_written(base, monkeypatch):
    monkeypatch.setenv("KNOWLEDGE_URL", f"sqlite:///{base.parent}/other.db")
    with pytest.raises(LFError, match="unable to open"):
        look_up("${KNOWLEDGE_URL}")
    with pytest.raises(LFError, match="there is no file"):
        look_up(f"sqlite:///{base.parent}/other.db")
    with pytest.raises(LFError, match="readonly database"):
        look_up(base, query="with h as (select 1) insert into hosts values ('c', 1, '')")
    assert [file.name for file in base.parent.iterdir()] == ["kb.db"]
    assert look_up(base)({"text": "c"}) == -1


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        ("kb.db", {"query": None}, "say with query="),
        ("kb.db", {"query": "drop table hosts"}, "must be the name of a table or a SELECT"),
        ("kb.db", {"query": "host"}, "no such table: host"),
        ("kb.db", {"query": "select * from hosts"}, "must have 1 columns"),
        ("kb.db", {"query": "select null, 1"}, "the table is empty"),
        ("nosuch://host/base", {}, "NoSuchModuleError"),
        ("postgresql://${USER}@host:port/base", {}, "SQLAlchemy"),
    ],
)
def test_what_is_wrong_is_named(base, table, arguments, message):
    with pytest.raises(LFError, match=f"'l'.*{message}"):
        look_up(base if table == "kb.db" else table, **arguments)


SECRETS = {"KB_USER": "anna.karenina", "KB_PASSWORD": "tr0ub4dor/3@x", "KB_HOST": "db.inner.example"}


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://${KB_USER}:${KB_PASSWORD}@${KB_HOST}/x",  # SQLite refuses it, and repeats it
        "nosuch+driver://${KB_USER}:${KB_PASSWORD}@${KB_HOST}/x",
        "postgresql+nosuch://${KB_USER}:${KB_PASSWORD}@${KB_HOST}/x?sslpassword=${KB_PASSWORD}",
        "${KB_URL}",
        "postgresql://${KB_USER}:tr0ub4dor%2F3%40x@host/x",
        "postgresql://ann@host/x?password=tr0ub4dor/3@x",
        "mssql+pyodbc:///?odbc_connect=DRIVER=x;UID=ann;PWD=tr0ub4dor/3@x",
        "postgresql://${KB_USER}:${KB_PASSWORD}@${KB_HOST}/x?password=${NOT_SET}",
    ],
)
def test_no_secret_is_in_any_message_or_log(monkeypatch, caplog, url):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KB_URL", "sqlite://anna.karenina:tr0ub4dor%2F3%40x@db.inner.example/x")
    with caplog.at_level(logging.DEBUG), pytest.raises(LabelmillError) as raised:
        look_up(url)
    said = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(raised.value)
    assert not [secret for secret in (*SECRETS.values(), "tr0ub4dor%2F3%40x") if secret in said.replace(url, "")]
    assert "'l'" in str(raised.value)


def test_a_secret_in_the_url_itself_is_refused_and_not_repeated():
    with pytest.raises(LFError, match="holds a password itself") as raised:
        look_up("postgresql://ann:tr0ub4dor@host/x")
    assert "tr0ub4dor" not in str(raised.value)


def test_a_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("KB_PASSWORD", raising=False)
    with pytest.raises(LFError, match="KB_PASSWORD is not set"):
        look_up("postgresql://ann:${KB_PASSWORD}@host/x")


def test_neither_spec_nor_provenance_holds_what_was_filled_in(base, monkeypatch):
    monkeypatch.setenv("KNOWLEDGE_URL", f"sqlite:///{base}")
    lf = look_up("${KNOWLEDGE_URL}", owner="ann")
    assert str(base) not in repr(vars(lf))
