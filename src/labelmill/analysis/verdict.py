"""Rules or hand labels: a verdict from what is known beforehand, with its reasons."""

from dataclasses import dataclass
from typing import Literal

from labelmill import paths
from labelmill.analysis.estimates import Estimate
from labelmill.analysis.hand_labels import Curve
from labelmill.analysis.keyword_outlook import Outlook

Verdict = Literal["label_by_hand", "label_some_first", "write_rules", "either_way", "features_too_weak", "no_rows"]

FEWEST_GOLD = 50
"""Rows of dev gold below which nothing can be told of accuracies."""
_USELESS = 0.6
"""How far from chance to perfect even twenty times the gold must lead, at its best, for the features to be of use."""


@dataclass(frozen=True)
class Cost:
    """What work is taken to cost: an assumption, to be set by who knows better.

    Attributes
    ----------
    seconds_per_row
        To label one row by hand.
    hours_for_rules
        To write and mend labeling functions until they are good.
    """

    seconds_per_row: float
    hours_for_rules: float

    def hours(self, rows: int) -> float:
        """To label so many rows by hand."""
        return rows * self.seconds_per_row / 3600

    @property
    def rows_for_rules(self) -> int:
        """How many rows could be labeled by hand in the time that rules take."""
        return int(self.hours_for_rules * 3600 / self.seconds_per_row)


@dataclass(frozen=True)
class Rules:
    """What the labeling functions that are there do.

    Attributes
    ----------
    lfs
        How many there are.
    coverage
        Share of rows with a vote.
    agreement
        Share of the rows with several votes on which all are alike; None where there are none.
    label_model, end_model
        Balanced accuracy on dev gold: of the label model on rows with a vote, and of the end model on all; None where
        it is not known.
    """

    lfs: int
    coverage: Estimate
    agreement: Estimate | None
    label_model: Estimate | None
    end_model: Estimate | None


def conclude(
    *,
    rows: int,
    gold: int,
    cardinality: int,
    curve: Curve | None,
    outlook: Outlook | None,
    rules: Rules | None,
    cost: Cost,
) -> tuple[Verdict, str, list[str]]:
    """What follows from the numbers: a verdict, a sentence, the reasons.

    Examples
    --------
    >>> cost = Cost(seconds_per_row=15, hours_for_rules=6)
    >>> verdict, headline, _ = conclude(
    ...     rows=500, gold=0, cardinality=2, curve=None, outlook=None, rules=None, cost=cost
    ... )
    >>> verdict, headline
    ('label_by_hand', '500 rows: label them.')
    """
    hours = cost.hours(rows)
    by_hand = (
        f"To label all {rows:,} rows by hand takes about {hours:,.1f} hours at {cost.seconds_per_row:g} s a row; "
        f"rules take about {cost.hours_for_rules:g} hours, in which {cost.rows_for_rules:,} rows could be labeled."
    )
    if rows == 0:
        return "no_rows", "There is no row without gold to label.", ["Look at ingest.source and ingest.splits."]
    if rows <= cost.rows_for_rules:
        return "label_by_hand", f"{rows:,} rows: label them.", [by_hand]
    reasons = [by_hand]
    if curve is None or gold < FEWEST_GOLD:
        more = max(FEWEST_GOLD * 2 - gold, FEWEST_GOLD)
        reasons += [
            f"Only {gold:,} rows have dev gold: nobody can tell how good rules are, nor what hand labels would give.",
            f"{more:,} more take {cost.hours(more):.1f} hours ({paths.ANNOTATIONS}, or ingest.label_column).",
        ]
        return "label_some_first", f"{rows:,} rows are worth rules, but label about {more:,} by hand first.", reasons
    best = curve.at(20 * gold)
    hand = curve.at(cost.rows_for_rules)
    chance = 1 / cardinality
    reasons.append(
        f"{cost.rows_for_rules:,} hand labels would give the end model about {_shown(hand)} balanced accuracy, "
        f"as the {gold:,} rows of dev gold foretell; chance is {chance:.2f}."
    )
    if best.high < chance + _USELESS * (1 - chance):
        reasons.append(f"Even {20 * gold:,} would give at best {best.high:.2f}: mend the features before any labels.")
        return "features_too_weak", "Neither rules nor hand labels will do with these features.", reasons
    return _weigh(hand, outlook=outlook, rules=rules, curve=curve, rows=rows, reasons=reasons)


def _weigh(
    hand: Estimate, *, outlook: Outlook | None, rules: Rules | None, curve: Curve, rows: int, reasons: list[str]
) -> tuple[Verdict, str, list[str]]:
    """Rules against hand labels that take as long, where both can be told."""
    weak = None if rules is None else rules.end_model or rules.label_model
    if rules is not None and weak is not None:
        which = "the end model that they train" if rules.end_model else "the label model, on rows with a vote,"
        reasons.append(
            f"The {rules.lfs} labeling functions there are cover {_percent(rules.coverage)} of the rows; "
            f"{which} reaches {_shown(weak)} on dev gold{_worth(weak, curve)}. "
            "If the rules were mended by looking at dev gold, that flatters them."
        )
    elif outlook is not None:
        told = f"reach {_shown(outlook.accuracy)}" if outlook.accuracy else "are too few on gold to be judged"
        reasons.append(
            f"{len(outlook.words)} plain keyword rules found in the gold would cover {_percent(outlook.coverage)} of "
            f"the rows and, on gold left out, {told}. Rules of people who know the rows do better, as a rule."
        )
        weak = outlook.accuracy
        if outlook.coverage.high < 0.2:
            reasons.append("Keywords reach few rows: rules would have to use other columns, or other knowledge.")
    if weak is None:
        return "either_way", f"{rows:,} rows are worth rules, if words tell the classes.", reasons
    if hand.low > weak.high:
        return "label_by_hand", "Hand labels promise more for the same time.", reasons
    if weak.low > hand.high or (weak.value >= hand.value and rules is not None):
        return "write_rules", f"{rows:,} rows: rules are worth it.", reasons
    reasons.append("The intervals overlap: the difference is within what so little gold can tell.")
    return "either_way", "Rules and hand labels promise about the same for the same time.", reasons


def _worth(weak: Estimate, curve: Curve) -> str:
    rows = curve.rows_for(weak.value)
    if rows is None:
        return ", more than hand labels are foreseen to give"
    return f", as about {rows:,} hand labels would"


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} ({estimate.low:.2f}-{estimate.high:.2f})"


def _percent(estimate: Estimate) -> str:
    return f"{estimate.value:.0%}"
