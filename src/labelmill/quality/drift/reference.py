"""What training saw, as far as drift needs it: counts over all rows, and a bounded sample of them."""

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labelmill import storage
from labelmill.errors import DataError
from labelmill.quality.drift import outputs
from labelmill.quality.drift.gathering import Gathering, Sample, arrays_of, from_arrays
from labelmill.quality.drift.inputs import InputForm, is_measurable
from labelmill.quality.drift.outputs import Features
from labelmill.quality.drift.rows import Rows, Schema
from labelmill.quality.drift.shares import Shares
from labelmill.quality.drift.votes import VoteCounts, VoteForm

SAMPLE_ROWS = 20_000

REFERENCE, SAMPLE, ARRAYS = "reference.json", "sample.parquet", "arrays.npz"


@dataclass(frozen=True, eq=False)
class Reference:
    """What windows are compared with.

    Attributes
    ----------
    schema
        What the columns are.
    seed
        Decides which rows are kept, and what is drawn.
    votes
        Counts of votes over all rows.
    outputs
        Sums of the signals of models over all rows.
    sample
        Rows that were kept. The signals of the input are of these alone: reading all texts would cost more than it
        tells.
    drawn
        What was drawn from the sample already, so that every further window finds it.
    """

    schema: Schema
    seed: int
    votes: VoteCounts
    outputs: Shares
    sample: Sample
    drawn: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, parts: Iterable[Rows], schema: Schema, *, seed: int, sample_rows: int = SAMPLE_ROWS) -> "Reference":
        """The reference of the rows of all parts, in one pass; the same in whatever order they come.

        Parameters
        ----------
        parts
            The rows, some at a time.
        schema
            What the columns are.
        seed
            The seed of the task.
        sample_rows
            Rows to keep.

        Raises
        ------
        DataError
            There is no row.
        """
        votes: VoteCounts | None = None
        sums: Shares | None = None
        gathering = Gathering(schema, seed=seed, most=sample_rows)
        for rows in parts:
            if not len(rows):
                continue
            counted = VoteCounts.of(rows.L, rows.failed, cardinality=schema.cardinality)
            summed = outputs.features(rows, schema).sums()
            votes = counted if votes is None else votes + counted
            sums = summed if sums is None else sums + summed
            gathering.add(rows)
        if votes is None or sums is None:
            raise DataError("no rows to make a reference of. Label rows first: `labelmill run`.")
        return cls(schema, seed, votes, sums, gathering.sample())

    @property
    def n(self) -> int:
        """Rows that were counted."""
        return self.votes.n

    @property
    def on_gold(self) -> tuple[int, int]:
        """On how many rows with gold the champion is right, and how many those are."""
        return int(self.outputs.hits[-1]), int(self.outputs.bases[-1])

    @cached_property
    def vote_form(self) -> VoteForm:
        """Which signals the layer of votes has."""
        return VoteForm.of(self.votes, self.schema.lf_names, self.schema.classes)

    @cached_property
    def input_form(self) -> InputForm:
        """Which signals the layer of input has."""
        return InputForm.of(self.sample.measured, self.sample.grams, self.sample.keys)

    @cached_property
    def input_features(self) -> Features:
        """What each row of the sample adds to the signals of the input."""
        sample = self.sample
        return self.input_form.features(sample.measured, sample.grams, measurable=is_measurable(sample.keys))

    @cached_property
    def output_features(self) -> Features:
        """What each row of the sample adds to the signals of the models."""
        return outputs.features(self.rows, self.schema)

    @cached_property
    def rows(self) -> Rows:
        """The sample as rows, without their data."""
        sample = self.sample
        frame = pd.DataFrame({"id": sample.ids})
        return Rows(frame, sample.L, sample.probs, sample.scores, sample.failed, sample.gold)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that it holds."""
        digest = hashlib.sha256(json.dumps(self._head(), sort_keys=True).encode())
        digest.update(self._npz())
        digest.update(self._table().to_csv(index=False).encode())
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        """Write the reference as a folder of JSON, Parquet and plain arrays; equal references give equal bytes."""
        with storage.new_folder(folder, rows=self.n, sample_rows=len(self.sample)) as new:
            storage.write_json(new / REFERENCE, self._head())
            storage.write_table(new / SAMPLE, self._table())
            storage.write_bytes(new / ARRAYS, self._npz())

    @classmethod
    def load(cls, folder: Path) -> "Reference":
        """Read it again, checksums verified.

        Raises
        ------
        StorageError
            There is no such folder.
        CorruptFileError
            A file is not what was written.
        """
        storage.verify_folder(folder)
        head = storage.read_json(folder / REFERENCE)
        with np.load(folder / ARRAYS, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        schema = Schema(**{name: tuple(values) for name, values in head["schema"].items()})
        counts = [arrays.pop(f"votes.{name}") for name in _COUNTS]
        sums = Shares(arrays.pop("outputs.hits"), arrays.pop("outputs.bases"))
        sample = from_arrays(arrays, storage.read_table(folder / SAMPLE))
        return cls(schema, head["seed"], VoteCounts(head["rows"], *counts), sums, sample)

    def _head(self) -> dict[str, object]:
        schema = {name: list(names) for name, names in asdict(self.schema).items()}
        return {"schema": schema, "seed": self.seed, "rows": self.n}

    def _table(self) -> pd.DataFrame:
        return pd.concat([pd.DataFrame({"id": self.sample.ids.astype(str)}), self.sample.measured], axis=1)

    def _npz(self) -> bytes:
        buffer = io.BytesIO()
        counts = {f"votes.{name}": getattr(self.votes, name) for name in _COUNTS}
        sums = {"outputs.hits": self.outputs.hits, "outputs.bases": self.outputs.bases}
        np.savez_compressed(buffer, allow_pickle=False, **counts, **sums, **arrays_of(self.sample))
        return buffer.getvalue()


_COUNTS = ("votes", "both", "same", "agreement", "failed")
