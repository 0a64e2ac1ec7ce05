"""The sections of `params.yaml`: every key with its type, its limits, its default and its meaning.

Those about the loop are in `loop_sections`.
"""

import datetime as dt
from typing import Literal

from pydantic import Field, model_validator

from labelmill.params.base import Count, Positive, Section, Share
from labelmill.params.loop_sections import DriftParams, PromoteParams, RetrainParams


class TaskParams(Section):
    """What is labeled; used by several stages."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_-]*$", description="Name of the task: MLflow experiment and registered model."
    )
    classes: tuple[str, ...] = Field(
        min_length=2, description="Class names; a class's number is its place in this list."
    )
    positive: str | None = Field(
        None, description="The class that F1 and precision-recall are about; the last one if absent."
    )
    text_columns: tuple[str, ...] = Field(("text",), min_length=1, description="Columns that hold the text of a row.")
    hidden_columns: tuple[str, ...] = Field(
        (), description="Columns that no labeling function and no feature may see (they serve splits and plots)."
    )
    seed: int = Field(0, ge=0, description="The one seed: splits, initial weights, bootstrap.")

    @property
    def cardinality(self) -> int:
        """Number of classes, k."""
        return len(self.classes)

    @property
    def positive_index(self) -> int:
        """Number of the positive class."""
        return self.classes.index(self.positive) if self.positive else self.cardinality - 1

    @model_validator(mode="after")
    def _check_names(self) -> "TaskParams":
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes has a name twice: {list(self.classes)}")
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(f"positive is {self.positive!r}, which is none of the classes {list(self.classes)}")
        return self


class SplitParams(Section):
    """How rows are dealt to train, dev, gate, test and incoming."""

    date_column: str | None = Field(None, description="Column with the date that `test_from` is compared with.")
    test_from: dt.date | None = Field(
        None, description="Rows from this day on are test and incoming; earlier ones train."
    )
    test_share: Share = Field(
        0.2, description="Where test_from is absent: share of rows, by id hash, that are test and incoming."
    )
    incoming_share: Share = Field(0.5, description="Share of those that are the incoming stream, by id hash.")
    dev_rows: Count = Field(200, description="Gold rows of the train period for work on labeling functions.")
    gate_rows: Count = Field(300, description="Gold rows of the train period that only promotion reads.")
    audit_share: Share = Field(
        0.1, description="Share of the rows of batches, by id hash, that join gate: people label them, none trains."
    )


class IngestParams(Section):
    """Where rows come from."""

    source: Literal["spamassassin", "generated", "mail", "csv", "jsonl", "parquet"] = Field(description="Which reader.")
    path: str | None = Field(None, description="File or folder to read; none for spamassassin and generated.")
    rows: Positive = Field(2000, description="Number of rows of the generated source.")
    id_column: str | None = Field(
        None, description="Column that identifies a row; if absent, `id` where there is one, else a hash of the row."
    )
    label_column: str | None = Field(
        None,
        description="Column with the gold class name or number, where there is gold; for mail, `folder`: its name.",
    )
    max_row_mb: float = Field(10.0, gt=0, description="A larger row is rejected.")
    shard_rows: Positive = Field(100_000, description="Rows per shard of the clean table.")
    window: Positive | None = Field(
        None,
        description="Only train rows of the last N days by date_column, counted from the newest date that is not "
        "in the future; all if absent.",
    )
    splits: SplitParams = SplitParams()  # type: ignore[call-arg]


class ColumnCheck(Section):
    """What is expected of one column; a row that breaks it is quarantined."""

    type: Literal["string", "number", "boolean", "datetime", "list"] = Field(
        description="Kind of values; a column of another kind stops the run."
    )
    required: bool = Field(True, description="Whether the run stops where there is no such column.")
    nullable: bool = Field(True, description="Whether a row may have no value.")
    min_length: Count | None = Field(None, description="Least number of characters of a string.")
    max_length: Count | None = Field(None, description="Greatest number of characters of a string.")
    min_value: float | None = Field(None, description="Least number.")
    max_value: float | None = Field(None, description="Greatest number.")
    after: dt.date | None = Field(None, description="Earliest day.")
    before: dt.date | None = Field(None, description="Day before which all dates lie.")
    max_null_share: Share = Field(1.0, description="A greater share of rows without a value stops the run.")

    @model_validator(mode="after")
    def _check_limits(self) -> "ColumnCheck":
        for kind, low, high in (
            ("string", "min_length", "max_length"),
            ("number", "min_value", "max_value"),
            ("datetime", "after", "before"),
        ):
            least, most = getattr(self, low), getattr(self, high)
            if self.type != kind and (least, most) != (None, None):
                raise ValueError(f"{low} and {high} are for columns of type {kind}, not {self.type}")
            if least is not None and most is not None and least > most:
                raise ValueError(f"{low} is {least}, which is beyond {high}, {most}")
        return self


class ValidateParams(Section):
    """What rows must look like before any labeling function sees them."""

    columns: dict[str, ColumnCheck] = Field(default_factory=dict, description="Expectations by column.")
    strict: bool = Field(False, description="Whether a column that is not declared stops the run.")
    min_rows: Positive = Field(100, description="Fewer rows stop the run.")
    max_quarantined_share: Share = Field(
        0.01, description="A greater share of rows that are quarantined, or were rejected by ingest, stops the run."
    )
    max_duplicate_share: Share = Field(
        0.3, description="A greater share of rows dropped as exact duplicates stops the run."
    )
    max_undecoded_share: Share = Field(
        0.05, description="A greater share of rows with undecodable bytes stops the run."
    )


class LimitsParams(Section):
    """What one labeling function may use in a worker process (`LABELMILL_WORKERS`) before the process is ended."""

    row_s: float = Field(1.0, gt=0, description="Seconds that a labeling function may take for one row.")
    batch_s: float = Field(
        60.0,
        gt=0,
        description="Seconds for a call that gets many rows, and for the first in a process, which may load a model.",
    )
    memory_mb: Positive = Field(2048, description="Megabytes that a worker may take beyond what it starts with.")
    killed_rows: Positive = Field(
        5, description="Rows that may end the process or run out of time before a labeling function is stopped."
    )


class LabelParams(Section):
    """How labeling functions are applied."""

    on_error: Literal["record", "raise"] = Field(
        "record", description="record: an error is kept beside the votes; raise: it stops the run."
    )
    max_error_share: Share = Field(
        0.01, description="A labeling function that fails on more rows than this stops the run, after all were applied."
    )
    limits: LimitsParams = LimitsParams()  # type: ignore[call-arg]


class FitLabelModelParams(Section):
    """Which label model turns votes into probabilities."""

    kind: Literal[
        "auto",
        "majority_vote",
        "weighted_vote",
        "anchored_precision",
        "dawid_skene",
        "generative",
        "matrix_completion",
        "triplets",
    ] = Field("auto", description="The label model: auto, unless you know why not.")
    class_balance: tuple[float, ...] | Literal["estimate"] | None = Field(
        None, description="Known share of each class; uniform if absent. estimate: from the votes, with an interval."
    )
    edges: tuple[tuple[str, str], ...] | None = Field(
        None,
        description="Pairs of labeling functions, by name, that depend on each other, and no others do; found from the "
        "votes if absent.",
    )
    no_edges: tuple[tuple[str, str], ...] = Field(
        (), description="Pairs of labeling functions, by name, that are independent, however alike they look."
    )
    max_iter: Positive = Field(100, description="Most rounds of expectation maximisation, for kinds that have rounds.")
    tol: float = Field(1e-4, gt=0, description="Change of the probabilities at which those rounds end.")


class FeaturizeParams(Section):
    """What the end model sees of a row, beside the words of `task.text_columns`."""

    numeric_columns: tuple[str, ...] = Field(
        (), description="Columns used as numbers: numbers, booleans, or lists, of which the length counts."
    )
    categorical_columns: tuple[str, ...] = Field((), description="Columns used as categories.")
    text_shape: bool = Field(
        True, description="Whether length, capitals, digits, !, $ and links of each text column count as numbers."
    )
    max_features: Positive = Field(30_000, description="Largest vocabulary per text column.")
    max_categories: Positive = Field(200, description="Most categories per categorical column, frequent ones first.")
    min_df: Positive = Field(3, description="A term or a category must occur in this many train rows.")
    join_texts: bool = Field(
        True, description="Count words over all text columns as one text; false: each column for itself."
    )
    ngrams: Positive = Field(2, description="Longest word n-gram.")
    letter_ngrams: Literal[0, 3, 4, 5, 6] = Field(
        0, description="Longest letter n-gram; 0: none. They see through misspelt and new words."
    )


class TrainParams(Section):
    """The end model and how it is trained."""

    model: Literal["linear", "mlp"] = Field("linear", description="linear: logistic regression; mlp: one hidden layer.")
    hidden: Positive = Field(64, description="Units of the hidden layer of mlp.")
    dropout: Share = Field(0.2, description="Dropout of mlp.")
    targets: Literal["soft", "hard"] = Field("soft", description="Train on probabilities, or on the most likely class.")
    class_weight: Literal["none", "balanced"] = Field(
        "none", description="balanced: every class weighs the same in sum, however many rows it has."
    )
    confidence_power: float = Field(
        0.75, ge=0, description="Row weight is (1 - entropy / log k) to this power; 0: all rows equal."
    )
    optimizer: Literal["auto", "lbfgs", "adam"] = Field(
        "auto", description="lbfgs: all rows in each step; adam: batches. auto: lbfgs for linear, adam for mlp."
    )
    epochs: Positive = Field(60, description="Most epochs; of lbfgs, one epoch is up to 5 iterations.")
    batch_size: Positive = Field(256, description="Rows per step of adam.")
    learning_rate: float = Field(0.01, gt=0, description="Step size of adam.")
    weight_decay: float = Field(1e-4, ge=0, description="L2 penalty on the weights.")
    valid_share: float = Field(
        0.1, ge=0, lt=1, description="Share of train rows, by id hash, held out for early stopping on the weak loss."
    )
    patience: Positive = Field(5, description="Epochs without improvement before training stops.")
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "64-true"] = Field(
        "32-true", description="Lightning's precision; 16-mixed goes with adam."
    )

    @property
    def solver(self) -> Literal["lbfgs", "adam"]:
        """The optimizer that `auto` stands for."""
        if self.optimizer == "auto":
            return "lbfgs" if self.model == "linear" and self.precision != "16-mixed" else "adam"
        return self.optimizer

    @model_validator(mode="after")
    def _check_optimizer(self) -> "TrainParams":
        if self.optimizer == "lbfgs" and (self.model == "mlp" or self.precision == "16-mixed"):
            raise ValueError("optimizer lbfgs is for model linear at a precision other than 16-mixed; use adam or auto")
        return self


class BaselinesParams(Section):
    """What the end model is compared with."""

    gold_train: bool = Field(True, description="Train the same learner on all train gold, as an upper bound.")
    gold_dev: bool = Field(True, description="Train the same learner on dev gold: what the labels cost to match.")


class EvaluateParams(Section):
    """How test scores are made."""

    bootstrap_samples: Positive = Field(1000, description="Resamples behind each 95 % interval.")
    calibration_bins: Positive = Field(15, description="Bins of the expected calibration error.")
    disagreements: Count = Field(20, description="Rows shown where label model and end model disagree most.")


class TrackParams(Section):
    """What is logged to MLflow."""

    register_model: bool = Field(True, description="Register the end model with alias challenger.")


class Params(Section):
    """The whole of `params.yaml`."""

    task: TaskParams
    ingest: IngestParams
    validate_: ValidateParams = Field(default_factory=ValidateParams, alias="validate")
    label: LabelParams = LabelParams()  # type: ignore[call-arg]
    fit_label_model: FitLabelModelParams = FitLabelModelParams()  # type: ignore[call-arg]
    featurize: FeaturizeParams = FeaturizeParams()  # type: ignore[call-arg]
    train: TrainParams = TrainParams()  # type: ignore[call-arg]
    baselines: BaselinesParams = BaselinesParams()  # type: ignore[call-arg]
    evaluate: EvaluateParams = EvaluateParams()  # type: ignore[call-arg]
    track: TrackParams = TrackParams()  # type: ignore[call-arg]
    promote: PromoteParams = PromoteParams()  # type: ignore[call-arg]
    drift: DriftParams = DriftParams()  # type: ignore[call-arg]
    retrain: RetrainParams = RetrainParams()  # type: ignore[call-arg]
