"""Labeling functions that look at the form of a text: how long it is, how often it has something, and how much."""

from collections.abc import Sequence
from typing import Literal, Unpack

from labelmill.errors import LFError
from labelmill.labeling.amounts import Amount, Bounds
from labelmill.labeling.functions import Origin
from labelmill.labeling.literals import Literals, character_spans, literals
from labelmill.labeling.matching import SPACE, check_pattern
from labelmill.labeling.templates import TemplateLF
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label

Unit = Literal["characters", "words"]
Kind = Literal["capitals", "digits", "marks", "non_ascii"]

_LETTERS = ((ord("A"), ord("Z")), (ord("a"), ord("z")))
_LEAD_BYTES = (0xC0, 0xFF)
"""One of each character beyond ASCII."""

UNITS = {
    "characters": Amount("characters", "(?s).", others="", spans=((0, 0x7F), _LEAD_BYTES), beyond_ascii=True),
    "words": Amount("words", r"[^\s\x{a0}]+", words=True, beyond_ascii=True),
}
_VISIBLE = Amount("characters", r"[^\s\x{a0}]", others=SPACE, spans=((0, 8), (11, 11), (14, 31), (33, 127)))
KINDS = {
    "capitals": (
        Amount("capitals", r"\p{Lu}", spans=_LETTERS[:1]),
        Amount("letters", r"\pL", others=r"\PL+", spans=_LETTERS),
    ),
    "digits": (Amount("digits", "[0-9]", spans=((ord("0"), ord("9")),), beyond_ascii=True), _VISIBLE),
    "marks": (Amount("marks", r"[\pP\pS]", spans=((33, 47), (58, 64), (91, 96), (123, 126))), _VISIBLE),
    "non_ascii": (
        Amount("characters beyond ASCII", r"[^\x00-\x7f]", spans=(_LEAD_BYTES,), beyond_ascii=True),
        _VISIBLE,
    ),
}
"""What shares there are by name, and of what they are shares."""


def length_lf(
    name: str,
    *,
    column: str | Sequence[str],
    label: int,
    at_least: int | None = None,
    at_most: int | None = None,
    unit: Unit = "characters",
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where a text is long or short enough.

    Parameters
    ----------
    name
        Name in the label matrix.
    column
        The column of texts (or lists of texts) to look at; of several columns any will do.
    label
        The class to vote for.
    at_least, at_most
        The bounds; one of them may be left out. A missing text has no length, an empty one has 0.
    unit
        characters, or words: what stands between white space.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        No bound, or bounds that leave nothing between.

    Examples
    --------
    >>> short = length_lf("short", column="text", label=0, at_most=3, unit="words")
    >>> [short({"text": text}) for text in ("Thank you", "See you there at noon", "", None)]
    [0, -1, 0, -1]
    """
    origin = Origin.of_caller(1)
    if unit not in UNITS:
        raise LFError(f"labeling function {name!r}: unit must be characters or words, found {unit!r}.")
    bounds = _bounds(UNITS[unit], None, at_least, at_most, lf=name)
    return _template(name, origin, bounds, kind="length", column=column, label=label, upkeep=upkeep)


def count_lf(
    name: str,
    pattern: str,
    *,
    column: str | Sequence[str],
    label: int,
    at_least: int | None = None,
    at_most: int | None = None,
    ignore_case: bool = False,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    r"""Vote `label` where a pattern occurs often, or seldom, enough in a text.

    Parameters
    ----------
    name
        Name in the label matrix.
    pattern
        An RE2 pattern as in `regex_lf`. Matches that overlap count once.
    column
        The column of texts (or lists of texts) to look in; of several columns any will do.
    label
        The class to vote for.
    at_least, at_most
        The bounds; one of them may be left out. `at_most=0` votes where it does not occur at all.
    ignore_case
        Whether capitals and small letters are the same.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        An invalid pattern, no bound, or bounds that leave nothing between.

    Examples
    --------
    >>> thrilled = count_lf("thrilled", "!", column="text", label=1, at_least=3)
    >>> loud = count_lf("loud", r"\b[A-Z]{4,}\b", column="text", label=1, at_least=2)
    >>> [(thrilled({"text": text}), loud({"text": text})) for text in ("Yes! Yes! Yes!", "MAKE MONEY NOW!", None)]
    [(1, -1), (-1, 1), (-1, -1)]
    """
    origin = Origin.of_caller(1)
    check_pattern(pattern, lf=name, ignore_case=ignore_case)
    bounds = _bounds(_matches(pattern, ignore_case=ignore_case), None, at_least, at_most, lf=name)
    signs = literals(pattern, ignore_case=ignore_case) if at_least else None
    return _template(
        name,
        origin,
        bounds,
        kind="count",
        column=column,
        label=label,
        upkeep=upkeep,
        signs=signs and Literals(signs.texts),
    )


def share_lf(
    name: str,
    part: Kind | str,
    *,
    column: str | Sequence[str],
    label: int,
    at_least: float | None = None,
    at_most: float | None = None,
    among: str | None = None,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    r"""Vote `label` where something makes up much, or little, enough of a text.

    Parameters
    ----------
    name
        Name in the label matrix.
    part
        capitals: of the letters; digits, marks (punctuation and symbols) or non_ascii: of all characters but white
        space. With `among`, an RE2 pattern whose matches count.
    column
        The column of texts (or lists of texts) to look at; of several columns any will do.
    label
        The class to vote for.
    at_least, at_most
        The bounds, from 0 to 1; one of them may be left out. Nothing has no share of nothing: no vote.
    among
        An RE2 pattern whose matches are the whole.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        An unknown part, an invalid pattern, no bound, or bounds that leave nothing between.

    Examples
    --------
    >>> shouts = share_lf("shouts", "capitals", column="text", label=1, at_least=0.5)
    >>> [shouts({"text": text}) for text in ("FREE money", "BUY it NOW", "Hello", "123", None)]
    [-1, 1, -1, -1, -1]
    >>> loud = share_lf("loud", r"\b[A-Z]{4,}\b", among=r"\b[A-Za-z]{4,}\b", column="text", label=1, at_least=0.5)
    >>> loud({"text": "FREE cash if you act NOW"})
    1
    """
    origin = Origin.of_caller(1)
    if among is None:
        if part not in KINDS:
            raise LFError(
                f"labeling function {name!r}: part must be one of {', '.join(KINDS)}, found {part!r}. "
                "For a pattern say of what it is a share: among=."
            )
        amounts = KINDS[part]
    else:
        for pattern in (part, among):
            check_pattern(pattern, lf=name)
        amounts = _matches(part), _matches(among)
    for bound in (at_least, at_most):
        if bound is not None and not 0 <= bound <= 1:
            raise LFError(f"labeling function {name!r}: a share is from 0 to 1, found {bound!r}.")
    bounds = _bounds(*amounts, at_least, at_most, lf=name)
    return _template(name, origin, bounds, kind="share", column=column, label=label, upkeep=upkeep)


def _matches(pattern: str, *, ignore_case: bool = False) -> Amount:
    """The matches of a pattern, which bytes tell where they are single characters."""
    spans = character_spans(pattern, ignore_case=ignore_case)
    beyond = spans is not None and not ignore_case
    return Amount(f"matches of {pattern}", pattern, ignore_case, spans=spans, beyond_ascii=beyond)


def _bounds(amount: Amount, whole: Amount | None, at_least: float | None, at_most: float | None, *, lf: str) -> Bounds:
    for bound in (at_least, at_most):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float) or bound != bound):
            raise LFError(f"labeling function {lf!r}: at_least and at_most must be numbers, found {bound!r}.")
    if at_least is None and at_most is None:
        raise LFError(f"labeling function {lf!r}: give at_least=, at_most= or both.")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise LFError(f"labeling function {lf!r}: nothing is at least {at_least} and at most {at_most}.")
    return Bounds(amount, whole, at_least, at_most)


def _template(
    name: str,
    origin: Origin,
    bounds: Bounds,
    *,
    kind: str,
    column: str | Sequence[str],
    label: int,
    upkeep: UpkeepArguments,
    signs: Literals | None = None,
) -> TemplateLF:
    label = check_label(label, lf=name)
    counted = [[amount.pattern, amount.ignore_case] for amount in bounds.amounts]
    spec = {"kind": kind, "counted": counted, "bounds": [bounds.at_least, bounds.at_most], "label": label}
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec=spec,
        about=bounds.about,
        match=bounds.match(label=label),
        upkeep=upkeep,
        scan=bounds if bounds.told_by_bytes else signs,
    )
