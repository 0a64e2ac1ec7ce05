"""The generative model of data programming: P(vote or abstention | truth), and who depends on whom."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from labelmill.arrays import Gold, Probs
from labelmill.label_model import anchors, checks, dependencies, edge_graph, joint, loudness, tables
from labelmill.label_model.cautious import DIGITS
from labelmill.label_model.cliques import Cells, Cliques
from labelmill.label_model.encoding import EncodedVotes, name_list
from labelmill.label_model.guarded import GuardedModel, clamped
from labelmill.label_model.posteriors import contributions, posterior

_RARE = 0.02
"""Least P(abstain | y) of the anchored table, as a share of P(abstain)."""


class GenerativeModel(GuardedModel):
    """Learns P(labeling function j votes v | truth is y), abstaining included, by maximum likelihood.

    The model of data programming [1]_, [2]_, with its correlation factors [3]_: the truth is latent, each labeling
    function has a propensity and an accuracy for each class, and what is maximised is the likelihood of the votes, the
    truth summed out. That sum has k terms a row, so there is nothing to sample and no seed: expectation
    maximisation from the majority vote (copies, and whatever edges join, counted once), rows without votes
    included. All that abstain on a row say together costs one constant per class.

    Labeling functions that depend on each other given the truth, found or named by `edges`, are modelled exactly: a
    *clique* of them (a part of the graph that no single one cuts in two; a source with copiers is so many pairs) has
    a joint table over all that its members can vote, up to 6,561 cells: eight members of two classes, four of eight.
    Of a larger clique the spanning tree of most mutual information is kept, and a warning says so. From 81 classes
    on even a pair is too large: found edges are left out, declared ones are an error. Rare cells are smoothed towards
    independent members, see `joint`.

    Tables are anchored at "better than random" (see `anchor_votes` and `table_votes`), so that classes do not change
    places. Real texts set off all rules at once if they are long; taken at its word, silence then drowns the
    votes. Where the number of votes a row varies clearly more than the model explains, abstaining counts that much less
    (`diagnostics_["silence_power"]`); where it does not, the likelihood is exact.

    Needs three sources, the share of each class, and errors that are independent, except along `edges`. Fails where
    near-copies of a bad source outnumber the good ones and no edge is found, where most sources are wrong
    together, where coverage follows something else than the class, and where a class is rare and the balance
    does not say so.

    Parameters
    ----------
    cardinality
        Number of classes, k.
    class_balance
        k shares that sum to 1; uniform if absent. Shares of all rows, those without votes among them.
    anchor, anchor_votes
        Accuracy of a labeling function that nothing is known about, and how many votes for a class that is worth.
    table_votes
        How many votes per class the table is worth in which errors fall evenly on the wrong classes.
    abstains_inform
        Whether abstaining tells anything about the truth.
    max_iter, tol
        Most rounds, and the change of a probability at which they end.
    edges, no_edges
        Pairs of labeling functions, by name or position, that depend on each other, and that do not; `edges` are found
        (see `edges.find_edges`) unless given.

    Attributes
    ----------
    tables_, abstains_
        m x k x k and m x k: P(j votes v | y) and P(j abstains | y).
    cliques_
        c x size: the members of each clique, by position, filled up with -1.
    joints_
        Cells x k: P(votes of the clique | y), the tables of all cliques one below the other. That of a
        clique, reshaped to (k + 1, ..., k + 1, k), has at [a, b, ..., y] what its members voted, plus 1.
    evidence_, lifts_, silence_
        m x k x k, cells x k and k: the log-odds that a vote, the votes of a clique taken together, and silence add.
    weights_
        m: 1, or less for each of several copies that no edge joins, which count once together.

    Notes
    -----
    With pi the class balance and C the cliques, the likelihood of a row is

        sum over y of  pi_y  x  product over j of P(l_j | y)  x  product over C of P(l_C | y) / product over j in C of
                                                                                            P(l_j | y).

    In `explain`, what a clique adds is divided equally among those of its members that voted on the row, what silence
    says equally among all who voted. `diagnostics_["log_likelihood"]` is the mean over all rows, silence at its word.

    References
    ----------
    .. [1] A. Ratner et al., "Data programming: creating large training sets, quickly", NIPS 2016.
    .. [2] A. Ratner et al., "Snorkel: rapid training data creation with weak supervision", VLDB 2018.
    .. [3] S. H. Bach et al., "Learning the structure of generative models without labeled data", ICML 2017.

    Examples
    --------
    A source that is right in 70 % and three that copy it in 90 % outvote two good ones, unless edges say so. They are
    found, or given.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 5000)
    >>> def source(accuracy):
    ...     return np.where(rng.random(5000) < accuracy, truth, 1 - truth)
    >>> def copier(of):
    ...     return np.where(rng.random(5000) < 0.9, of, source(0.5))
    >>> bad = source(0.7)
    >>> L = np.stack([source(0.85), source(0.85), bad, copier(bad), copier(bad), copier(bad)], axis=1)
    >>> def score(**edges):
    ...     return round(float((GenerativeModel(cardinality=2, **edges).fit(L).predict(L) == truth).mean()), 2)
    >>> score(edges=[]), score(edges=[(2, 3), (2, 4), (2, 5)]), score()
    (0.7, 0.9, 0.9)
    """

    tables_: NDArray[np.float64]
    abstains_: NDArray[np.float64]
    cliques_: NDArray[np.int64]
    joints_: NDArray[np.float64]
    lifts_: NDArray[np.float64]
    silence_: NDArray[np.float64]

    def __init__(
        self,
        *,
        cardinality: int,
        class_balance: checks.GivenBalance = None,
        anchor: float = 0.8,
        anchor_votes: float = 50.0,
        table_votes: float = 100.0,
        abstains_inform: bool = True,
        max_iter: int = 100,
        tol: float = 1e-4,
        edges: checks.Pairs | None = None,
        no_edges: checks.Pairs = (),
    ) -> None:
        self.cardinality = cardinality
        self.class_balance = class_balance
        self.anchor = anchor
        self.anchor_votes = anchor_votes
        self.table_votes = table_votes
        self.abstains_inform = abstains_inform
        self.max_iter = max_iter
        self.tol = tol
        self.edges = edges
        self.no_edges = no_edges

    def _rules(self) -> dict[str, bool]:
        return super()._rules() | {"table_votes above 0": self.table_votes > 0}

    def _learn(
        self, votes: EncodedVotes, found: dependencies.Overlaps, groups: NDArray[np.int64], gold: Gold | None
    ) -> None:
        tied = self._find_cliques(votes)
        cells = tied.cells(votes)
        parts = tied.parts(votes.n_lfs)
        apart = np.unique(np.stack([groups, parts], axis=1), axis=0)[:, 0]
        self.weights_ = 1 / np.bincount(apart)[groups]  # copies that edges join are in a joint table instead
        once = self.weights_ * dependencies.shares(parts)
        varies = loudness.seen(votes, self.weights_)
        silent = self.class_balance_
        probs = clamped(self._first_guess(votes, once, gold), gold)
        for rounds in range(1, self.max_iter + 1):
            mass = probs * votes.row_weights[:, None]
            rows = mass.sum(axis=0) + votes.n_silent * silent
            self._set_tables(votes, votes.expected(probs), rows)
            counts = cells.expected(mass)
            self.joints_ = joint.joint_tables(tied, counts, rows, self._singles(), self.class_balance_)
            power = self._silence_power(tied, varies)
            self._set_evidence(tied, power)
            last, probs = probs, clamped(posterior(self._joint_log(votes, cells)), gold)
            silent = posterior(self._nobody()[None])[0]
            change = float(np.abs(probs - last).max())
            self.diagnostics_.update(rounds=rounds, converged=change <= self.tol, silence_power=power)
            if change <= self.tol:
                break
        else:
            self._warn(f"not settled after {self.max_iter} rounds: the last one moved a probability by {change:.2g}")
        self.diagnostics_["log_likelihood"] = self._mean_log_likelihood(votes, tied, cells)
        self._set_evidence(tied, power)

    def _mean_log_likelihood(self, votes: EncodedVotes, groups: Cliques, cells: Cells) -> float:
        """Mean log P(votes of a row) by the tables as they are; leaves the evidence undamped."""
        self._set_evidence(groups, 1.0)
        covered = votes.row_weights @ logsumexp(self._joint_log(votes, cells), axis=1)
        return float(covered + votes.n_silent * logsumexp(self._nobody())) / votes.n_all

    def _joint_log(self, votes: EncodedVotes, cells: Cells) -> Probs:
        """Log P(votes of the row, y), n x k; exact where silence is taken at its word."""
        out: Probs = self._nobody() + votes.add_up(self.evidence_)
        return out + cells.add_up(self.lifts_) if cells.n_codes else out

    def _nobody(self) -> NDArray[np.float64]:
        """The same for a row without votes, k."""
        out: NDArray[np.float64] = np.log(self.class_balance_) + self.silence_
        return out

    def _silence_power(self, groups: Cliques, varies: float) -> float:
        """What abstaining is worth: less than 1 where rows differ in loudness."""
        if not self.abstains_inform:
            return 0.0
        told = loudness.explained(self.abstains_, self.weights_, self.class_balance_, groups, self.joints_)
        return told / varies if told < varies else 1.0

    def _find_cliques(self, votes: EncodedVotes) -> Cliques:
        i, j = np.nonzero(np.triu(self._excess()))
        if self.edges is None and not edge_graph.pairs_fit(votes.cardinality):
            i, j = i[:0], j[:0]
        found, too_large = edge_graph.cut(zip(i.tolist(), j.tolist(), strict=True), votes)
        self.cliques_ = found.as_array()
        self.joints_ = np.empty((0, votes.cardinality))
        for clique in too_large:
            self._warn(
                f"too many edges for a joint table, only a tree of them is kept: {len(clique)} labeling functions, "
                f"{name_list([self.lf_names_[j] for j in clique])}"
            )
        return found

    @property
    def _cliques(self) -> Cliques:
        return Cliques.of_array(self.cliques_, self.cardinality)

    def _set_tables(self, votes: EncodedVotes, expected: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
        """The means of Dirichlet posteriors, around tables in which errors fall evenly on the wrong classes."""
        counts, n = votes.per_lf, votes.n_all
        silent = 1 - counts.sum(axis=1, keepdims=True) / n
        precision = anchors.anchored_precision(
            expected, counts, self.class_balance_, anchor=self.anchor, strength=self.anchor_votes
        )
        truth = np.exp(anchors.precision_evidence(precision, self.class_balance_)) * self.class_balance_
        even = counts[:, :, None] * truth / np.maximum(rows, self.class_balance_)
        total = even.sum(axis=1)
        even /= (total + np.maximum(1 - total, _RARE * silent))[:, None]
        emitted = (counts > 0).sum(axis=1)
        worth = self.table_votes * emitted / np.maximum(1 - silent[:, 0], 1 / n)
        held = np.maximum(worth, 1)[:, None] * self.class_balance_
        table = (expected + held[:, None] * even) / (rows + held)[:, None]
        self.tables_, self.abstains_ = tables.proper(table, 1 - table.sum(axis=1), silent, n)

    def _singles(self) -> NDArray[np.float64]:
        """P(vote or abstention | y), m x (k + 1) x k, abstaining first."""
        return np.concatenate([self.abstains_[:, None], self.tables_], axis=1)

    def _set_evidence(self, groups: Cliques, power: float) -> None:
        """Log-odds from the tables, those of abstaining times `power`."""
        worth = groups.per_cell(np.array([self.weights_[list(c)].min() for c in groups.members]))
        apart = joint.independent(groups, self._singles())
        lifts = (np.log(self.joints_) - np.log(apart)) * worth[:, None]
        nobody = power * lifts[groups.starts[:-1]]
        silent = power * np.log(self.abstains_)
        evidence = (np.log(self.tables_) - silent[:, None]) * self.weights_[:, None, None]
        silence = self.weights_ @ silent + nobody.sum(axis=0)
        lifts -= np.repeat(nobody, np.diff(groups.starts), axis=0)
        self.evidence_, self.silence_, self.lifts_ = (np.round(part, DIGITS) for part in (evidence, silence, lifts))

    def _trust_equally(self, votes: EncodedVotes, evidence: NDArray[np.float64]) -> None:
        k = votes.cardinality
        self.evidence_, self.silence_, self.lifts_ = evidence, np.zeros(k), np.empty((0, k))
        self.tables_ = np.full_like(evidence, 1 / (k + 1))
        self.abstains_ = np.full((votes.n_lfs, k), 1 / (k + 1))
        self.cliques_, self.joints_ = np.empty((0, 0), np.int64), np.empty((0, k))

    def _accuracies(self, votes: EncodedVotes, probs: Probs) -> NDArray[np.float64]:
        counts = votes.per_lf
        right, share = (np.einsum(part, self.tables_, self.class_balance_) for part in ("jvv,v->j", "jvy,y->j"))
        if self.diagnostics_["fallback"]:
            right, share = counts @ self._equal_precision(), counts.sum(axis=1)
        return np.where(counts.any(axis=1), right / np.maximum(share, 1e-12), self.anchor)

    def _scores(self, votes: EncodedVotes) -> Probs:
        return self._joint_log(votes, self._cliques.cells(votes))

    def _log_likelihood(self, votes: EncodedVotes) -> Probs:
        return self._scores(votes) - np.log(self.class_balance_)

    def _contributions(self, votes: EncodedVotes) -> NDArray[np.float64]:
        out = contributions(votes, self.evidence_, self.silence_)
        self._cliques.divide(votes, self.lifts_, out)
        return out
