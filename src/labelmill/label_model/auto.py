"""The label model to take when nothing is known about the votes: two views of them that guard each other."""

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold, Probs
from labelmill.label_model import (
    anchors,
    checks,
    class_mass,
    dawid_skene,
    dependencies,
    soft_votes,
    sums,
    trust,
    two_classes,
)
from labelmill.label_model.blocks import Block
from labelmill.label_model.cautious import DIGITS
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.gold_rows import GoldRows
from labelmill.label_model.guarded import GuardedModel, clamped
from labelmill.label_model.matrix import MatrixCompletion
from labelmill.label_model.moments import Moments
from labelmill.label_model.posteriors import normalised, spread

_RARITY = 0.35
"""Slope of the precision in the log of how frequent a vote is; see `anchors.anchored_precision`."""
_TIED = 0.6
"""Share of the bias that would bring the class mass to where it is wished."""
_TEMPER, _SCALE = 0.3, 0.6
"""Power of the number of votes that log-odds are divided by, and what they are multiplied with: votes are never quite
independent, and the sum of their log-odds is too sure."""
_LEAST = 1e-12


class Auto(GuardedModel):
    """What each vote is worth, learned in two ways that fail differently, pooled [1]_ and mixed with the votes.

    No label model is best on all votes, and which is best cannot be told from how well it explains them. So two
    estimates of the evidence of each vote are averaged: how often it agrees with the majority (one round of
    `DawidSkene`, anchored; further rounds follow the majority into its errors), with the experience that rare votes
    are more often right; and what the covariances say (`MatrixCompletion`), which do not care for the majority. The
    log-odds of a row are tempered by its number of votes, the class mass is drawn from what this gives towards
    half the majority's and half the balance, and the result is mixed with the share of each class among
    the votes, so that the probability never runs away from what people voted.

    Where the votes behave as if they were independent given the class, as far as many rows can show, there is no
    need for such caution: then the covariances' model, abstentions heard, is taken at its word, the more so the
    better it fits (`diagnostics_["trust"]`). Where it explains next to nothing, the covariances are left out; and where
    voters for all classes show that these are not as frequent as is assumed, see `trust.balanced`.

    Without gold, and with a uniform class balance, rows whose votes all agree are never overturned: where the model
    would, half of the probability goes to the class that was voted for, and `diagnostics_["held"]` counts it.

    Parameters
    ----------
    cardinality
        Number of classes, k.
    class_balance
        k shares that sum to 1; uniform if absent.
    majority_weight
        Weight of the votes' shares in the mixture, from 0 up to, not including, 1.
    edges, no_edges
        Pairs of labeling functions, by name or position, that depend on each other, and that do not; `edges` are found
        unless given.

    Attributes
    ----------
    evidence_
        m x k x k: the log-odds that vote l of j adds to class y, pooled.
    class_bias_
        k: what draws the class mass.
    heard_, silence_, trust_
        m x k x k, k and one number from 0 to 1: evidence of the votes and of silence where the covariances fit, and how
        far these are trusted.
    weights_
        m: 1, or less for who repeats others.
    soft_scale_
        m: how far the weights of soft votes are believed, see `soft_votes`; 0 where there were none.
    guarded_
        Whether unanimous rows stand.

    Notes
    -----
    With e the pooled evidence of a vote, c the number of votes of the row, s_y their share for y, b the bias,
    pi the class balance, w the weight of the majority and t the trust:

        pool(y) = (1 - w) softmax(log pi_y + .6 (sum of e_y / c^.3 + b_y)) + w s_y
        log p(y) = t log(posterior of the covariances' model) + (1 - t) log pool(y).

    It fails when a majority of the sources is wrong together and there is no gold.

    References
    ----------
    .. [1] C. Genest and J. V. Zidek, "Combining probability distributions: a critique and an annotated
       bibliography", Statistical Science 1(1), 1986.

    Examples
    --------
    Three good sources and six copies of a bad one.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 2000)
    >>> def source(accuracy):
    ...     return np.where(rng.random(2000) < accuracy, truth, 1 - truth)
    >>> L = np.stack([source(0.9), source(0.85), source(0.8), *[source(0.6)] * 6], axis=1)
    >>> model = Auto(cardinality=2).fit(L)
    >>> bool((model.predict(L) == truth).mean() > 0.9)
    True
    >>> model.diagnostics_["decided_by"]
    'agreement with the majority, covariances and the votes'
    """

    anchor, anchor_votes = 0.8, 100.0

    heard_: NDArray[np.float64]
    silence_: NDArray[np.float64]
    trust_: NDArray[np.float64]
    class_bias_: NDArray[np.float64]
    soft_scale_: NDArray[np.float64] = np.empty(0)  # models that were stored without it add soft votes up in parts
    guarded_: NDArray[np.bool_]

    def __init__(
        self,
        *,
        cardinality: int,
        class_balance: checks.GivenBalance = None,
        majority_weight: float = 0.3,
        edges: checks.Pairs | None = None,
        no_edges: checks.Pairs = (),
    ) -> None:
        self.cardinality = cardinality
        self.class_balance = class_balance
        self.majority_weight = majority_weight
        self.edges = edges
        self.no_edges = no_edges

    def _rules(self) -> dict[str, bool]:
        return {"majority_weight from 0 to below 1": 0 <= self.majority_weight < 1}

    # What is learned.

    def _find_edges(self, counted: EncodedVotes | Moments) -> None:
        super()._find_edges(counted.heaviest if isinstance(counted, EncodedVotes) else counted)

    def _overlaps(self, counted: EncodedVotes | Moments) -> dependencies.Overlaps:
        return super()._overlaps(counted.heaviest if isinstance(counted, EncodedVotes) else counted)

    def _learn(
        self, votes: EncodedVotes, found: dependencies.Overlaps, groups: NDArray[np.int64], gold: Gold | None
    ) -> None:
        plain = votes.heaviest
        counts, once = plain.per_lf, dependencies.shares(groups)
        several = (counts > 0).sum(axis=1) > 1
        self.weights_ = once * dependencies.damping(found, groups, several, votes.cardinality)
        self._start(votes, gold)
        guess = clamped(self._first_guess(votes, once, gold), gold)
        agreement, settled = self._agreement(plain, guess)
        share, covariances, balanced = self._covariances(plain, guess, gold)
        unseen = (counts.sum(axis=1) == 0) & (votes.per_lf.sum(axis=1) > 0)  # whose votes are all for sets of classes
        covariances[unseen], self.heard_[unseen] = agreement[unseen], sums.rounded(agreement[unseen])
        pooled = (1 - share) * anchors.centred(agreement) + share * anchors.centred(covariances)
        self.evidence_ = sums.rounded(pooled)
        self.soft_scale_ = soft_votes.scales(votes, guess, self.evidence_, self.class_balance_)
        added = self._sums(votes)
        if not settled or balanced < 1:
            # The less the classes can be as frequent as is assumed, the nearer to the votes of the majority.
            wished = self._wished_mass(votes, once, guess, gold, majority_share=1 - balanced / 2)
            scores = np.log(self.class_balance_)[:, None] + added.tempered(_TEMPER)
            bias = class_mass.tie(scores.T, votes.row_weights, wished, self.class_bias_)
            self.class_bias_ = np.round(_TIED * bias, DIGITS)
        parts = ["agreement with the majority", *(["covariances"] if share else [])]
        self.diagnostics_["decided_by"] = f"{', '.join(parts)} and the votes"
        if self.guarded_:
            held = self._answer(added)[1]
            self.diagnostics_["held"] = round(float(votes.row_weights[held].sum()))

    def _start(self, votes: EncodedVotes, gold: Gold | None) -> None:
        k = votes.cardinality
        self.class_bias_, self.silence_, self.soft_scale_ = np.zeros(k), np.zeros(k), np.zeros(votes.n_lfs)
        self.heard_, self.trust_ = np.zeros((votes.n_lfs, k, k)), np.array(0.0)
        self.guarded_ = np.array(gold is None and bool(np.allclose(self.class_balance_, 1 / k)))

    def _agreement(self, votes: EncodedVotes, guess: Probs) -> tuple[NDArray[np.float64], bool]:
        """Evidence from one round of Dawid-Skene, and whether confusion matrices settle the class mass."""
        expected, counts = votes.expected(guess), votes.per_lf
        precision = anchors.anchored_precision(
            expected, counts, self.class_balance_, anchor=self.anchor, strength=self.anchor_votes, rarity=_RARITY
        )
        evidence = dawid_skene.vote_evidence(expected, counts, precision, self.class_balance_)
        return evidence * self.weights_[:, None, None], dawid_skene.settles_mass(counts)

    def _covariances(
        self, votes: EncodedVotes, guess: Probs, gold: Gold | None
    ) -> tuple[float, NDArray[np.float64], float]:
        """Weight and evidence of the covariances, how far their balance can be right; sets what is heard of them."""
        nothing = 0.0, np.zeros_like(self.heard_), 1.0
        if self.diagnostics_["edges_found"] is None:  # too many votes for a table of pairs
            return nothing
        member = MatrixCompletion(
            cardinality=self.cardinality, class_balance=self.class_balance, edges=self.edges, no_edges=self.no_edges
        )
        rows = None
        if gold is not None:
            known = gold != UNKNOWN
            rows = GoldRows(votes.rows(known), gold[known])
        member.fit_part(self, Moments.of_encoded(votes, self.lf_names_), rows)
        fit = member.diagnostics_.get("misfit")
        self.diagnostics_.update(misfit=fit, trust=0.0)
        if member.diagnostics_["fallback"] or fit is None:
            return nothing
        balanced = self._balanced(votes, guess, member)
        believed = round(balanced * trust.at_its_word(fit, votes.n_all), DIGITS)
        self.heard_, self.silence_, self.trust_ = sums.rounded(member.evidence_), member.silence_, np.array(believed)
        self.diagnostics_["trust"] = believed
        share = balanced * trust.share(fit, float(member.gold_rows_.mean()))
        return share, member.log_odds(abstains_inform=False)[0], balanced

    def _balanced(self, votes: EncodedVotes, guess: Probs, member: MatrixCompletion) -> float:
        """How far the class balance that the covariances assume can be right; whoever gives it knows it."""
        uniform = bool(np.allclose(self.class_balance_, 1 / votes.cardinality))
        if self.class_balance is not None and not (checks.to_estimate(self.class_balance) and uniform):
            return 1.0
        # Coarse, since rounds that begin between two classes may carry rounding far.
        return round(trust.of_balance(votes, guess, self.weights_, member.probs_of), 2)

    def _trust_equally(self, votes: EncodedVotes, evidence: NDArray[np.float64]) -> None:
        self._start(votes, None)
        self.evidence_ = sums.rounded(evidence)
        self.diagnostics_["decided_by"] = "majority vote"

    def _finite(self) -> bool:
        learned = (self.evidence_, self.class_bias_, self.heard_, self.silence_, self.trust_)
        return all(bool(np.isfinite(part).all()) for part in learned)

    # What follows from it.

    def _sums(self, votes: EncodedVotes) -> sums.Sums:
        counted = soft_votes.as_heard(votes, self.soft_scale_)
        return sums.of_votes(votes, self.evidence_, self.heard_ if self.trust_ else None, counted=counted)

    def _answer(self, added: sums.Sums) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Probabilities, k x n, and the rows whose votes all agree and would have been overturned."""
        probs = self._mixed(added)
        if not self.guarded_:
            return probs, np.empty(0, np.intp)
        rows, agreed = added.agreed()
        wrong = probs[agreed, rows] < probs[:, rows].max(axis=0)
        held = rows[wrong]
        probs[:, held] /= 2
        probs[agreed[wrong], held] += 0.5
        return probs, held

    def _mixed(self, added: sums.Sums) -> NDArray[np.float64]:
        """Probabilities, k x n, before rows whose votes all agree are looked at."""
        prior = np.log(self.class_balance_)[:, None]
        scores = added.tempered(_TEMPER)
        if self.class_bias_.any():
            scores += self.class_bias_[:, None] * self._kept(added, scores + prior)
        scores *= _SCALE
        scores += prior
        pooled = normalised(scores)
        pooled *= 1 - self.majority_weight
        pooled += added.tally * (self.majority_weight / np.maximum(added.size, 1))
        if added.heard is None:
            return pooled
        np.log(np.maximum(pooled, _LEAST, out=pooled), out=pooled)
        pooled *= 1 - self.trust_
        pooled += self.trust_ * (added.heard + (self.silence_[:, None] + prior))
        return normalised(pooled)

    def _kept(self, added: sums.Sums, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the bias that each row takes, n: less than 1 where all votes agree."""
        kept = np.ones(len(added.size))
        rows, agreed = added.agreed()
        kept[rows] = class_mass.held_back(scores[:, rows].T, self.class_bias_, agreed)
        return kept

    def probs_of(self, votes: EncodedVotes) -> Probs:
        """Posterior of encoded votes."""
        return self._at_temperature(self._answer(self._sums(votes))[0], votes.covered)

    def probs_of_block(self, block: Block) -> Probs:
        """The same from plain votes, by faster loops where there are two classes."""
        plain = block.dense and not self.soft_scale_.any()
        tables = two_classes.packed(self.evidence_, self.heard_) if plain else None
        if tables is None:
            return self.probs_of(block.encoded)
        return two_classes.answer(block.L, self._rule_of_two(tables))

    def _rule_of_two(self, tables: NDArray[np.int32]) -> two_classes.Rule:
        """What `_answer` and `_at_temperature` do."""
        bias, silence, prior = (
            float(part[1] - part[0]) for part in (self.class_bias_, self.silence_, np.log(self.class_balance_))
        )
        return two_classes.Rule(
            tables=tables,
            temper=np.maximum(np.arange(tables.shape[1] + 1), 1) ** -_TEMPER,
            bias=bias,
            scale=_SCALE,
            prior=prior,
            majority_weight=self.majority_weight,
            trust=float(self.trust_),
            silence=silence,
            guarded=bool(self.guarded_),
            temperature=float(self.temperature_),
            balance=self.class_balance_,
            least=_LEAST,
        )

    def _at_temperature(self, probs: NDArray[np.float64], covered: NDArray[np.bool_]) -> Probs:
        if self.temperature_ != 1:
            probs = normalised(np.log(np.maximum(probs, _LEAST)) / self.temperature_)
        out = np.ascontiguousarray(probs.T)
        out[~covered] = self.class_balance_
        return out

    def _log_likelihood(self, votes: EncodedVotes) -> Probs:
        probs = self._answer(self._sums(votes))[0].T
        return np.log(np.maximum(probs, _LEAST)) - np.log(self.class_balance_)

    def _contributions(self, votes: EncodedVotes) -> NDArray[np.float64]:
        """The evidence of each vote, and an equal part of what bias, silence and mixing changed."""
        size, counted = np.maximum(votes.per_row, 1), soft_votes.as_heard(votes, self.soft_scale_)
        scale = (1 - self.trust_) * _SCALE / size**_TEMPER
        flat, heard = (part.reshape(-1, self.cardinality)[counted.codes] for part in (self.evidence_, self.heard_))
        out = spread(counted, flat * scale[counted.rows_of_codes, None] + self.trust_ * heard)
        rest = (self._log_likelihood(votes) - out.sum(axis=1)) / size[:, None]
        return out + spread(votes, rest[votes.rows_of_codes])
