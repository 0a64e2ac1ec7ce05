"""Tables that live in a database: read once, whole, through SQLAlchemy, and never with a secret in a message."""

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from labelmill.errors import LFError, MissingToolError
from labelmill.labeling.provenance import Provenance, file_provenance
from labelmill.labeling.rows import no_such_column

if TYPE_CHECKING:
    from sqlalchemy import URL, Select, TextClause

Rows = list[tuple[Any, ...]]

_NAME = re.compile(r"\$\{(\w+)\}")
_SECRET = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)


def is_url(source: str | Path) -> bool:
    """Whether a table is named by the URL of a database; `${NAME}` alone stands for a whole one."""
    return isinstance(source, str) and bool(_NAME.fullmatch(source) or "://" in source)


def is_sqlite(path: Path) -> bool:
    """Whether a file is a SQLite database, by its first bytes."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def sqlite_file(url: str) -> str | None:
    """The file that the URL of a SQLite database names."""
    return url.partition(":///")[2].partition("?")[0] or None if re.match(r"sqlite(\+\w+)?:///", url) else None


def read_sqlite(
    source: str | Path, path: Path, *, columns: Sequence[str], query: str | None, lf: str
) -> tuple[Rows, Provenance]:
    """The rows of a SQLite file, which is opened for reading only."""
    import sqlalchemy as sa  # noqa: PLC0415, takes longer to import than all of labeling

    rows = _read(sa.URL.create("sqlite", database=str(path)), str(source), [], columns=columns, query=query, lf=lf)
    return rows, file_provenance(source, path, sha256=_hash(rows))


def read_database(source: str, *, columns: Sequence[str], query: str | None, lf: str) -> tuple[Rows, Provenance]:
    """The rows of any other database; what `${NAME}` stands for is taken from the environment.

    Raises
    ------
    LFError
        A password in the URL itself, a variable that is not set, or whatever the database says, without secrets.
    MissingToolError
        The driver of the database is not installed.
    """
    url, secrets = _url(source, lf=lf)
    rows = _read(url, source, secrets, columns=columns, query=query, lf=lf)
    return rows, Provenance(source, _hash(rows), dt.datetime.now(dt.UTC))


def _url(source: str, *, lf: str) -> tuple["URL", list[str]]:
    """The URL to connect to, and the texts that no message may hold."""
    import sqlalchemy as sa  # noqa: PLC0415, as above

    secrets: list[str] = []

    def fill(text: str) -> str:
        def value(match: re.Match[str]) -> str:
            if (found := os.environ.get(match[1])) is None:
                raise LFError(f"labeling function {lf!r}: {match[0]} is asked for, and {match[1]} is not set.")
            secrets.append(found)
            return found

        return _NAME.sub(value, text)

    try:
        if _NAME.fullmatch(source):
            url = sa.make_url(fill(source))
            parts = [url.password, url.username, url.host, *map(str, url.query.values())]
            return url, [*secrets, *(str(part) for part in parts if part)]
        url = sa.make_url(source)
        if literal := _literal_secret(url):
            raise LFError(
                f"labeling function {lf!r}: the URL of the database holds a {literal} itself. "
                "Put it into an environment variable, and write ${NAME} in its place."
            )
        given = {part: getattr(url, part) for part in ("username", "password", "host", "database")}
        filled: dict[str, Any] = {part: fill(str(value)) for part, value in given.items() if value}
        # Part by part, so that no value needs escaping.
        query = {
            key: fill(value) if isinstance(value, str) else [*map(fill, value)] for key, value in url.query.items()
        }
        url = url.set(**filled, query=query)
    except (sa.exc.ArgumentError, ValueError) as error:
        if isinstance(error, LFError):
            raise
        raise LFError(
            f"labeling function {lf!r}: a table named like a URL must be one that SQLAlchemy knows, such as "
            "'postgresql://${USER}:${PASSWORD}@host/base'; this one cannot be read."
        ) from None
    return url, secrets


def _literal_secret(url: "URL") -> str | None:
    """The name of the part of a URL that is a secret in plain sight."""
    if url.password and not _NAME.fullmatch(str(url.password)):
        return "password"
    for key, value in url.query.items():
        for name, content in [(key, value), *(part.partition("=")[::2] for part in str(value).split(";"))]:
            if content and _SECRET.search(name) and not _NAME.fullmatch(str(content).strip()):
                return name.strip()
    return None


def _read(
    url: "URL", source: str, secrets: Sequence[str], *, columns: Sequence[str], query: str | None, lf: str
) -> Rows:
    import sqlalchemy as sa  # noqa: PLC0415, as above

    statement = _statement(query, columns, source=source, lf=lf)
    try:
        engine = sa.create_engine(_read_only(url), poolclass=sa.NullPool, hide_parameters=True)
        with engine.connect() as connection:
            result = connection.execute(statement)
            names, rows = list(result.keys()), [tuple(row) for row in result]
    except ImportError as error:
        raise MissingToolError(
            f"labeling function {lf!r}: databases of {url.drivername} need the package {error.name!r}. Install it."
        ) from None
    except Exception as error:  # drivers raise what they like; its cause would show what this message hides
        said = str(getattr(error, "orig", None) or error).partition("\n")[0]
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            said = said.replace(secret, "…")
        raise LFError(f"labeling function {lf!r}: {source} cannot be read: {type(error).__name__}: {said}") from None
    for name in columns:
        if name not in names:
            raise LFError(f"labeling function {lf!r}: {source}: {no_such_column(name, names)}")
    places = [names.index(name) for name in columns] or range(len(names))
    by_text = {_text(row): row for row in (tuple(row[place] for place in places) for row in rows)}
    return [by_text[text] for text in sorted(by_text)]


def _read_only(url: "URL") -> "URL":
    """SQLite makes a file that is not there, unless told not to write."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    return url.set(database=f"file:{quote(url.database)}", query={"mode": "ro", "uri": "true"})


def _statement(query: str | None, columns: Sequence[str], *, source: str, lf: str) -> "Select[Any] | TextClause":
    import sqlalchemy as sa  # noqa: PLC0415, as above

    if query is None:
        raise LFError(f"labeling function {lf!r}: {source} is a database; say with query= which table, or a SELECT.")
    if re.match(r"\s*(select|with)\b", query, re.IGNORECASE):
        return sa.text(query.replace(":", r"\:"))  # a colon begins a parameter, and there are none
    if not re.fullmatch(r"(\w+\.)?\w+", query):
        raise LFError(f"labeling function {lf!r}: query must be the name of a table or a SELECT, found {query!r}.")
    schema, _, table = query.rpartition(".")
    chosen: list[Any] = [sa.column(name) for name in columns] or [sa.text("*")]
    return sa.select(*chosen).select_from(sa.table(table, schema=schema or None))


def _hash(rows: Rows) -> str:
    return hashlib.sha256("\n".join(map(_text, rows)).encode()).hexdigest()


def _text(row: tuple[Any, ...]) -> str:
    return json.dumps(row, default=str)
