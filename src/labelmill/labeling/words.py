"""Labeling functions that look for words and patterns in texts."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from itertools import permutations
from pathlib import Path
from typing import Any, Unpack

from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.literals import literals, word_literals
from labelmill.labeling.matching import batches, check_pattern, match_patterns, spelled
from labelmill.labeling.tables import read_words
from labelmill.labeling.templates import TemplateLF
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label
from labelmill.labeling.word_ends import Ends, match_words, word_ends

MOST_WORDS, MOST_GAP = 5, 50
"""Of a phrase: in any order five words are 120 phrases already."""
_MOST_PLACES = 500
"""Words that a pattern has room for: RE2 takes no larger ones by far."""


def keyword_lf(
    name: str,
    words: Iterable[str] | str | Path,
    *,
    column: str | Sequence[str],
    label: int,
    whole_word: bool = True,
    ignore_case: bool = True,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where a text has one of some words.

    Parameters
    ----------
    name
        Name in the label matrix.
    words
        Words and phrases, or a file with one a line, relative to the file that calls. White space
        inside a phrase matches any white space.
    column
        The column of texts (or lists of texts) to look in; of several columns any will do.
    label
        The class to vote for.
    whole_word
        Whether a word counts only where no letter, mark or number of any script and no `_` touches it.
    ignore_case
        Whether capitals and small letters are the same, letter by letter: "straße" is not "STRASSE", and the
        Turkish İ and ı are not i. Nor is é as one character the same as e with a mark of its own: bring texts and
        words to one form before.
    **upkeep
        See `UpkeepArguments`.

    Examples
    --------
    >>> spam = keyword_lf("money", ["cash", "$$$", "credit card"], column="text", label=1)
    >>> [spam({"text": text}) for text in ("No CASH needed", "your credit\\ncard", "win $$$!", "cashier", None)]
    [1, 1, 1, -1, -1]
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    found = read_words(words, lf=name, origin=origin)
    ends = word_ends(found, ignore_case=ignore_case) if whole_word else None
    patterns = [ends.around(some) if ends else "|".join(some) for some in batches(spelled(found))]
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec=_spec(patterns, ends, label=label, ignore_case=ignore_case, lf=name),
        about=f"words ({len(found)}): {', '.join(found)}",
        match=match_words(patterns, ends, label=label, ignore_case=ignore_case)
        if ends
        else match_patterns(patterns, label=label, ignore_case=ignore_case),
        upkeep=upkeep,
        scan=word_literals(found, whole_word=whole_word, ignore_case=ignore_case),
    )


def phrase_lf(
    name: str,
    words: Sequence[str],
    *,
    column: str | Sequence[str],
    label: int,
    gap: int = 3,
    any_order: bool = False,
    ignore_case: bool = True,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where some words stand near each other in a text.

    Parameters
    ----------
    name
        Name in the label matrix.
    words
        Two to five words, in the order in which they must stand.
    column
        The column of texts (or lists of texts) to look in; of several columns any will do.
    label
        The class to vote for.
    gap
        How many other words may stand between two of them, at most. A word is letters, marks and numbers of any
        script and `_`; what is none parts words. Where a script writes no spaces, a sentence is one word.
    any_order
        Whether they may stand in any order.
    ignore_case
        Whether capitals and small letters are the same.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        Fewer than two words or more than five, a word that is none, or a gap below 0 or above 50.

    Examples
    --------
    >>> debts = phrase_lf("debts", ["lower", "payments"], column="text", label=1, gap=2)
    >>> [debts({"text": text}) for text in ("Lower your monthly payments!", "payments are lower")]
    [1, -1]
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    if isinstance(words, str) or not 2 <= len(words) <= MOST_WORDS:
        raise LFError(f"labeling function {name!r}: a phrase has 2 to {MOST_WORDS} words, found {words!r}.")
    found = read_words(words, lf=name, origin=origin, repeats=True)  # "no no" is a phrase
    if isinstance(gap, bool) or not isinstance(gap, int) or not 0 <= gap <= MOST_GAP:
        raise LFError(f"labeling function {name!r}: gap must be a number of words from 0 to {MOST_GAP}, found {gap!r}.")
    orders = list(dict.fromkeys(permutations(spelled(found)))) if any_order else [spelled(found)]
    ends = word_ends(found, ignore_case=ignore_case)
    between = ends.words_between(gap)
    forms = [between.join(order) for order in orders]
    room = max(1, _MOST_PLACES // (len(found) * (gap + 1)))
    patterns = [ends.around(forms[i : i + room]) for i in range(0, len(forms), room)]
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec=_spec(patterns, ends, label=label, ignore_case=ignore_case, lf=name),
        about=f"{' … '.join(found)}{' in any order' if any_order else ''}, up to {gap} words between",
        match=match_words(patterns, ends, label=label, ignore_case=ignore_case, between=between),
        upkeep=upkeep,
        scan=literals(patterns[0], ignore_case=ignore_case) if len(patterns) == 1 else None,
    )


def _spec(patterns: Sequence[str], ends: Ends | None, *, label: int, ignore_case: bool, lf: str) -> dict[str, Any]:
    """All that decides the votes, its patterns checked."""
    for pattern in patterns:
        check_pattern(pattern, lf=lf, ignore_case=ignore_case)
    spec = {"kind": "regex", "patterns": patterns, "label": label, "ignore_case": ignore_case}
    return spec if ends is None else {**spec, "ends": astuple(ends)}


def regex_lf(
    name: str,
    pattern: str,
    *,
    column: str | Sequence[str],
    label: int,
    ignore_case: bool = False,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    r"""Vote `label` where a pattern occurs in a text.

    Parameters
    ----------
    name
        Name in the label matrix.
    pattern
        An RE2 pattern, found anywhere in the text. `\b`, `\d`, `\s` and `\w` know ASCII only: to `\b` é is a
        space, so that `\bve\b` is found in naïve; any script has `\pL`, `\pM` and `\pN`, or `keyword_lf`. `^` and
        `$` are the ends of the text, unless the pattern begins with `(?m)`.
    column
        The column of texts (or lists of texts) to look in; of several columns any will do.
    label
        The class to vote for.
    ignore_case
        Whether capitals and small letters are the same.
    **upkeep
        See `UpkeepArguments`.

    Examples
    --------
    >>> act_now = regex_lf("act_now", r"\b(act|buy) now\b", column="text", label=1, ignore_case=True)
    >>> act_now({"text": "Buy now!"}), act_now({"text": "we react nowhere"})
    (1, -1)
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    check_pattern(pattern, lf=name, ignore_case=ignore_case)
    spec = {"kind": "regex", "patterns": [pattern], "label": label, "ignore_case": ignore_case}
    match = match_patterns([pattern], label=label, ignore_case=ignore_case)
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec=spec,
        about=f"pattern {pattern}",
        match=match,
        upkeep=upkeep,
        scan=literals(pattern, ignore_case=ignore_case),
    )
