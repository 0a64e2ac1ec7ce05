r"""Where words begin and end in texts of any script: RE2's own `\b`, `\w` and `\W` know ASCII only.

Part of a word is a letter, a mark or a number of Unicode, or `_`. Patterns do not say so by `[\pL\pM\pN_]`: that is
hundreds of instructions, and a phrase has room for hundreds of words. Instead a loose pattern is asked first, which is
right on texts of ASCII alone and finds too many of the others. In those of them that it finds, characters beyond ASCII
that are no part of a word are replaced by one of ASCII; so the strict pattern can take all that is left beyond ASCII
for parts of words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.labeling.matching import Match, bytes_of, fires

_NO_PART = r"[^\x00-\x7f\pL\pM\pN"
"""Beyond ASCII and no part of a word, up to what else is none."""
_ASCII_APART = r"\x00-/:-@\[-^`{-\x7f"
_NO_BREAK_SPACE = "\xa0"
"""Stays as it is: `SPACE` knows it."""
_STAND_INS = frozenset(map(chr, (*range(1, 9), *range(14, 28))))
"""Control characters that are no white space."""


@dataclass(frozen=True)
class Ends:
    """What a strict pattern takes for parts of words, and what not.

    Attributes
    ----------
    apart
        What parts words, for use within `[...]`.
    replaced, stand_in
        A pattern of the characters that must be replaced before, and by what.
    """

    apart: str
    replaced: str
    stand_in: str

    @property
    def before(self) -> str:
        """What stands before whole words, and behind them `after`."""
        # Not \b on both sides: around words such as "$$$" or "c++" it would ask for a letter beside them.
        return f"(?:^|[{self.apart}])(?:"

    @property
    def after(self) -> str:
        """What stands behind whole words."""
        return f")(?:[{self.apart}]|$)"

    def around(self, forms: Iterable[str]) -> str:
        """A pattern of any of some forms as whole words."""
        return f"{self.before}{'|'.join(forms)}{self.after}"

    def words_between(self, most: int) -> str:
        """What stands between two words that have up to so many others between them."""
        return f"[{self.apart}]+(?:[^{self.apart}]+[{self.apart}]+){{0,{most}}}"

    def loosened(self, pattern: str, *, between: str | None = None) -> str:
        """The loose pattern for a strict one, of which `between` is a piece."""
        if between is not None:  # not parts and no parts of words at once: RE2 would follow each count of words
            pattern = pattern.replace(between, rf"(?:{between}|\C*[^\x00-\x7f]\C*)")
        return pattern.replace(self.apart, r"\W")

    def prepared(self, texts: pa.Array) -> pa.Array:
        """The texts as strict patterns want them, every character where it was."""
        return pc.replace_substring_regex(texts, pattern=self.replaced, replacement=self.stand_in)


def word_ends(spelled: Iterable[str], *, ignore_case: bool) -> Ends:
    """The ends for patterns that spell these characters: a word may well be "€"."""
    characters = sorted(set().union(*spelled))
    beyond = [character for character in characters if not character.isascii()]
    odd = np.flatnonzero(fires(pa.array(beyond), f"{_NO_PART}]")) if beyond else ()
    own = "".join([_NO_BREAK_SPACE, *(beyond[i] for i in odd)])
    return Ends(
        f"{_ASCII_APART}{own}",
        f"{'(?i)' if ignore_case else ''}{_NO_PART}{own}]",
        min(_STAND_INS.difference(characters), default="\0"),
    )


def match_words(
    patterns: Sequence[str], ends: Ends, *, label: int, ignore_case: bool, between: str | None = None
) -> Match:
    """Vote `label` where any of some strict patterns occurs; for `between` see `Ends.loosened`."""
    loose = [ends.loosened(pattern, between=between) for pattern in patterns]

    def match(texts: pa.Array) -> NDArray[np.int8]:
        votes = np.full(len(texts), ABSTAIN, dtype=np.int8)
        for first, second in zip(loose, patterns, strict=True):
            at = np.flatnonzero(fires(texts, first, ignore_case=ignore_case))
            if not at.size or _is_ascii(texts):
                votes[at] = label
                continue
            found = texts.take(pa.array(at))
            sure = pc.string_is_ascii(found).to_numpy(zero_copy_only=False)
            votes[at[sure]] = label
            if not sure.all():
                asked = ends.prepared(found.filter(pa.array(~sure)))
                votes[at[~sure][fires(asked, second, ignore_case=ignore_case)]] = label
        return votes

    return match


def _is_ascii(texts: pa.Array) -> bool:
    """Whether all of them are of ASCII alone."""
    data, places = bytes_of(texts)
    return bool(data[places[0] : places[-1]].max(initial=0) < 0x80)
