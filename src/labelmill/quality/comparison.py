"""Whether a challenger is as good as the champion: both on the same rows, by a paired bootstrap.

With some hundred gate rows the strict question (is the loss below half a point, with 95 % confidence?) cannot be
answered: two models of one recipe that disagree on 8 % of 400 rows differ by chance by a point and a half either way.
So the rule has two parts, and both must hold:

1. the measured loss is within `promote.tolerance`, or no more than chance makes of an equal model in nine of ten cases;
2. a loss of `promote.worst_loss` is ruled out with 95 % confidence (one-sided).

The second bounds what can go wrong: a model that is worse by `worst_loss` passes in at most 5 % of cases,
whatever the number of rows. The first lets an equal model pass in 90 % of cases where the second does not hinder it,
and grows as strict as the tolerance with more gold. Where gold is so scarce that an equal model would pass
in fewer than 80 %, a challenger that does not pass is refused for too little evidence, with the number of rows that it
would take (non-inferiority with a margin: Wellek, Testing Statistical Hypotheses of Equivalence, 2010).

That is for one attempt. With two retrains a day on the same gate gold a model that is worse gets in sooner or later, so
attempts share the error: after r refusals the second rule asks for a confidence of 1 - 0.05 / (1 + r)^2, which bounds
the chance that a model worse by `worst_loss` ever passes at 0.05 pi^2 / 6, about 8 %, however many are tried and
however alike they are (the union bound; spending of an error: Lan and DeMets, Biometrika 70, 1983). Resamples do not
reach so far out: there the loss at worst is also no less than the normal distribution with their standard error has it.

Balanced accuracy is over the classes that have rows. Where the champion knows a class of which there is no row at all,
nothing shows whether the challenger lost it, so it does not pass.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr, ndtri  # scipy.stats has them too, but takes a second longer to import

from labelmill.arrays import Probs
from labelmill.params import PromoteParams
from labelmill.quality import bootstrap, faults
from labelmill.quality.attempts import CONFIDENCE, confidence, counted, percent
from labelmill.quality.evidence import Evidence
from labelmill.quality.metrics import Bools, Floats, Judged, balanced_accuracy, ece, judge

Verdict = Literal["as good", "worse", "not as good", "too little evidence"]

POWER = 0.8
"""The chance that an equal model passes, below which the rows are too few."""

SCARCE_ROWS = 20
"""A class of fewer rows is named: hardly anything can be told of it."""

_BY_CHANCE = float(ndtri(0.9))


@dataclass(frozen=True)
class Comparison:
    """What the comparison says, in words, and the numbers behind it.

    Attributes
    ----------
    verdict
        Of the balanced accuracy on all rows, which is over the classes that have some.
    faults
        What else speaks against the challenger: slices, classes that the champion knew before, calibration.
    unseen
        The classes that the champion knows and no row is of.
    numbers
        `n`, `n_per_class`, `n_said` (by model and class), `disagreements`, `champion` and `challenger` (balanced
        accuracy, ece), `difference` (`value`, `low`, `high`, `standard_error`, `at_worst`), `refusals`, `confidence`,
        `power_of_equal`, `rows_needed`, `slices`, `ece`.
    """

    verdict: Verdict
    faults: tuple[str, ...]
    unseen: tuple[str, ...]
    numbers: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the challenger, and every class that the champion knows was looked at."""
        return self.passed_on_seen and not self.unseen

    @property
    def passed_on_seen(self) -> bool:
        """Whether nothing speaks against the challenger on the classes that there are rows of."""
        return self.verdict == "as good" and not self.faults

    def reasons(self, *, champion: str, rows: str) -> list[str]:
        """The same in plain words; `champion` and `rows` are what both are called."""
        n = self.numbers
        if n["difference"]["value"] is None:
            counts = ", ".join(f"{count} {name}" for name, count in n["n_per_class"].items())
            return [f"{rows} are of fewer than two classes ({counts}): too little evidence"]
        between, said = n["difference"], f"{n['n']:,} {rows}"
        first = (
            f"balanced accuracy {n['challenger']['balanced_accuracy']:.3f} against "
            f"{n['champion']['balanced_accuracy']:.3f} of {champion} on {said}, {n['disagreements']:,} of which they "
            f"decide differently (difference {between['value']:+.3f}, 95 % between {between['low']:+.3f} and "
            f"{between['high']:+.3f})"
        )
        said = _WORDS[self.verdict].format(**between, **n, sure=percent(n["confidence"]))
        return [first, said, *self._of_attempts(champion), *self.faults, *self._of_classes(champion, rows)]

    def _of_attempts(self, champion: str) -> Iterator[str]:
        if self.numbers["refusals"]:
            yield (
                f"after {counted(self.numbers['refusals'])} of others beside {champion} on about as many rows "
                f"{percent(self.numbers['confidence'])} confidence is asked for instead of {percent(CONFIDENCE)}: who "
                "tries often enough passes by chance"
            )

    def _of_classes(self, champion: str, rows: str) -> Iterator[str]:
        """Of which classes there are too few rows."""
        for label, count in self.numbers["n_per_class"].items():
            if label in self.unseen:
                yield (
                    f"too little evidence of class {label}: none of the {rows} is of it, so whether the challenger "
                    f"still knows it as {champion} does cannot be told"
                )
            elif count == 0:
                yield f"none of the {rows} is of class {label}, which {champion} does not know either: not judged"
            elif count < SCARCE_ROWS:
                yield f"only {count} of the {rows} are of class {label}: hardly anything can be told of it"


_WORDS: dict[Verdict, str] = {
    "as good": "as good: a loss of more than {worst_loss:g} is ruled out with {sure} confidence (at worst "
    "{at_worst:+.3f}), and what was measured is no loss beyond {borne:.3f}",
    "worse": "worse: with 95 % confidence the difference is below zero (at best {at_best:+.3f})",
    "not as good": "not as good: the rows are enough for an equal model to pass in {power_of_equal:.0%} of cases, but "
    "this one measures {value:+.3f} (borne: {borne:.3f}), at worst {at_worst:+.3f} (borne: {worst_loss:g})",
    "too little evidence": "too little evidence: with so many rows an equal model would pass in {power_of_equal:.0%} "
    "of cases only; about {rows_needed:,} rows are needed",
}


def compare(
    evidence: Evidence,
    *,
    params: PromoteParams,
    seed: int,
    classes: tuple[str, ...],
    refusals: int = 0,
    name: str = "gate",
) -> Comparison:
    """Compare challenger and champion on the same rows.

    Parameters
    ----------
    evidence
        The rows, and what both models make of them.
    params
        Section `promote` of `params.yaml`.
    seed
        Seed of the bootstrap.
    classes
        Names of the k classes.
    refusals
        How many challengers of this champion were refused on such rows before.
    name
        What the rows are: another name, other draws.

    Examples
    --------
    >>> gold = np.arange(1000) % 2
    >>> said = np.eye(2)[gold] * 0.8 + 0.1
    >>> same = Evidence(gold, said, said, slices={})
    >>> compare(same, params=PromoteParams(), seed=0, classes=("ham", "spam")).verdict
    'as good'
    >>> few = Evidence(gold[:50], said[:50], said[:50], slices={})
    >>> compare(few, params=PromoteParams(), seed=0, classes=("ham", "spam")).verdict
    'too little evidence'
    """
    gold = evidence.gold
    said = {"champion": evidence.champion, "challenger": evidence.challenger}
    both = {side: judge(gold, probs, positive=0) for side, probs in said.items()}
    n, present = len(gold), np.bincount(gold, minlength=len(classes))
    ones = np.ones((1, n))
    numbers: dict[str, Any] = {
        "n": n,
        "n_per_class": {label: int(count) for label, count in zip(classes, present, strict=True)},
        "n_said": {side: _said(probs, classes) for side, probs in said.items()},
        "disagreements": int(np.sum(evidence.champion.argmax(axis=1) != evidence.challenger.argmax(axis=1))),
        **{
            side: {
                "balanced_accuracy": bootstrap.rounded(balanced_accuracy(of, ones)[0]),
                "ece": bootstrap.rounded(ece(of, ones)[0]),
            }
            for side, of in both.items()
        },
    }
    # A class that a model does not know has probability zero in every row.
    unseen = tuple(label for y, label in enumerate(classes) if not present[y] and evidence.champion[:, y].any())
    if (present > 0).sum() < 2:
        nothing = {"value": None, "low": None, "high": None}
        return Comparison(
            "too little evidence", (), unseen, {**numbers, "difference": nothing, "slices": {}, "power_of_equal": 0.0}
        )

    drawn = _draw(both, evidence.slices, present, params, seed, name)
    value = float(np.diff([balanced_accuracy(both[side], ones)[0] for side in ("champion", "challenger")])[0])
    error = float(np.std(drawn["all"]))
    borne = max(params.tolerance, _BY_CHANCE * error)
    between = {
        **bootstrap.interval(value, drawn["all"]),
        "standard_error": bootstrap.rounded(error),
        "at_worst": bootstrap.rounded(_at_worst(value, drawn["all"], refusals)),
        "at_best": bootstrap.rounded(np.quantile(drawn["all"], CONFIDENCE)),
        "borne": bootstrap.rounded(borne),
    }
    z = float(ndtri(confidence(refusals)))
    power = float(ndtr(min(borne, params.worst_loss - z * error) / error))
    needed = math.ceil(n * (error * (z + ndtri(POWER)) / params.worst_loss) ** 2) if params.worst_loss else n
    slices, fallen = faults.of_slices(evidence, both, drawn, params)
    lost = faults.of_old_classes(evidence, both, params, classes=classes)
    calibration, risen = faults.of_calibration(both, drawn, params)
    numbers |= {
        "difference": between,
        "worst_loss": params.worst_loss,
        "refusals": refusals,
        "confidence": confidence(refusals),
        "power_of_equal": round(power, 3),
        "rows_needed": needed,
        "slices": slices,
        "ece": calibration,
    }
    return Comparison(_verdict(between, power, params), (*fallen, *lost, *risen), unseen, numbers)


def _at_worst(value: float, drawn: Floats, refusals: int) -> float:
    """The difference that is not fallen below, with the confidence that is asked for."""
    at_worst = float(np.quantile(drawn, 1 - CONFIDENCE))
    if refusals:
        at_worst = min(at_worst, value - float(ndtri(confidence(refusals)) * np.std(drawn)))
    return at_worst


def _verdict(between: dict[str, Any], power: float, params: PromoteParams) -> Verdict:
    if between["value"] >= -between["borne"] and between["at_worst"] >= -params.worst_loss:
        return "as good"
    if between["at_best"] < 0:
        return "worse"
    return "not as good" if power >= POWER else "too little evidence"


def _draw(
    both: dict[str, Judged],
    slices: dict[str, Bools],
    present: np.ndarray[Any, Any],
    params: PromoteParams,
    seed: int,
    name: str,
) -> dict[str, Floats]:
    """Differences, challenger minus champion, over resamples: of all rows, of each slice, of the calibration error."""
    champion, challenger = both["champion"], both["challenger"]
    n, found = len(champion.credit), np.flatnonzero(present)
    gain = challenger.credit - champion.credit
    # A row won and a row lost in each class are imagined beside the real ones: that two models agree on all
    # of few rows is no proof that they always do (after Agresti and Min, Statistics in Medicine 24, 2005).
    imagined = np.tile([1.0, -1.0], len(found))
    members = np.vstack([champion.members[:, found], np.repeat(np.eye(len(found)), 2, axis=0)])
    gains = members * np.concatenate([gain, imagined])[:, None]
    parts = np.array(list(slices.values()), dtype=np.float64).reshape(len(slices), n).T

    def measure(weights: Floats) -> dict[str, Floats]:
        real = weights[:, :n]
        with np.errstate(invalid="ignore", divide="ignore"):
            by_class = (weights @ gains) / (weights @ members)
            by_slice = (real @ (parts * gain[:, None])) / (real @ parts)
        return {
            "all": by_class.mean(axis=1),
            "ece": ece(challenger, real) - ece(champion, real),
            **{f"slice {part}": by_slice[:, i] for i, part in enumerate(slices)},
        }

    drawn = bootstrap.over_resamples(n + len(imagined), params.bootstrap_samples, seed, measure, name=name)
    return {key: values[np.isfinite(values)] for key, values in drawn.items()}


def _said(probs: Probs, classes: tuple[str, ...]) -> dict[str, int]:
    """How many rows a model takes for each class."""
    counts = np.bincount(probs.argmax(axis=1), minlength=len(classes))
    return {label: int(count) for label, count in zip(classes, counts, strict=True)}
