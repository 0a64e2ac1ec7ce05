"""Why a labeling function voted as it did on one row, and where in its texts: for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow.compute as pc

from labelmill.arrays import ABSTAIN
from labelmill.labeling.composition import CompositeLF, Condition
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.rows import to_arrow, value_of
from labelmill.labeling.templates import TemplateLF
from labelmill.labeling.word_ends import Ends


@dataclass(frozen=True)
class Found:
    """What a labeling function found in one value of a row.

    Attributes
    ----------
    column
        The column.
    value
        The value.
    places
        Start and end of each part of it, as text, that counted, in order.
    """

    column: str
    value: Any
    places: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The value as text."""
        return str(self.value)


def about(lf: LabelingFunction) -> str:
    """What it looks for: the first line of its docstring, or what the template was made of."""
    if isinstance(lf, TemplateLF):
        return lf.about
    # An object without a docstring of its own shows that of its class.
    return "" if lf.__doc__ == type(lf).__doc__ else (lf.__doc__ or "").strip().partition("\n")[0]


def why(lf: LabelingFunction, row: Any) -> str:
    """What it found in a row that it voted on.

    Examples
    --------
    >>> from labelmill import keyword_lf
    >>> why(keyword_lf("office", ["meeting", "agenda"], column="text", label=0), {"text": "the Agenda, as agreed"})
    "text has 'Agenda'"
    """
    if isinstance(lf, CompositeLF):
        return _of_parts(lf, row)
    for found in found_in(lf, row):
        start, end = found.places[0]
        part = found.text[start:end]
        return f"{found.column} has {part!r}" if isinstance(found.value, str) else f"{found.column} has {part}"
    return about(lf)


def found_in(lf: LabelingFunction, row: Any) -> list[Found]:
    """Where in the values of a row the reasons for a vote stand; empty where only its code could tell.

    Parameters
    ----------
    lf
        A labeling function that votes on the row.
    row
        Anything with the columns as attributes, a dict or a pandas Series.

    Examples
    --------
    >>> from labelmill import regex_lf
    >>> price = regex_lf("price", r"\\$[0-9]+", column="text", label=1)
    >>> [(found.column, found.places) for found in found_in(price, {"text": "from $5 to $10"})]
    [('text', ((5, 7), (11, 14)))]
    """
    if isinstance(lf, CompositeLF):
        voting = (part for part in lf.parts if part(row) != ABSTAIN)
        return list(dict.fromkeys(found for part in voting for found in found_in(part, row)))
    return list(_of_template(lf, row)) if isinstance(lf, TemplateLF) else []


def _of_template(lf: TemplateLF, row: Any) -> Iterator[Found]:
    for column in lf.columns:
        value = value_of(row, column)
        for single in value if isinstance(value, list) else [value]:
            if single is not None and lf({**dict.fromkeys(lf.columns), column: single}) != ABSTAIN:
                text = str(single)
                yield Found(column, single, _places(lf, text) or ((0, len(text)),))


def _places(lf: TemplateLF, text: str) -> tuple[tuple[int, int], ...]:
    """Where its patterns match; none where it has none, and looks whole values up."""
    counted = [pattern for pattern, _ in lf.spec.get("counted", ())[:1]] if lf.spec["kind"] == "count" else []
    ends = Ends(*lf.spec["ends"]) if "ends" in lf.spec else None
    if ends:
        text = ends.prepared(to_arrow([text]))[0].as_py()
    found = {
        place
        for pattern in lf.spec.get("patterns", counted)
        for place in _matches(pattern, text, ends, ignore_case=bool(lf.spec.get("ignore_case")))
    }
    return tuple(sorted(found))


def _matches(pattern: str, text: str, ends: Ends | None, *, ignore_case: bool) -> Iterator[tuple[int, int]]:
    """Start and end of each match. Arrow's RE2 tells no places, but it can put marks around what it matches."""
    opens, closes = _marks(text)
    # Not extract_regex: it refuses patterns with groups that have no name, such as (a|b).
    wanted, marked, passes = f"({pattern})", rf"{opens}\1{closes}", 1
    if ends:  # the characters that it takes beside words are no part of the match
        words = pattern.removeprefix(ends.before).removesuffix(ends.after)  # escaped, so that they have no groups
        apart = f"[{ends.apart}{opens}{closes}]"
        wanted, marked = f"(^|{apart})({words})({apart}|$)", rf"\1{opens}\2{closes}\3"
        passes = 2  # the space between two words goes to the first, and the second is passed over
    flags = "(?i)" if ignore_case else ""
    result = text
    for _ in range(passes):
        result = pc.replace_substring_regex(to_arrow([result]), pattern=flags + wanted, replacement=marked)[0].as_py()
    before, *parts = result.replace(2 * opens, opens).replace(2 * closes, closes).split(opens)
    end = len(before)
    for part in parts:
        match, _, rest = part.partition(closes)
        if match.strip():
            yield end + len(match) - len(match.lstrip()), end + len(match.rstrip())
        end += len(match) + len(rest)


def _marks(text: str) -> tuple[str, str]:
    """Two characters that the text does not have."""
    private = (chr(code) for code in range(0xE000, 0xE000 + len(text) + 2))
    first, second = islice((char for char in private if char not in text), 2)
    return first, second


def _of_parts(lf: CompositeLF, row: Any) -> str:
    """What each part found that counted."""
    voting = [part for part in lf.parts if part(row) != ABSTAIN]
    reasons = {part.name: why(part, row) for part in (voting[:1] if lf.kind == "first" else voting)}
    if len(reasons) == 1 and isinstance(lf, Condition):
        return next(iter(reasons.values()))
    return "; ".join(name if name == reason else f"{name}: {reason}" for name, reason in reasons.items()) or about(lf)
