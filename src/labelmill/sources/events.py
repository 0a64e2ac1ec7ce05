"""What can happen to a stream of rows, planted on given ones: for tests and figures that need to know the truth.

Each function leaves the frame that it gets as it is and returns another. `rows` says which rows may be touched, such as
`gold == 1`; of these a share is drawn.
"""

import hashlib
import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import Gold

TEXTS = ("subject", "text")


def obfuscate(
    frame: pd.DataFrame,
    words: Sequence[str],
    *,
    share: float,
    rng: np.random.Generator,
    rows: NDArray[np.bool_] | None = None,
    columns: Sequence[str] = TEXTS,
) -> pd.DataFrame:
    """Write words so that no list of words finds them: what a labeling function looks for vanishes.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a"], "text": ["Cheap Viagra here"]})
    >>> obfuscate(frame, ["viagra"], share=1, rng=np.random.default_rng(0), columns=["text"])["text"][0]
    'Cheap V.i.a.g.r.a here'
    """
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})\b", re.IGNORECASE)
    return _changed(frame, columns, _drawn(frame, share, rng, rows), lambda text: pattern.sub(_dotted, text))


def insert(
    frame: pd.DataFrame,
    words: Sequence[str],
    *,
    share: float,
    rng: np.random.Generator,
    rows: NDArray[np.bool_] | None = None,
    column: str = "text",
) -> pd.DataFrame:
    """Add a line of three of these words: what a labeling function looks for appears where it is wrong."""

    def with_line(text: str) -> str:
        return f"{text}\n{' '.join(rng.choice(list(words), size=3)).capitalize()}."

    return _changed(frame, [column], _drawn(frame, share, rng, rows), with_line)


def rewrite(
    frame: pd.DataFrame,
    words: Sequence[str],
    *,
    share: float,
    rng: np.random.Generator,
    rows: NDArray[np.bool_] | None = None,
    columns: Sequence[str] = TEXTS,
) -> pd.DataFrame:
    """Replace a third of all words by these: a topic that was not there before."""

    def on_topic(text: str) -> str:
        return re.sub(
            r"[^\W\d_]+", lambda found: str(rng.choice(list(words))) if rng.random() < 0.34 else found[0], text
        )

    return _changed(frame, columns, _drawn(frame, share, rng, rows), on_topic)


def garble(
    frame: pd.DataFrame,
    *,
    share: float,
    rng: np.random.Generator,
    rows: NDArray[np.bool_] | None = None,
    columns: Sequence[str] = TEXTS,
) -> pd.DataFrame:
    """Replace texts by the signs that are left of one that was decoded wrongly: a broken feed."""

    def wrongly_decoded(text: str) -> str:
        return rng.integers(0x80, 0x100, size=max(len(text) // 4, 1), dtype=np.uint8).tobytes().decode("latin-1")

    return _changed(frame, columns, _drawn(frame, share, rng, rows), wrongly_decoded)


def blank(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    share: float,
    rng: np.random.Generator,
    rows: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Take the values of columns away."""
    drawn = _drawn(frame, share, rng, rows)
    return frame.assign(**{column: frame[column].where(~drawn, None) for column in columns})


def drop_column(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Take a column away: a feed that changed its form."""
    return frame.drop(columns=column)


def reweight(
    frame: pd.DataFrame, gold: Gold, *, share: float, label: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, Gold]:
    """Leave out rows at random until this share of the rest is of class `label`: another class prior.

    Examples
    --------
    >>> frame, gold = pd.DataFrame({"id": list("abcdef")}), np.array([0, 0, 0, 0, 1, 1])
    >>> reweight(frame, gold, share=0.5, label=1, rng=np.random.default_rng(0))[1].tolist()
    [0, 0, 1, 1]
    """
    inside, outside = np.flatnonzero(gold == label), np.flatnonzero(gold != label)
    most = min(len(inside) / share if share else np.inf, len(outside) / (1 - share) if share < 1 else np.inf)
    kept = [rng.choice(inside, int(most * share), False), rng.choice(outside, int(most * (1 - share)), False)]
    places = np.sort(np.concatenate(kept))
    return frame.iloc[places].reset_index(drop=True), gold[places]


def flood(
    frame: pd.DataFrame, gold: Gold, campaign: int, *, share: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, Gold]:
    """Repeat the row at place `campaign` until it is this share of all rows.

    Each copy has an id of its own and, where rows have one, a `sender_address`: they are no exact copies.
    """
    copies = round(share / (1 - share) * len(frame))
    added = frame.iloc[np.full(copies, campaign)].reset_index(drop=True)
    numbers = rng.integers(10**9, size=copies)
    content = "\n".join(map(str, frame.iloc[campaign]))
    added["id"] = [
        hashlib.sha256(f"{number}:{i}:{content}".encode()).hexdigest()[:16] for i, number in enumerate(numbers)
    ]
    if "sender_address" in added:
        domain = str(frame["sender_address"].iloc[campaign]).rpartition("@")[2]
        added["sender_address"] = pd.Series(
            [f"offer{i}.{number}@{domain}" for i, number in enumerate(numbers)], dtype="str"
        )
    whole = pd.concat([frame, added], ignore_index=True)
    return whole, np.concatenate([gold, np.full(copies, gold[campaign])])


def _drawn(
    frame: pd.DataFrame, share: float, rng: np.random.Generator, rows: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    drawn = rng.random(len(frame)) < share
    return drawn if rows is None else drawn & rows


def _changed(
    frame: pd.DataFrame, columns: Sequence[str], rows: NDArray[np.bool_], change: Callable[[str], str]
) -> pd.DataFrame:
    return frame.assign(
        **{
            column: pd.Series(
                [
                    change(text) if here and isinstance(text, str) else text
                    for text, here in zip(frame[column], rows, strict=True)
                ],
                index=frame.index,
                dtype=frame[column].dtype,
            )
            for column in columns
        }
    )


def _dotted(found: "re.Match[str]") -> str:
    return ".".join(found[0].replace(" ", ""))
