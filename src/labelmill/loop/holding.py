"""Batches out of the way: training does not see what is held, until it is released."""

import datetime as dt
from pathlib import Path
from typing import Any

from labelmill import paths, storage
from labelmill.errors import DataError, NothingToDoError
from labelmill.quality import decisions
from labelmill.sources import batches


def hold(seq: int, reason: str, *, at: dt.datetime | None = None) -> Path:
    """Move a batch out of the way of training, and record why; one that is held already stays as it is.

    Parameters
    ----------
    seq
        Number of the batch.
    reason
        Why training must not see it.
    at
        When this was decided; now, if absent.

    Raises
    ------
    DataError
        There is no such batch.
    """
    held = paths.HELD / batches.folder_name(seq)
    with batches.changing():
        if not held.is_dir():
            storage.move_folder(batches.find_folder(seq, paths.INCOMING), held)
        if reason_held(seq) is None:  # a crash may have come between the move and the record
            decisions.record("hold", **decisions.decided(at), seq=seq, reason=reason)
    return held


def release(seq: int, *, at: dt.datetime | None = None) -> Path:
    """Let training see a batch that was held.

    Raises
    ------
    NothingToDoError
        It is not held.
    DataError
        There is no such batch, or it was refused when it came.
    CorruptFileError
        A file of it is not what was written.
    """
    place = paths.INCOMING / batches.folder_name(seq)
    with batches.changing():
        if not place.is_dir():
            held = batches.load_batch(seq, batches.find_folder(seq, paths.HELD))
            if held.refused is not None:
                raise DataError(
                    f"{held.folder}: was refused when it came, so it has no scores and training cannot take it. "
                    f"Correct its file and add that again. The reason was:\n{held.refused}"
                )
            batches.verify_batch(held)
            storage.move_folder(held.folder, place)
        elif reason_held(seq) is None:
            raise NothingToDoError(f"{place}: is not held; nothing changed.")
        if reason_held(seq) is not None:
            decisions.record("release", **decisions.decided(at), seq=seq)
    return place


def reason_held(seq: int) -> str | None:
    """Why a batch is held, as the log of decisions has it; None for one that is not held."""
    lines = [line for line in told_of_batches() if line.get("seq") == seq]
    return str(lines[-1]["reason"]) if lines and lines[-1]["kind"] != "release" else None


def told_of_batches() -> list[dict[str, Any]]:
    """Lines of the log of decisions about batches, held, released or refused, in order."""
    return [line for line in decisions.decisions() if line["kind"] in decisions.ABOUT_BATCHES]
