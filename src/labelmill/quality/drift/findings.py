"""What a comparison of a window with the reference tells: numbers by layer, estimates, and what they mean."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

LayerName = Literal["input", "votes", "outputs"]
LAYERS: tuple[LayerName, ...] = ("input", "votes", "outputs")

State = Literal["stable", "drift", "cannot tell"]

DiagnosisKind = Literal["broken_feed", "stale_lf", "prior_shift", "new_content", "harmful"]
"""broken_feed: the rows themselves are damaged; stale_lf: a labeling function changed what it does; prior_shift:
other shares of the classes; new_content: rows of a kind that training did not see; harmful: the champion is worse."""


@dataclass(frozen=True)
class Signal:
    """One number of the reference beside the same of the window.

    Attributes
    ----------
    layer, kind, name
        What it is: of layer "votes" for example kind "coverage", name of the labeling function.
    reference, window
        The two values.
    z
        Their difference in standard errors, the sampling error of the reference included.
    alarm
        Whether it stands out among all signals of the layer, and is large enough to matter.
    """

    layer: LayerName
    kind: str
    name: str
    reference: float
    window: float
    z: float
    alarm: bool


@dataclass(frozen=True)
class LayerFindings:
    """One layer: the largest statistic, what it would rarely exceed without drift, and the signals behind it.

    `signals` has all of them, the largest first.
    """

    layer: LayerName
    state: State
    statistic: float
    threshold: float
    p_value: float
    signals: tuple[Signal, ...]

    @property
    def alarms(self) -> tuple[Signal, ...]:
        """The signals that stand out."""
        return tuple(signal for signal in self.signals if signal.alarm)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Findings:
    """What the comparison of a window with the reference tells.

    Attributes
    ----------
    n_reference, n_window
        Rows compared.
    layers
        By name, in order of `LAYERS`.
    prior
        By class, its share in the window as black-box shift estimation sees it; empty where it cannot.
    accuracy
        The champion's expected accuracy in the window by its own confidence, None where there are no scores.
    """

    n_reference: int
    n_window: int
    layers: dict[LayerName, LayerFindings]
    prior: dict[str, Estimate]
    accuracy: Estimate | None

    @classmethod
    def untold(cls, n_reference: int, n_window: int) -> "Findings":
        """Those of rows of which nothing can be told."""
        layers = {name: LayerFindings(name, "cannot tell", 0.0, 0.0, 1.0, ()) for name in LAYERS}
        return cls(n_reference, n_window, layers, {}, None)

    @property
    def state(self) -> State:
        """Drift where any layer drifts; cannot tell where no layer can."""
        states = {layer.state for layer in self.layers.values()}
        return "drift" if "drift" in states else "stable" if "stable" in states else "cannot tell"

    def to_json(self) -> dict[str, Any]:
        """The same in numbers, texts, lists and dicts."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Findings":
        """The findings again."""
        layers = {
            name: LayerFindings(**{**layer, "signals": tuple(Signal(**signal) for signal in layer["signals"])})
            for name, layer in content["layers"].items()
        }
        prior = {name: Estimate(**found) for name, found in content["prior"].items()}
        accuracy = Estimate(**content["accuracy"]) if content["accuracy"] else None
        return cls(content["n_reference"], content["n_window"], layers, prior, accuracy)


@dataclass(frozen=True)
class Diagnosis:
    """What the findings mean.

    Attributes
    ----------
    kind
        What happened.
    subject
        The labeling function, column or class that it is about; "" where it is about all rows.
    reason
        The same in plain words, with the numbers.
    confirmed
        Whether earlier windows said so, too, or it is too plain to wait for them.
    rows
        Ids of rows of the window that show it.
    before
        Ids of rows of the reference to compare them with, where there are such.
    words
        Words that show it, where it is about content.
    change
        What changed and which way, such as "coverage down", where it is about a labeling function.
    """

    kind: DiagnosisKind
    subject: str
    reason: str
    confirmed: bool
    rows: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    change: str = ""


@dataclass(frozen=True)
class Told:
    """What was told of an earlier window."""

    findings: Findings
    diagnoses: tuple[Diagnosis, ...]
