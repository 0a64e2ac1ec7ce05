"""How many challengers of a champion were refused before: who tries often enough passes by chance."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

CONFIDENCE: Final = 0.95
"""What is asked of the first challenger."""


def refusals(
    lines: Iterable[Mapping[str, Any]], champion_seq: int, *, sha256: str, rows: int, gold_sha256: str | None
) -> int:
    """How many others were refused beside a champion on more than half of so many rows.

    Much new gold makes a new test of it. The same model on the same gold is no other: who asks again is told the same.

    Parameters
    ----------
    lines
        The log of decisions.
    champion_seq
        Number of the champion.
    sha256
        The challenger that is to be judged now.
    rows
        How many rows it is judged on.
    gold_sha256
        The hash of the gate gold; None where weak labels decide, since there is no gold.

    Examples
    --------
    >>> numbers = {"gate": {"n": 300, "gold_sha256": "g"}}
    >>> line = {"kind": "refusal", "expected_seq": 1, "sha256": "a", "numbers": numbers}
    >>> [refusals([line], 1, sha256=model, rows=400, gold_sha256="g") for model in ("a", "b")]
    [0, 1]
    >>> refusals([line], 1, sha256="b", rows=600, gold_sha256="h")
    0
    """
    tried = set()
    for line in lines:
        if line.get("kind") == "refusal" and line.get("expected_seq") == champion_seq:
            numbers = line.get("numbers") or {}
            ground = numbers.get("gate" if gold_sha256 else "window", {})
            decided = gold_sha256 is not None or numbers.get("judged_by") == "window"
            if decided and 2 * ground.get("n", 0) > rows:
                tried.add((line["sha256"], ground.get("gold_sha256")))
    return len(tried - {(sha256, gold_sha256)})


def confidence(refusals: int) -> float:
    """The confidence that is asked for after so many refusals on the same gold.

    Examples
    --------
    >>> [percent(confidence(refusals)) for refusals in (0, 1, 10, 100)]
    ['95 %', '98.75 %', '99.9587 %', '99.9995 %']
    """
    return 1 - (1 - CONFIDENCE) / (1 + refusals) ** 2


def counted(refusals: int) -> str:
    """So many refusals, in words."""
    return f"{refusals} refusal{'s' * (refusals != 1)}"


def percent(share: float) -> str:
    """A confidence, as people read it."""
    return f"{100 * share:.6g} %"
