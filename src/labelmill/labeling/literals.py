"""What a text must have for a pattern to be found in it: a cheap sign to look for before RE2 is asked.

Every step errs on one side: texts may be looked at in vain, none with a match is passed over. A pattern with a
construct that is not known here has no sign at all. The idea is that of Google Code Search (Cox, *Regular Expression
Matching with a Trigram Index*, 2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from labelmill.labeling.patterns import WORD, PatternReader, UnknownError, worth

_FOLDS_TO_ASCII = {0x17F: "s", 0x212A: "k"}
"""The long s and the Kelvin sign: to RE2, whatever the case, they are the letters, also in texts of ASCII alone."""


@dataclass(frozen=True)
class Literals:
    """The signs of one rule.

    Attributes
    ----------
    texts
        Wherever the rule fires there is one of these, capitals and small letters of ASCII being the same.
    decides
        Whether that is enough for it to fire.
    spelled
        Whether it is enough only where the text is just as `texts` have it, capitals and white space too.
    loose_space
        Whether white space within `texts` stands for any white space.
    left, right
        Whether it counts only where no character of `WORD` touches it there.
    any_script
        Whether letters, marks and numbers beyond ASCII must not touch it either.
    unread
        Whether texts beyond ASCII may have other signs than these.
    """

    texts: tuple[str, ...]
    decides: bool = False
    spelled: bool = False
    loose_space: bool = False
    left: bool = False
    right: bool = False
    any_script: bool = False
    unread: bool = False

    @property
    def size(self) -> int:
        """Bytes of all signs."""
        return sum(len(text.encode()) for text in self.texts)


def literals(pattern: str, *, ignore_case: bool = False) -> Literals | None:
    """The signs of a valid RE2 pattern; None where it has none that are worth a look.

    Examples
    --------
    >>> literals("https?://|www[.]").texts
    ('http://', 'https://', 'www.')
    >>> literals(r"[$] ?\\d+ (million|billion)").texts
    (' billion', ' million')
    >>> literals(r"\\d+%|\\w+") is None
    True
    """
    if pattern.startswith("(?i)"):
        pattern, ignore_case = pattern[4:], True
    inner, left, right = _without_word_ends(pattern)
    for body, ends in ((inner, True), (pattern, False)):
        reader = PatternReader(body, ignore_case=ignore_case)
        try:
            found = reader.read()
        except UnknownError:
            return None
        if not ends or not reader.alternatives:
            break
    texts = found.exact if found.exact is not None and worth(found.exact) else found.needed
    if texts is None or not worth(texts):
        return None
    decides = texts is found.exact and not found.tied and not (reader.sensitive and reader.blind)
    if ends and left:
        decides = decides and all(text[0] in WORD for text in texts)
    if ends and right:
        decides = decides and all(text[-1] in WORD for text in texts)
    return Literals(
        tuple(sorted(texts)),
        decides=decides,
        spelled=decides and reader.sensitive,
        left=decides and ends and left,
        right=decides and ends and right,
    )


def character_spans(pattern: str, *, ignore_case: bool = False) -> tuple[tuple[int, int], ...] | None:
    """The bytes, from one to another, of which each is a match; None unless it matches single ASCII characters alone.

    Examples
    --------
    >>> character_spans("[!?]"), character_spans("[a-c]", ignore_case=True), character_spans("!!")
    (((33, 33), (63, 63)), ((65, 67), (97, 99)), None)
    """
    reader = PatternReader(pattern, ignore_case=ignore_case)
    try:
        found = reader.read()
    except UnknownError:
        return None
    if found.exact is None or found.tied or (reader.blind and not ignore_case):
        return None
    characters = found.exact | {text.upper() for text in found.exact if ignore_case}
    if not all(len(text) == 1 and text.isascii() for text in characters):
        return None
    codes = sorted(map(ord, characters))
    starts = [code for code in codes if code - 1 not in codes]
    stops = [code for code in codes if code + 1 not in codes]
    return tuple(zip(starts, stops, strict=True))


def word_literals(words: Sequence[str], *, whole_word: bool, ignore_case: bool) -> Literals:
    """The signs of a list of words and phrases, between whose parts any white space may stand."""
    if ignore_case:
        words = [word.translate(_FOLDS_TO_ASCII) for word in words]
    told = [word for word in words if word.isascii() or not ignore_case]
    return Literals(
        tuple(told),
        # Pieces of several words would have to be spelled one by one.
        decides=ignore_case or not any(" " in word for word in told),
        spelled=not ignore_case,
        loose_space=ignore_case,
        left=whole_word,
        right=whole_word,
        any_script=whole_word,
        unread=len(told) < len(words),
    )


def _without_word_ends(pattern: str) -> tuple[str, bool, bool]:
    """The pattern without `\\b` at its ends, and at which it had one."""
    left = pattern.startswith(r"\b")
    body = pattern[2:] if left else pattern
    right = body.endswith(r"\b") and (len(body) - len(body[:-1].rstrip("\\")) - 1) % 2 == 1
    return (body[:-2] if right else body), left, right
