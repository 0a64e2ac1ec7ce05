"""Words in disguise: v1agra, V*i*a*g*r*a, v i a g r a, viágra, vigara."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Unpack

from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.matching import batches, check_pattern
from labelmill.labeling.tables import read_words
from labelmill.labeling.templates import TemplateLF
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label
from labelmill.labeling.word_ends import Ends, match_words, word_ends

LOOKALIKES = {
    "a": "4@àáâãäåāаα",
    "b": "8ßв",
    "c": "çćčс¢",
    "e": "3€èéêëēеё",
    "g": "9ğ",
    "h": "н",
    "i": "1!|ìíîïīі",
    "k": "κк",
    "l": "1!|ł",
    "m": "м",
    "n": "ńñп",
    "o": "0òóôõöøоο",
    "p": "р",
    "s": "5$śšѕ",
    "t": "7+т",
    "u": "ùúûüūµ",
    "v": "ν",
    "x": "х",
    "y": "ýÿу",
    "z": "2žż",
}
"""What stands for a letter: digits and signs that look like it, accents, Cyrillic and Greek twins; never another of
the 26 letters, since a mail is no mall."""

SHORTEST, SHORTEST_MISSPELLED = 4, 6
"""Letters of a word, at least: shorter ones are found in too many others."""
_NEVER_LAST = "!|+"
"""Signs that end a sentence or a number: "the sea!" is no seal."""
_INVISIBLE = "\xad\u200b\u200c\u200d"
_SIGN = f"[*._~^+=#{_INVISIBLE}]"
"""What stands between letters of no ordinary word; apostrophes and hyphens do, as in "he'll" and "re-sign"."""
_SIGNS = f"{_SIGN}{{0,2}}"


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

    Letters, but not all of them, may be digits, signs or foreign letters that look like them; one may stand three times
    or more; a sign that no ordinary word has, such as `*` or `.`, may stand between two letters, or anything but
    letters between all of them, white space too. It is found only as a whole word, in any script.

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
    ends = word_ends([*found, *LOOKALIKES.values(), _INVISIBLE], ignore_case=True)
    patterns = [pattern for word in found for pattern in _patterns(word, ends, misspelled=misspelled, plain=plain)]
    for pattern in patterns:
        check_pattern(pattern, lf=name, ignore_case=True)
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec={"kind": "regex", "patterns": patterns, "label": label, "ignore_case": True, "ends": astuple(ends)},
        about=f"words in disguise ({len(found)}): {', '.join(found)}",
        match=match_words(patterns, ends, label=label, ignore_case=True),
        upkeep=upkeep,
    )


def _patterns(word: str, ends: Ends, *, misspelled: bool, plain: bool) -> list[str]:
    apart = f"[{ends.apart}_]{{1,3}}"
    forms = [*_between(word, _SIGNS), *_between(word, apart), *_with_sign(word), *_stretched(word)]
    forms.append(apart.join(word))
    forms += [word] if plain else []
    forms += _misspellings(word) if misspelled and len(word) >= SHORTEST_MISSPELLED else []
    return [ends.around(some) for some in batches(forms, size=lambda form: len(ends.loosened(form)))]


def _between(word: str, separator: str) -> list[str]:
    """The word with some look-alikes, but not only such: somewhere one stands beside a letter that is itself.

    A number is no word, and neither is one of another script.
    """
    alike = _alike(word)
    either = [f"[{letter}{re.escape(others)}]" for letter, others in zip(word, alike, strict=True)]
    forms = []
    for i in range(len(word) - 1):
        pairs = []
        if alike[i + 1]:
            pairs.append(f"{word[i]}{separator}[{re.escape(alike[i + 1])}]")
        if alike[i]:
            pairs.append(f"[{re.escape(alike[i])}]{separator}{word[i + 1]}")
        if pairs:
            forms.append(separator.join([*either[:i], f"(?:{'|'.join(pairs)})", *either[i + 2 :]]))
    return forms


def _alike(word: str) -> list[str]:
    """What looks like each letter, where it stands."""
    alike = [LOOKALIKES.get(letter, "") for letter in word]
    alike[-1] = "".join(other for other in alike[-1] if other not in _NEVER_LAST)
    return alike


def _with_sign(word: str) -> list[str]:
    """The word with a sign between two letters at least."""
    letters = list(word)
    return [f"{_SIGNS.join(letters[:i])}{_SIGN}{{1,2}}{_SIGNS.join(letters[i:])}" for i in range(1, len(word))]


def _stretched(word: str) -> list[str]:
    """The word with one letter three times or more; twice is another word, as loose is beside lose."""
    beside = [word[:1] != word[1:2], *(word[i] not in (word[i - 1], word[i + 1 : i + 2]) for i in range(1, len(word)))]
    return [f"{word[:i]}{word[i]}{{{2 + alone},}}{word[i + 1 :]}" for i, alone in enumerate(beside)]


def _misspellings(word: str) -> list[str]:
    """Neighbours inside of the word that changed places, or a letter inside that is missing."""
    inside = range(1, len(word) - 1)
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 2)]
    return sorted({*swapped, *(word[:i] + word[i + 1 :] for i in inside)} - {word})
