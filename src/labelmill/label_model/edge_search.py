"""What every label model does about edges: look for them once, mind those that are given, and say which there are."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.errors import LabelModelError
from labelmill.label_model import checks, dependencies
from labelmill.label_model.edges import COLUMNS, MOST_CODES, find_edges
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.moments import Moments

_MOST_EDGES = 1_000
"""Edges that a model reports and stores, the strongest; it learns from all, and `edges_found` counts them."""


class EdgeSearch(ABC):
    """The part of `LabelModel` that knows about edges."""

    cardinality: int
    edges: checks.Pairs | None = None
    no_edges: checks.Pairs = ()
    lf_names_: list[str]
    _edges: pd.DataFrame
    """All that were found, for the fit to learn from; not stored, since there may be as many as pairs."""
    diagnostics_: dict[str, Any]

    @abstractmethod
    def _warn(self, message: str) -> None:
        """Add to the warnings of the fit."""

    @abstractmethod
    def _check_fitted(self) -> None:
        """Refuse if there was no fit."""

    @property
    def edges_(self) -> pd.DataFrame:
        """Pairs of labeling functions that depend on each other, the strongest first; at most 1,000."""
        self._check_fitted()
        return pd.DataFrame(self.diagnostics_.get("edges", []), columns=list(COLUMNS))

    def _find_edges(self, counted: EncodedVotes | Moments) -> None:
        """Look for edges once, before anything is learned; the declared ones are reported with them."""
        declared, forbidden = self._declared()
        codes = len(self.lf_names_) * self.cardinality
        if codes > MOST_CODES:
            self._edges = pd.DataFrame(columns=list(COLUMNS))
            self.diagnostics_.update(edges=[], edges_found=None)
            self._warn(f"did not look for edges: {codes:,} different votes are more than {MOST_CODES:,}")
            return
        names, k = self.lf_names_, self.cardinality
        table = find_edges(*counted.meetings, cardinality=k, lf_names=names, declared=declared, forbidden=forbidden)
        self._edges = table
        self.diagnostics_.update(edges=table.head(_MOST_EDGES).to_dict("records"), edges_found=len(table))

    def take_edges(self, whole: "EdgeSearch") -> None:
        """Use what another model has found on the same votes."""
        self._edges = whole._edges
        self.diagnostics_.update({name: whole.diagnostics_[name] for name in ("edges", "edges_found")})

    def _declared(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Pairs in `edges` and in `no_edges`, m x m each."""
        declared = checks.as_pairs(() if self.edges is None else self.edges, self.lf_names_, "edges")
        forbidden = checks.as_pairs(self.no_edges, self.lf_names_, "no_edges")
        if (declared & forbidden).any():
            i, j = (self.lf_names_[p] for p in np.argwhere(declared & forbidden)[0])
            raise LabelModelError(f"{i} and {j} are a pair both in edges and in no_edges: take it out of one of them.")
        return declared, forbidden

    def _excess(self, kind: str | None = None) -> NDArray[np.float64]:
        """How far each two depend on each other, -1 to 1, m x m: the declared pairs, or those found if none are."""
        names = pd.Index(self.lf_names_)
        out = np.zeros((len(names), len(names)))
        edges = self._edges if kind is None else self._edges[self._edges["kind"] == kind]
        i, j = (names.get_indexer(edges[end]) for end in ("lf_a", "lf_b"))
        out[i, j] = out[j, i] = edges["excess"].to_numpy(np.float64)
        return out if self.edges is None else np.where(self._declared()[0], out, 0)

    def _overlaps(self, counted: EncodedVotes | Moments) -> dependencies.Overlaps:
        """How labeling functions meet, and how far each two depend on each other."""
        found = replace(dependencies.overlaps(counted), forbidden=self._declared()[1])
        if self.diagnostics_["edges_found"] is None:
            return found
        near = dependencies.near_copies(found, self._excess("agree"), self.cardinality)
        return replace(found, excess=self._excess(), declared=self.edges is not None, near=near)
