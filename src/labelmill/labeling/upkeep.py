"""Who keeps a labeling function, and how long it is trusted: what every builder and decorator takes beside its own."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from labelmill.errors import LFError


class UpkeepArguments(TypedDict, total=False):
    """Keyword arguments of every builder and decorator.

    Attributes
    ----------
    owner
        Who answers for it.
    tags
        Words that summaries group by.
    active
        False: it is loaded and checked, but does not vote.
    expires
        The last day on which it votes; from the next one on it warns and abstains.
    why
        Why it should be right, in a sentence.
    """

    owner: str
    tags: Sequence[str]
    active: bool
    expires: dt.date | str
    why: str


@dataclass(frozen=True)
class Upkeep:
    """The same, checked."""

    owner: str | None = None
    tags: tuple[str, ...] = ()
    active: bool = True
    expires: dt.date | None = None
    why: str | None = None

    def expired(self, today: dt.date | None = None) -> bool:
        """Whether its last day is over (today in UTC, unless given)."""
        return self.expires is not None and (today or dt.datetime.now(dt.UTC).date()) > self.expires

    def silent(self) -> bool:
        """Whether it does not vote today: it is not active, or has expired."""
        return not self.active or self.expired()


def as_upkeep(arguments: UpkeepArguments, *, lf: str) -> Upkeep:
    """Check what a builder was given.

    Raises
    ------
    LFError
        An unknown argument, a date that is none, an owner or tag that is no text.
    """
    given: dict[str, Any] = dict(arguments)
    if unknown := sorted(given.keys() - UpkeepArguments.__annotations__.keys()):
        known = ", ".join(UpkeepArguments.__annotations__)
        raise LFError(f"labeling function {lf!r}: unknown argument {unknown[0]!r}; every one takes {known}.")
    if "tags" in given:
        given["tags"] = (given["tags"],) if isinstance(given["tags"], str) else tuple(given["tags"])
    for name, value in given.items():
        texts = {"owner": [value], "why": [value], "tags": value}.get(name, ())
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise LFError(f"labeling function {lf!r}: {name} must be text, found {value!r}.")
    if not isinstance(given.get("active", True), bool):
        raise LFError(f"labeling function {lf!r}: active must be true or false, found {given['active']!r}.")
    if given.get("expires") is not None:
        given["expires"] = _as_date(given["expires"], lf=lf)
    return Upkeep(**given)


def _as_date(value: Any, *, lf: str) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise LFError(
            f"labeling function {lf!r}: expires must be a day such as '2027-06-30', found {value!r}."
        ) from error
