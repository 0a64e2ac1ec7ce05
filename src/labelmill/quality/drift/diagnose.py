"""What the difference between a window and the reference means."""

from collections.abc import Callable, Sequence

from labelmill.params import DriftParams
from labelmill.quality.drift.confidence import reference_accuracy
from labelmill.quality.drift.content import NewContent, new_content
from labelmill.quality.drift.feed import broken_feed
from labelmill.quality.drift.findings import Diagnosis, Findings, Signal, Told
from labelmill.quality.drift.gathering import Sample
from labelmill.quality.drift.prior import Shift, estimate_shift, shift_by_label_model
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows
from labelmill.quality.drift.stale import Stale, shift_weights, stale_lfs

LOOKED_BACK = 2
"""Seen now and in one of so many windows before: that is two of three."""


def diagnose(
    reference: Reference, window: Rows, findings: Findings, *, params: DriftParams, history: Sequence[Told]
) -> list[Diagnosis]:
    """What happened, the most urgent first; several things may have happened at once.

    Parameters
    ----------
    reference, window
        What was compared.
    findings
        What `compare` told of them.
    params
        Section `drift` of the parameters.
    history
        What was told of earlier windows, the newest last: what they show, too, is confirmed.

    Returns
    -------
    list of Diagnosis
        Empty where nothing stands out. Of damaged rows nothing else is told: it would be about the damage.
    """
    if findings.state != "drift":
        return []
    measured = Sample.of(window, reference.schema, seed=reference.seed, most=len(reference.sample))
    if broken := broken_feed(reference, window, measured, findings):
        return [Diagnosis("broken_feed", subject, f"{reason}.", confirmed=True) for subject, reason in broken]
    shift = estimate_shift(reference, window)
    content = new_content(reference, window, measured, findings, shift_weights(reference, shift), params)
    stale = stale_lfs(reference, window, findings, shift, params)
    sees = _Witness(findings, history, params)
    found = [*_harmful(reference, findings, params, sees), *(_stale(one, sees) for one in stale)]
    # A stale labeling function misleads the label model.
    if shift is not None and (shift.by_champion or not stale):
        # The estimate takes for granted that rows of a class look as before. With new content they do not: then the
        # label model, which new words mislead otherwise than the champion, must see the same.
        second = shift_by_label_model(reference, window) if content else shift
        found += _prior_shift(reference, shift, second, findings, params, sees)
    return found + ([_content(content, sees)] if content else [])


class _Witness:
    """Whether something is plain in this window, or was seen in one of the last, too."""

    def __init__(self, findings: Findings, history: Sequence[Told], params: DriftParams) -> None:
        self._now, self._before, self._plain = findings, history[-LOOKED_BACK:], params.plain

    def confirms(self, about: Callable[[Signal], bool]) -> bool:
        """Whether signals of this sort stand out often or far enough."""
        for layer in self._now.layers.values():
            if any(about(signal) and abs(signal.z) > self._plain * layer.threshold for signal in layer.alarms):
                return True
        earlier = (layer for told in self._before for layer in told.findings.layers.values())
        return any(about(signal) for layer in earlier for signal in layer.alarms)

    def confirms_stale(self, one: Stale) -> bool:
        """The same of a labeling function: by what is left unexplained, and by what was left so before."""
        if abs(one.signal.z) > self._plain * self._now.layers["votes"].threshold:
            return True
        same = ("stale_lf", one.lf, one.change)
        return any((d.kind, d.subject, d.change) == same for told in self._before for d in told.diagnoses)


def _stale(one: Stale, sees: _Witness) -> Diagnosis:
    """A labeling function that changed, in words."""
    signal, lf = one.signal, one.lf
    what = {
        "coverage": "votes on {now:.1%} of the rows, {before:.1%} were to be expected",
        "agreement": "agrees with the others on {now:.0%} of its rows, {before:.0%} were to be expected",
        "class_share": "divides its votes otherwise: {now:.0%} for one class, {before:.0%} were to be expected",
        "error": "fails on {now:.1%} of the rows, {before:.1%} before",
    }[signal.kind].format(now=signal.window, before=signal.reference)
    reason = f"{lf} {what} (z = {signal.z:.1f})."
    return Diagnosis("stale_lf", lf, reason, sees.confirms_stale(one), one.rows, one.before, change=one.change)


def _prior_shift(
    reference: Reference,
    shift: Shift,
    second: Shift | None,
    findings: Findings,
    params: DriftParams,
    sees: _Witness,
) -> list[Diagnosis]:
    """Of the classes whose share is sure to have changed, also by a second opinion, the one that changed most."""
    changes = [round(abs(change.value), 9) for change in shift.change]
    sure = [
        number
        for number in range(len(changes))
        if second is not None
        and all(by.is_sure(number, least=params.prior_change) for by in (shift, second))
        and shift.change[number].value * second.change[number].value > 0
    ]
    if findings.layers["outputs"].state != "drift" or not sure:
        return []
    number = max(sure, key=lambda place: (changes[place], place))
    name, share = reference.schema.classes[number], shift.window[number]
    reason = (
        f"the share of class {name} is {share.value:.1%} ({share.low:.1%} to {share.high:.1%}), "
        f"before: {shift.reference[number]:.1%}."
    )
    more = shift.change[number].value > 0

    def shows_it(signal: Signal) -> bool:
        about = signal.kind in ("mean", "predicted") and signal.name.endswith(f": {name}")
        return about and _more(signal) == more

    return [Diagnosis("prior_shift", name, reason, sees.confirms(shows_it))]


def _content(content: NewContent, sees: _Witness) -> Diagnosis:
    """New content, in words."""
    words = ", ".join(content.words[:5])
    reason = f"a new row is told from an old one {content.auc:.0%} of the time by its words, the classes evened out"
    reason += f"; above all by {words}." if words else "."
    confirmed = sees.confirms(lambda signal: signal.kind in ("content", "vocabulary") and _more(signal))
    return Diagnosis("new_content", "", reason, confirmed, content.rows, words=content.words)


def _harmful(reference: Reference, findings: Findings, params: DriftParams, sees: _Witness) -> list[Diagnosis]:
    """Whether the champion is worse by its own confidence; see `gold` for what people said since."""
    alarms = findings.layers["outputs"].alarms
    before, now = reference_accuracy(reference), findings.accuracy

    def unsure(signal: Signal) -> bool:
        return signal.kind == "confidence" and not _more(signal)

    if before is None or now is None or not any(map(unsure, alarms)) or now.high >= before - params.harmful_margin:
        return []
    reason = (
        f"the champion can be expected to be right on {now.value:.1%} of the rows ({now.low:.1%} to {now.high:.1%}) "
        f"by its own confidence, before: {before:.1%}."
    )
    return [Diagnosis("harmful", "", reason, sees.confirms(unsure))]


def _more(signal: Signal) -> bool:
    """Which way: what went up is not confirmed by what went down before."""
    return signal.window > signal.reference
