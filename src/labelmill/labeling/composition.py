"""Labeling functions made of others: `a & b`, `a | b`, `a.when(condition)`, `first_of`; and conditions such as `~a`."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Literal, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.column import Column, Failure, SoftVotes
from labelmill.labeling.functions import LabelingFunction, Origin
from labelmill.labeling.upkeep import Upkeep, UpkeepArguments, as_upkeep
from labelmill.labeling.votes import MAX_CARDINALITY, check_label

Kind = Literal["and", "or", "first", "when", "votes", "all", "any", "none"]
Votes = NDArray[np.int8]
Weights = NDArray[np.float64]


class CompositeLF(LabelingFunction):
    """A labeling function whose votes follow from those of its parts.

    On a row on which a part failed it failed too: nobody knows what the part would have said.

    Attributes
    ----------
    kind
        How they follow.
    parts
        The labeling functions that it is made of.
    label
        The class that a condition votes for.
    """

    def __init__(
        self,
        kind: Kind,
        parts: Sequence[LabelingFunction],
        origin: Origin,
        *,
        name: str | None = None,
        label: int | None = None,
        upkeep: Upkeep = Upkeep(),
    ) -> None:
        self.is_part = name is None
        super().__init__(_expression(kind, parts, label) if name is None else name, origin, upkeep)
        self.kind: Kind = kind
        self.parts = tuple(parts)
        self.label = label
        self.labels = _labels(kind, parts, label)
        self.columns = tuple(dict.fromkeys(column for part in parts for column in part.columns))
        self.resources = tuple(dict.fromkeys(file for part in parts for file in part.resources))
        self.__doc__ = _expression(kind, parts, label)

    @property
    def decided_by(self) -> tuple[Any, ...]:
        """What decides its votes, for its fingerprint: a part that is silenced today is another part."""
        return (self.kind, self.label, *((part.upkeep.silent(), part) for part in self.parts))

    def named(self, name: str, **upkeep: Unpack[UpkeepArguments]) -> Self:
        """The same under a name of its own.

        Parameters
        ----------
        name
            Name in the label matrix.
        **upkeep
            See `UpkeepArguments`.
        """
        kept = as_upkeep(upkeep, lf=name)
        return type(self)(self.kind, self.parts, Origin.of_caller(1), name=name, label=self.label, upkeep=kept)

    def combine(self, columns: Sequence[Column]) -> Column:
        """Its votes, from what each part said of the same rows."""
        votes = _HARD[self.kind](np.stack([column.votes for column in columns]))
        if self.label is not None:
            votes = np.where(votes == ABSTAIN, ABSTAIN, self.label).astype(np.int8)
        softened = [column.soft for column in columns if column.soft is not None]
        soft = None
        if softened and self.kind in _SOFT:
            rows = np.unique(np.concatenate([soft.rows for soft in softened]))
            k = max(soft.weights.shape[1] for soft in softened)
            said = Column.of_weights(_SOFT[self.kind](np.stack([column.weights(rows, k) for column in columns])))
            votes[rows] = said.votes
            soft = None if said.soft is None else SoftVotes(rows[said.soft.rows], said.soft.weights)
        return _without(votes, soft, self._failures(columns))

    def _failures(self, columns: Sequence[Column]) -> tuple[Failure, ...]:
        found = {
            failure.position: Failure(failure.position, failure.exception, f"in {part.name}: {failure.message}")
            for part, column in zip(self.parts[::-1], columns[::-1], strict=True)  # the first part is kept
            for failure in column.failures
        }
        return tuple(found[position] for position in sorted(found))

    def said_of(self, row: Any) -> Column:
        """What it says of one row."""
        return self.combine([part.said_of(row) for part in self.parts])

    def __call__(self, row: Any) -> int:
        """Vote on one row."""
        return int(self.said_of(row).votes[0])


class Condition(CompositeLF):
    """What holds on some rows and votes for no class: it narrows labeling functions by `&` and `when`.

    Inside, it votes 0 where it holds and abstains elsewhere.
    """

    def votes(self, label: int) -> CompositeLF:
        """A labeling function that votes `label` where the condition holds.

        Examples
        --------
        >>> from labelmill import keyword_lf
        >>> cash = keyword_lf("cash", ["cash"], column="text", label=1)
        >>> quiet = (~cash).votes(0)
        >>> quiet.name, quiet({"text": "see you at noon"}), quiet({"text": "cash!"})
        ('~cash votes 0', 0, -1)
        """
        return CompositeLF("votes", [self], Origin.of_caller(1), label=check_label(label, lf=self.name))

    def holds(self, row: Any) -> bool:
        """Whether it holds on one row."""
        return self(row) != ABSTAIN


def both(left: LabelingFunction, right: Any, origin: Origin) -> CompositeLF:
    """`left & right`: the class that both vote for; where one is a condition, the vote of the other where it holds."""
    _check_operand("&", left, right)
    conditions = [part for part in (left, right) if isinstance(part, Condition)]
    if len(conditions) == 2:
        return Condition("all", _flat("all", conditions), origin)
    if conditions:
        voter = right if conditions[0] is left else left
        return CompositeLF("when", [*_flat("when", [voter]), *conditions], origin)
    return CompositeLF("and", _flat("and", [left, right]), origin)


def either(left: LabelingFunction, right: Any, origin: Origin) -> CompositeLF:
    """`left | right`: the class that those who vote agree on."""
    _check_operand("|", left, right)
    conditions = [part for part in (left, right) if isinstance(part, Condition)]
    if len(conditions) == 1:
        raise LFError(
            f"{origin}: {left.name} | {right.name}: {conditions[0].name} is a condition and votes for no class. "
            "Say which by .votes(label)."
        )
    if conditions:
        return Condition("any", _flat("any", conditions), origin)
    return CompositeLF("or", _flat("or", [left, right]), origin)


def when(lf: LabelingFunction, condition: LabelingFunction, origin: Origin) -> CompositeLF:
    """`lf` where the condition holds, which may also be a labeling function: then where that votes."""
    if isinstance(lf, Condition):
        return Condition("all", [lf, condition], origin)
    return CompositeLF("when", [*_flat("when", [lf]), condition], origin)


def first_of(name: str, *lfs: LabelingFunction, **upkeep: Unpack[UpkeepArguments]) -> CompositeLF:
    """Vote what the first of some labeling functions says that does not abstain.

    Parameters
    ----------
    name
        Name in the label matrix.
    *lfs
        The labeling functions, the most trusted first.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        There is no labeling function, or one is none or a condition.

    Examples
    --------
    >>> from labelmill import keyword_lf
    >>> _exact = keyword_lf("exact", ["credit card"], column="text", label=1)
    >>> _loose = keyword_lf("loose", ["card"], column="text", label=0)
    >>> card = first_of("card", _exact, _loose, owner="ann")
    >>> [card({"text": text}) for text in ("a credit card", "a birthday card", "a letter")]
    [1, 0, -1]
    """
    origin = Origin.of_caller(1)
    if not lfs:
        raise LFError(f"{origin}: first_of({name!r}) needs labeling functions to choose from.")
    for lf in lfs:
        if not isinstance(lf, LabelingFunction) or isinstance(lf, Condition):
            raise LFError(f"{origin}: first_of({name!r}) takes labeling functions, found {lf!r}.")
    return CompositeLF("first", lfs, origin, name=name, upkeep=as_upkeep(upkeep, lf=name))


def _check_operand(sign: str, left: LabelingFunction, right: Any) -> None:
    if not isinstance(right, LabelingFunction):
        hint = " A function of a row goes into .when(...)." if callable(right) else ""
        raise LFError(f"{left.name} {sign} {right!r}: expected a labeling function on both sides.{hint}")


def _flat(kind: Kind, parts: Sequence[LabelingFunction]) -> list[LabelingFunction]:
    """The parts, those of the same kind that have no name of their own taken apart: a | b | c asks all three."""
    apart: list[LabelingFunction] = []
    for part in parts:
        same = isinstance(part, CompositeLF) and part.kind == kind and part.is_part
        apart += part.parts if same and isinstance(part, CompositeLF) else [part]
    return apart


def _expression(kind: Kind, parts: Sequence[LabelingFunction], label: int | None) -> str:
    names = [f"({part.name})" if _needs_brackets(part) else part.name for part in parts]
    match kind:
        case "none":
            return f"~{names[0]}"
        case "votes":
            return f"{names[0]} votes {label}"
        case "when":
            return f"{names[0]} when {' & '.join(names[1:])}"
        case "first":
            return f"first of {', '.join(names)}"
    return {"and": " & ", "all": " & ", "or": " | ", "any": " | "}[kind].join(names)


def _needs_brackets(part: LabelingFunction) -> bool:
    return isinstance(part, CompositeLF) and part.is_part and len(part.parts) > 1


def _labels(kind: Kind, parts: Sequence[LabelingFunction], label: int | None) -> tuple[int, ...]:
    """The classes it is known to vote for; an error where there can be none."""
    if kind in ("all", "any", "none"):
        return ()
    if kind == "votes":
        return () if label is None else (label,)
    voters = parts[:1] if kind == "when" else parts
    known = [set(part.labels) for part in voters]
    if not all(known):
        return ()
    if kind != "and":
        return tuple(sorted(set().union(*known)))
    shared = set.intersection(*known)
    if not shared:
        told = ", ".join(f"{part.name} votes for {sorted(part.labels)}" for part in parts)
        raise LFError(
            f"{_expression(kind, parts, label)} can never vote: {told}. To ask only whether another fires, write .when."
        )
    return tuple(sorted(shared))


def _without(votes: Votes, soft: SoftVotes | None, failures: tuple[Failure, ...]) -> Column:
    """A column whose votes on rows that failed are taken out."""
    if failures:
        failed = np.array([failure.position for failure in failures])
        votes[failed] = ABSTAIN
        if soft is not None:
            kept = ~np.isin(soft.rows, failed)
            soft = SoftVotes(soft.rows[kept], soft.weights[kept]) if kept.any() else None
    return Column(votes, failures, soft)


def _where_all_agree(votes: Votes) -> Votes:
    return np.where((votes == votes[0]).all(axis=0), votes[0], ABSTAIN).astype(np.int8)


def _where_voters_agree(votes: Votes) -> Votes:
    highest, lowest = votes.max(axis=0), np.where(votes == ABSTAIN, MAX_CARDINALITY, votes).min(axis=0)
    return np.where(highest == lowest, highest, ABSTAIN).astype(np.int8)


def _first(votes: Votes) -> Votes:
    return reduce(lambda later, sooner: np.where(sooner == ABSTAIN, later, sooner), votes[::-1]).astype(np.int8)


def _mask(holds: NDArray[np.bool_]) -> Votes:
    return np.where(holds, 0, ABSTAIN).astype(np.int8)


_HARD: Mapping[Kind, Callable[[Votes], Votes]] = {
    "and": _where_all_agree,
    "or": _where_voters_agree,
    "first": _first,
    "when": lambda votes: np.where((votes[1:] != ABSTAIN).all(axis=0), votes[0], ABSTAIN).astype(np.int8),
    "votes": lambda votes: votes[0],
    "all": lambda votes: _mask((votes != ABSTAIN).all(axis=0)),
    "any": lambda votes: _mask((votes != ABSTAIN).any(axis=0)),
    "none": lambda votes: _mask((votes == ABSTAIN).all(axis=0)),
}
"""Votes from the votes of the parts, parts x n."""


def _silent(weights: Weights) -> NDArray[np.bool_]:
    return np.logical_not((weights > 0).any(axis=-1, keepdims=True))


_SOFT: Mapping[Kind, Callable[[Weights], Weights]] = {
    "and": lambda weights: weights.prod(axis=0),  # both must allow a class: sets meet, distributions are multiplied
    "or": lambda weights: np.where(_silent(weights), 1.0, weights).prod(axis=0) * ~_silent(weights).all(axis=0),
    "first": lambda weights: reduce(lambda later, sooner: np.where(_silent(sooner), later, sooner), weights[::-1]),
    "when": lambda weights: weights[0] * ~_silent(weights[1:]).any(axis=0),
}
"""Weights from the weights of the parts, parts x rows x k; their sums need not be 1."""
