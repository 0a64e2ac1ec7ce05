"""The sections of `params.yaml` about the loop: when drift is told, what retrains, what is promoted."""

from typing import Literal

from pydantic import Field

from labelmill.params.base import Count, Positive, Section, Share


class PromoteParams(Section):
    """When a challenger becomes champion."""

    margin: Share = Field(
        0.0, description="How much more balanced accuracy on gate gold than its rivals a first champion needs."
    )
    bootstrap_samples: Positive = Field(1000, description="Resamples behind the comparison.")
    tolerance: Share = Field(
        0.005,
        description="How much less balanced accuracy on gate gold than the champion's a challenger may measure; "
        "a loss that chance makes of an equal model in nine of ten cases is borne, too.",
    )
    worst_loss: Share = Field(
        0.05, description="The loss of balanced accuracy that gate gold must rule out with 95 % confidence."
    )
    slice_rows: Positive = Field(200, description="Slices of gate gold with fewer rows are shown, but decide nothing.")
    slice_tolerance: Share = Field(
        0.02, description="How much less accuracy on a slice is borne; a loss that chance explains is, too."
    )
    calibration_tolerance: Share = Field(
        0.03, description="How much more calibration error is borne; an increase that chance explains is, too."
    )
    latency_factor: float = Field(
        2.0, ge=1, description="How many times the champion's CPU time (p99 per 16 rows) a challenger may take."
    )
    window_rows: Count = Field(
        2000, description="Newest rows outside training on which both are compared by weak labels; 0 for none."
    )
    on_weak_labels: bool = Field(
        False,
        description="Where there is no gate gold, let weak labels decide, if lfs/ is the same as for the champion.",
    )


class DriftParams(Section):
    """When new rows count as other than those that training saw."""

    level: float = Field(
        0.005, gt=0, lt=0.5, description="Share of windows without drift that may alarm, all layers together."
    )
    min_rows: Positive = Field(500, description="A smaller window tells nothing: it waits for the next.")
    sample_rows: Positive = Field(20_000, description="Rows of the reference that are kept to draw from.")
    null_draws: Positive = Field(2000, description="Windows drawn from the reference to see what chance does.")
    share_change: Share = Field(0.02, description="Change of a share of the rows that matters.")
    agreement_change: Share = Field(
        0.05, description="Change of a labeling function's agreement with the others that matters."
    )
    prior_change: Share = Field(0.05, description="Change of a class's share that counts as a prior shift.")
    content_auc: float = Field(
        0.53, ge=0.5, le=1, description="How well new rows must be told from old ones by their words (0.5: not at all)."
    )
    harmful_margin: Share = Field(0.03, description="Loss of the champion's accuracy that counts as harmful.")
    plain: float = Field(
        2.0, ge=1, description="What exceeds its threshold so many times need not be seen in a second window."
    )


class RetrainParams(Section):
    """What drift sets off: when the loop trains again by itself."""

    diagnoses: tuple[Literal["prior_shift", "new_content", "harmful"], ...] = Field(
        ("prior_shift", "new_content", "harmful"), description="Which confirmed diagnoses retrain."
    )
    cooldown_hours: float = Field(12.0, ge=0, description="Hours from one retrain to the next, at least.")
    daily_cap: Positive = Field(2, description="Most retrains in any 24 hours.")
    timeout_hours: float = Field(
        6.0, gt=0, description="A retrain that led to no promotion and no refusal for so long is given up."
    )
