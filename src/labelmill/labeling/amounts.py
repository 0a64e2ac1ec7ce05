"""What can be counted in a text, and the bounds between which a rule votes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.labeling.matching import Match

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Amount:
    """Something that is counted in a text.

    Attributes
    ----------
    name
        What it is called, of several.
    pattern
        Each match of it counts one, from left to right.
    ignore_case
        Whether capitals and small letters are the same to the pattern.
    others
        What is between them, where that is quicker to find: what is left are single characters that count.
    spans
        The bytes, from one to another, that stand for one each; None where bytes do not tell it.
    words
        Whether bytes tell it as runs between white space.
    beyond_ascii
        Whether bytes tell it for every text, and not for those of ASCII alone.
    """

    name: str
    pattern: str
    ignore_case: bool = False
    others: str | None = None
    spans: tuple[tuple[int, int], ...] | None = None
    words: bool = False
    beyond_ascii: bool = False

    @property
    def told_by_bytes(self) -> bool:
        """Whether bytes tell it at all."""
        return self.words or self.spans is not None

    def of(self, texts: pa.Array) -> Counts:
        """How many each text has; 0 where it is missing."""
        if self.others is None:
            counts = pc.count_substring_regex(texts, pattern=self.pattern, ignore_case=self.ignore_case)
        else:
            counts = pc.utf8_length(
                pc.replace_substring_regex(texts, pattern=self.others, replacement="") if self.others else texts
            )
        return pc.fill_null(counts, 0).to_numpy(zero_copy_only=False).astype(np.int64)


@dataclass(frozen=True)
class Bounds:
    """Between which amounts a rule votes.

    Attributes
    ----------
    amount
        What is counted.
    whole
        Of which its share counts; None where its number does.
    at_least, at_most
        The bounds; None where there is none.
    """

    amount: Amount
    whole: Amount | None
    at_least: float | None
    at_most: float | None

    @property
    def amounts(self) -> Sequence[Amount]:
        """All that has to be counted."""
        return [self.amount] if self.whole is None else [self.amount, self.whole]

    @property
    def told_by_bytes(self) -> bool:
        """Whether bytes tell it."""
        return all(amount.told_by_bytes for amount in self.amounts)

    def hold(self, counts: Sequence[Counts]) -> NDArray[np.bool_]:
        """Whether each text, given its amounts, lies within; a share of nothing never does."""
        value, *rest = counts
        whole = rest[0] if rest else np.ones_like(value)
        inside: NDArray[np.bool_] = whole > 0
        if self.at_least is not None:
            inside &= self.at_least * whole <= value
        if self.at_most is not None:
            inside &= value <= self.at_most * whole
        return inside

    def match(self, *, label: int) -> Match:
        """Vote `label` on the texts within."""

        def match(texts: pa.Array) -> NDArray[np.int8]:
            inside = self.hold([amount.of(texts) for amount in self.amounts])
            inside &= pc.is_valid(texts).to_numpy(zero_copy_only=False)
            return np.where(inside, np.int8(label), np.int8(ABSTAIN))

        return match

    @property
    def about(self) -> str:
        """The bounds in words."""
        parts = [
            f"at {word} {bound:g}"
            for word, bound in (("least", self.at_least), ("most", self.at_most))
            if bound is not None
        ]
        of = f" of {self.whole.name}" if self.whole else ""
        return f"{' and '.join(parts)} {self.amount.name}{of}"
