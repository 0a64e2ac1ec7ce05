"""What the figures of the documentation show: numbers from votes with known truth, each decided by fixed seeds.

Each function gives records, one for each point or cell. `figures` draws them.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import on_twins
import scores
import stress
from on_edges import score
from simulation import Sample, voter_tables, world
from systems import ask, make, ours
from twins import STYLES, twin

from labelmill.label_model import find_edges

Record = dict[str, Any]

BAYES = "knows the truth"
"""The posterior of the parameters that the votes were drawn from."""
_ROWS = 10_000
_TWINS = range(100)
_STYLES = dict(zip(STYLES, ("one-class rules", "rules and voters", "voters", "crowd workers"), strict=True))


def lost_by_kind_of_votes() -> Iterator[Record]:
    """Points of accuracy that each model loses to Bayes, and its accuracy: means over twins, and single cases."""
    results = on_twins.run(_TWINS, ours())
    for style, name in _STYLES.items():
        mine = [found for one, found in results if one.style == style]
        for kind in ours():
            lost, right = (np.mean([found[kind][key] for found in mine]) for key in ("regret", "accuracy"))
            yield {"votes": f"{name} ({len(mine)})", "kind": kind, "lost": lost, "right": right}
    cases = {
        "6 copies of .60, 3 good": stress.copies(),
        "abstaining tells the class": stress.one_class_rules(n=20_000),
        "5 % positives": stress.rare_positives(),
        "5 of 8 worse than chance": adversaries(),
    }
    for name, sample in cases.items():
        rows = sample.covered
        for kind in ours():
            probs = ask(kind, sample.L, 2).probs[rows]
            lost, right = scores.regret(probs, sample.posterior[rows]), scores.accuracy(probs, sample.truth[rows])
            yield {"votes": name, "kind": kind, "lost": 100 * lost, "right": 100 * right}


def copies_outvote() -> Iterator[Record]:
    """Three good sources, and ever more copies of one that is right in 60 %."""
    for number in range(1, 10):
        accuracy = np.array([0.9, 0.85, 0.8, *[0.6] * number])
        source = np.array([0, 1, 2, *[3] * number])
        sample = world(voter_tables(accuracy, np.ones(len(source)), 2), source=source).draw(_ROWS, 0)
        yield from _accuracies(sample, ["majority_vote", "weighted_vote", "auto"], copies=number)


def weak_voters() -> Iterator[Record]:
    """One source that is right in 90 %, and ever more that are right in 60 %."""
    for number in range(2, 21, 2):
        tables = voter_tables(np.array([0.9, *[0.6] * number]), np.ones(number + 1), 2)
        yield from _accuracies(world(tables).draw(_ROWS, 0), ["majority_vote", "weighted_vote"], weak=number)


def precision_by_votes() -> Iterator[Record]:
    """The precision that is learned of a rule that is right in 60 %, by how often it voted and by the anchor.

    Beside it vote five sources that are right in 80 %.
    """
    accuracy, coverage = np.array([0.6, *[0.8] * 5]), np.array([0.2, *[0.5] * 5])
    L = world(voter_tables(accuracy, coverage, 2)).draw(60_000, 0).L.copy()
    L[L[:, 0] == 0, 0] = -1  # the first one is a rule for class 1
    fired = np.flatnonzero(L[:, 0] == 1)
    for votes in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        yield {"votes": votes, "anchor": "truth", "precision": 0.6}
        for anchor in (0.7, 0.8, 0.9):
            model = make("anchored_precision", 2, anchor=anchor).fit(L[: fired[votes - 1] + 1])
            yield {"votes": votes, "anchor": f"anchor {anchor}", "precision": model.precision_[0, 1]}


def confusions() -> Iterator[Record]:
    """The confusion matrix of a worker who takes every second bird for a bat: true, and learned.

    `evidence_` is log P(vote | truth) up to a constant for each vote; since the votes for each truth sum to 1, the
    constants follow.
    """
    names = ("bat", "bird", "moth")
    true = np.array([[0.9, 0.05, 0.05], [0.55, 0.4, 0.05], [0.1, 0.1, 0.8]])
    tables = voter_tables(np.array([0.5, *np.full(8, 0.7)]), np.array([1.0, *np.full(8, 0.6)]), 3)
    tables[0, :, 1:] = true
    found = {"true": true}
    for rows in (300, 5000):
        odds = np.exp(make("dawid_skene", 3).fit(world(tables).draw(rows, 0).L).evidence_[0])
        found[f"learned, {rows:,} rows"] = (odds * np.linalg.solve(odds.T, np.ones(3))[:, None]).T
    for table, shares in found.items():
        for y, v in np.ndindex(3, 3):
            yield {"table": table, "truth": names[y], "vote": names[v], "share": shares[y, v]}


def edges_by_copy_rate() -> Iterator[Record]:
    """Log loss of the generative model: five good sources, one that is right in 60 %, and three that copy it."""
    edges = [(5, 6), (5, 7), (5, 8)]
    accuracy = np.array([0.75, 0.75, 0.8, 0.8, 0.85, *[0.6] * 4])
    for rate in np.linspace(0, 1, 11).round(1):
        tables = voter_tables(accuracy, np.ones(9), 2)
        sample = world(tables, source=np.array([*range(6), 5, 5, 5]), copy_rate=rate).draw(_ROWS, 0)
        for name, given in {"edges=[]": {"edges": []}, "edges found": {}, "edges given": {"edges": edges}}.items():
            probs = make("generative", 2, **given).fit(sample.L).predict_proba(sample.L)
            yield {"rate": rate, "system": name, "loss": scores.log_loss(probs, sample.truth)}
        yield {"rate": rate, "system": BAYES, "loss": scores.log_loss(sample.posterior, sample.truth)}


def accuracies_by_rows() -> Iterator[Record]:
    """True and estimated accuracies of twelve independent sources, by the number of rows."""
    for rows in (500, 5000, 50_000):
        sample = stress.independent(unipolar=False, n=rows)
        found = make("matrix_completion", 2).fit(sample.L).accuracy_
        for true, estimate in zip(sample.world.accuracies, found, strict=True):
            yield {"rows": f"{rows:,} rows", "true": true, "estimate": estimate}


def errors_by_pairs() -> Iterator[Record]:
    """Mean error of the accuracies of 20 sources, some of which copy another in 80 %, over ten worlds."""
    for pairs in range(7):
        samples = [stress.planted_pairs(0.8, pairs=pairs, seed=seed) for seed in range(10)]
        for kind in ("triplets", "matrix_completion"):
            for name, given in (("edges=[]", {"edges": []}), ("edges found", {})):
                errors = [
                    np.abs(make(kind, 2, **given).fit(s.L).accuracy_ - s.world.accuracies).mean() for s in samples
                ]
                yield {"pairs": pairs, "system": f"{kind}, {name}", "error": np.mean(errors)}


def trusts() -> Iterator[Record]:
    """How well the model of the covariances fits each twin that it can be fitted to, and how far `auto` trusts it."""
    for number in _TWINS:
        told = make("auto", twin(number).cardinality).fit(twin(number).L).diagnostics_
        if told.get("misfit"):
            off, unexplained = told["misfit"]
            yield {"twin": number, "off": off, "unexplained": unexplained, "trust": told["trust"]}


def edges_found() -> Iterator[Record]:
    """Share of planted pairs that are found, by how often one copies the other, over ten seeds."""
    for rate in (0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4):
        for rows in (2000, 10_000):
            for kind in ("voters", "rules"):

                def draw(seed: int, rate: float = rate, rows: int = rows, kind: str = kind) -> Sample:
                    return stress.planted_pairs(rate, unipolar=kind == "rules", n=rows, seed=seed)

                precision, recall, _, _ = score(find_edges, draw, 10)
                yield {"rate": rate, "votes": f"{kind}, {rows:,} rows", "recall": recall, "precision": precision}


def gold_against_adversaries() -> Iterator[Record]:
    """Accuracy on the other rows where the truth of some is given, most sources being worse than chance."""
    sample = adversaries()
    for known in (0, 5, 10, 20, 50, 100, 200, 500):
        gold = np.where(np.arange(len(sample.L)) < known, sample.truth, -1)
        rows = sample.covered & (gold < 0)
        answers = {
            kind: make(kind, 2).fit(sample.L, gold=gold).predict_proba(sample.L) for kind in ("auto", "weighted_vote")
        }
        answers["majority_vote"] = make("majority_vote", 2).fit(sample.L).predict_proba(sample.L)
        answers[BAYES] = sample.posterior
        for system, probs in answers.items():
            yield {"gold": known, "system": system, "accuracy": scores.accuracy(probs[rows], sample.truth[rows])}


def balance_given() -> Iterator[Record]:
    """F1 of a rare class by the share of it that a model is told."""
    sample = stress.rare_positives()
    rows = sample.covered
    for share in (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5):
        for kind in ("auto", "generative", "weighted_vote"):
            probs = ask(kind, sample.L, 2, [1 - share, share]).probs
            yield {"share": share, "system": kind, "f1": scores.f1(probs[rows], sample.truth[rows], 1)}
        best = scores.f1(sample.posterior[rows], sample.truth[rows], 1)
        yield {"share": share, "system": BAYES, "f1": best}


def adversaries() -> Sample:
    """Three sources that are right in 80 %, and five in 35 %."""
    return world(voter_tables(np.array([0.8] * 3 + [0.35] * 5), np.full(8, 0.7), 2)).draw(_ROWS, 0)


def _accuracies(sample: Sample, kinds: list[str], **at: float) -> Iterator[Record]:
    rows = sample.covered
    answers = {kind: ask(kind, sample.L, sample.world.cardinality).probs for kind in kinds} | {BAYES: sample.posterior}
    for system, probs in answers.items():
        yield {**at, "system": system, "accuracy": scores.accuracy(probs[rows], sample.truth[rows])}
