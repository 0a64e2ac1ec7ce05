"""Words in disguise: v1agra, V*i*a*g*r*a, v i a g r a, viágra, vigara."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Unpack

from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.matching import check_pattern, match_patterns
from labelmill.labeling.tables import read_words
from labelmill.labeling.templates import TemplateLF
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label

LOOKALIKES = {
    "a": "4@àáâãäåāаα",
    "b": "8ßв",
    "c": "(çćčс¢",
    "e": "3€èéêëēеё",
    "g": "9ğ",
    "h": "н",
    "i": "1!|ìíîïīіl",
    "k": "κк",
    "l": "1|!łi",
    "m": "м",
    "n": "ñńñп",
    "o": "0òóôõöøоο",
    "p": "р",
    "s": "5$śšѕ",
    "t": "7+т",
    "u": "ùúûüūµv",
    "v": "ν",
    "x": "х",
    "y": "ýÿу",
    "z": "2žż",
}
"""What stands for a letter: digits and signs that look like it, accents, Cyrillic and Greek twins."""

SHORTEST, SHORTEST_MISSPELLED = 4, 6
"""Letters of a word, at least: shorter ones are found in too many others."""
_SIGNS = r"[^\w\s]{0,2}"
_APART = r"[\W_]{1,3}"


def fuzzy_lf(
    name: str,
    words: Iterable[str] | str | Path,
    *,
    column: str | Sequence[str],
    label: int,
    misspelled: bool = False,
    plain: bool = True,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where a text has one of some words, however it is disguised.

    A letter may be a digit, a sign or a foreign letter that looks like it, and be doubled; signs may stand between
    letters, or something between all of them, white space too. It is found only as a whole word.

    Parameters
    ----------
    name
        Name in the label matrix.
    words
        Single words of at least 4 letters, or a file with one a line, relative to the file that calls.
    column
        The column of texts (or lists of texts) to look in; of several columns any will do.
    label
        The class to vote for.
    misspelled
        Whether in words of at least 6 letters two neighbours may have changed places, or one letter inside be missing.
    plain
        Whether the word as it is counts, too; else only its disguises do.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        A word that is shorter, or more than one word.

    Examples
    --------
    >>> drug = fuzzy_lf("drug", ["viagra"], column="text", label=1, misspelled=True)
    >>> [drug({"text": text}) for text in ("V1AGRA!", "v*i*a*g*r*a", "v i a g r a", "vigara", "Niagara falls")]
    [1, 1, 1, 1, -1]
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    found = [word.lower() for word in read_words(words, lf=name, origin=origin)]
    for word in found:
        if len(word) < SHORTEST or not word.isalpha():
            raise LFError(
                f"labeling function {name!r}: {word!r} is not one word of at least {SHORTEST} letters; shorter ones "
                "look like too many others. Take keyword_lf for it."
            )
    patterns = [_pattern(word, misspelled=misspelled, plain=plain) for word in found]
    for pattern in patterns:
        check_pattern(pattern, lf=name, ignore_case=True)
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec={"kind": "regex", "patterns": patterns, "label": label, "ignore_case": True},
        about=f"words in disguise ({len(found)}): {', '.join(found)}",
        match=match_patterns(patterns, label=label, ignore_case=True),
        upkeep=upkeep,
    )


def _pattern(word: str, *, misspelled: bool, plain: bool) -> str:
    spellings = [word, *(_misspellings(word) if misspelled and len(word) >= SHORTEST_MISSPELLED else [])]
    forms = [_SIGNS.join(f"{_letter(c)}+" for c in spelling) for spelling in spellings]
    forms.append(_APART.join(map(_letter, word)))
    if not plain:  # at least one letter is not what it should be, or something stands between
        forms = [*forms[1:], *_disguised(word)]
    # Not \b: a disguise may begin or end with a sign.
    return rf"(?:^|[^\w])(?:{'|'.join(forms)})(?:[^\w]|$)"


def _letter(character: str) -> str:
    return f"[{re.escape(character + LOOKALIKES.get(character, ''))}]"


def _misspellings(word: str) -> list[str]:
    """Neighbours inside of the word that changed places, or a letter inside that is missing."""
    inside = range(1, len(word) - 1)
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 2)]
    return sorted({*swapped, *(word[:i] + word[i + 1 :] for i in inside)} - {word})


def _disguised(word: str) -> list[str]:
    """The word with a look-alike, or signs, in one place at least."""
    letters = [_letter(c) + "+" for c in word]
    forms = []
    for i, character in enumerate(word):
        if alike := LOOKALIKES.get(character, ""):
            one = [*letters[:i], f"[{re.escape(alike)}]+", *letters[i + 1 :]]
            forms.append(_SIGNS.join(one))
        if i:
            forms.append(_SIGNS.join(letters[:i]) + r"[^\w\s]{1,2}" + _SIGNS.join(letters[i:]))
    return forms
