"""Our label models and those of others by name, asked in one way."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from peers import PEERS, SLOW

from labelmill import label_model

BASELINE = "majority_vote"
DEFAULT = next(kind for kind in ("auto", "anchored_precision") if kind in label_model.KINDS)
"""The label model that is taken where nothing is said; goals are about it."""


@dataclass(frozen=True)
class Answer:
    """Probabilities for all rows of a set, n x k, or why there are none."""

    probs: np.ndarray | None
    seconds: float = np.nan
    """CPU seconds of the fit."""
    model: Any = None
    why_not: str | None = None


def ours() -> list[str]:
    """All our label models, the baseline first and the default second."""
    first = [BASELINE, DEFAULT]
    return [*first, *(kind for kind in label_model.KINDS if kind not in first)]


def others(*, slow: bool = False) -> list[str]:
    """The peers, whether or not they are installed."""
    return [name for name in PEERS if slow or name not in SLOW]


def make(name: str, cardinality: int, class_balance: Any = None, **hyperparameters: Any) -> Any:
    """Make a system by its name."""
    if name in PEERS:
        return PEERS[name](cardinality, class_balance)
    return label_model.make(name, cardinality=cardinality, class_balance=class_balance, **hyperparameters)


def ask(name: str, L: np.ndarray, cardinality: int, class_balance: Any = None, **hyperparameters: Any) -> Answer:
    """Fit on all rows and predict all of them; what fails says why, and stops nobody else.

    Rows without votes get equal probabilities from everybody.
    """
    try:
        model = make(name, cardinality, class_balance, **hyperparameters)
        start = time.process_time()
        model = model.fit(L)
        seconds = time.process_time() - start
        probs = np.array(model.predict_proba(L), dtype=float)
    except Exception as error:  # of whatever kind: peers fail in many ways
        return Answer(None, why_not=_reason(error))
    if not np.isfinite(probs).all():
        return Answer(None, seconds, model, "not a number")
    probs[~(L >= 0).any(axis=1)] = 1 / cardinality
    return Answer(probs, seconds, model)


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:100] if text else ''}"


def warm_up(names: list[str]) -> dict[str, str]:
    """Fit everybody on a few votes, so that no time contains imports or compiling; who cannot do it, and why."""
    votes = np.random.default_rng(0).integers(-1, 2, size=(200, 5)).astype(np.int8)
    reasons = {name: ask(name, votes, 2).why_not for name in names}
    return {name: reason for name, reason in reasons.items() if reason}
