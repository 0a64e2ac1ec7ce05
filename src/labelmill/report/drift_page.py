"""`reports/drift.html`: the newest verdict first, then all windows over time; and the same in Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from labelmill import paths, storage
from labelmill.params import Params
from labelmill.quality.drift.findings import Diagnosis, Signal
from labelmill.quality.watched import Shown, Watched, monitor
from labelmill.report import drift_charts, drift_words
from labelmill.report.rendering import environment
from labelmill.report.text import plain

WINDOWS_DRAWN: Final = 60
"""The newest windows, which the page is about; `state/monitor/` has all."""
WINDOWS_LISTED: Final = 40
SIGNALS_SHOWN: Final = 40


def write_drift_page(newest: Sequence[Watched], params: Params, *, windows: int) -> None:
    """Write the page and `state/monitor/latest.md` from the newest windows, oldest first, of `windows` in all."""
    storage.write_text(paths.DRIFT_PAGE, render(newest, params, windows=windows))
    if newest:
        storage.write_text(_latest(), drift_words.as_markdown(newest[-1]))


def is_current(windows: Sequence[Watched]) -> bool:
    """Whether the page has the newest window; the Markdown is written after it."""
    if not paths.DRIFT_PAGE.exists() or not windows:
        return paths.DRIFT_PAGE.exists()
    return _latest().exists() and _latest().read_text(encoding="utf-8") == drift_words.as_markdown(windows[-1])


def _latest() -> Path:
    return monitor() / "latest.md"


def render(drawn: Sequence[Watched], params: Params, *, windows: int) -> str:
    """The page as HTML; text from rows is escaped, and nothing is loaded from any network."""
    newest = drawn[-1] if drawn else None
    classes = params.task.classes
    positive = classes[params.task.positive_index]
    return (
        environment()
        .get_template("drift.html")
        .render(
            task=params.task.name,
            window=newest,
            state=drift_words.verdict(newest) if newest else ("rows", "Nothing was watched yet."),
            basis=drift_words.basis(newest) if newest else "",
            decided=drift_words.decided(newest) if newest else [],
            tiles=_tiles(newest, positive) if newest else [],
            diagnoses=_diagnoses(newest) if newest else [],
            earlier=_earlier(drawn),
            positive=plain(positive, limit=40),
            charts=_charts(drawn, classes, positive),
            lfs=drift_charts.labeling_functions(drawn),
            lfs_drawn=drift_charts.MOST_LFS,
            alarms=_signals(drift_words.alarms(newest)) if newest else [],
            largest=_signals(_largest(newest)) if newest else [],
            history=[_window_line(window) for window in reversed(drawn[-WINDOWS_LISTED:])],
            windows=windows,
        )
    )


def _tiles(window: Watched, positive: str) -> list[tuple[str, str, str, str]]:
    """What the newest window says in a few numbers: mark, label, number, note."""
    marks = {"stable": "ok", "drift": "rows", "cannot tell": ""}
    tiles = [
        (
            "",
            "rows in the window",
            f"{window.findings.n_window:,}",
            f"beside {window.findings.n_reference:,} of training",
        )
    ]
    for layer in window.findings.layers.values():
        note = (
            f"largest statistic {drift_words.statistic(layer)}, threshold {layer.threshold:.1f}"
            if layer.state != "cannot tell"
            else "too few rows"
        )
        tiles.append((marks[layer.state], drift_words.LAYERS[layer.layer], layer.state, note))
    prior = window.findings.prior
    shifted = next((found.subject for found in window.diagnoses if found.kind == "prior_shift"), None)
    name = shifted if shifted in prior else positive
    if name in prior:
        found = prior[name]
        tiles.append(
            ("", f"share of {plain(name, limit=20)}", f"{found.value:.0%}", f"{found.low:.0%} to {found.high:.0%}")
        )
    accuracy = window.findings.accuracy
    if accuracy is not None:
        note = f"{accuracy.low:.1%} to {accuracy.high:.1%}, by its own confidence"
        tiles.append(("", "expected accuracy", f"{accuracy.value:.1%}", note))
    return tiles


def _charts(windows: Sequence[Watched], classes: Sequence[str], positive: str) -> list[tuple[str, str, Any]]:
    named = plain(positive, limit=40)
    share = "each class" if len(classes) > 2 else plain(classes[1], limit=40)
    charts = [
        (
            "How far from training",
            "largest statistic by layer; above the dashed line it is drift",
            drift_charts.layers(windows),
        ),
        (
            f"Share of {share}",
            "as black-box shift estimation sees it, with 95 % interval",
            drift_charts.priors(windows, classes),
        ),
        (
            "Votes",
            "rows that no labeling function votes on, and rows with conflicting votes",
            drift_charts.votes(windows),
        ),
        (
            "Scores",
            f"share of rows called {named}, and share on which the models differ",
            drift_charts.scores(windows, positive),
        ),
    ]
    return [(title, note, drawn) for title, note, drawn in charts if drawn]


def _diagnoses(window: Watched) -> list[dict[str, Any]]:
    samples = [*window.samples, *[Shown()] * len(window.diagnoses)]
    return [_diagnosis(found, shown) for found, shown in zip(window.diagnoses, samples, strict=False)]


def _diagnosis(found: Diagnosis, shown: Shown) -> dict[str, Any]:
    return {
        "title": drift_words.DIAGNOSES[found.kind],
        "subject": found.subject,
        "mark": "stop" if found.kind == "broken_feed" else "rows" if found.confirmed else "",
        "confirmed": found.confirmed,
        "reason": found.reason,
        "words": found.words[:30],
        "sides": [
            (name, rows) for name, rows in (("in this window", shown.rows), ("in training", shown.before)) if rows
        ],
    }


def _earlier(windows: Sequence[Watched]) -> list[dict[str, Any]]:
    """Labeling functions that windows before the newest found stale and that are as they were."""
    found: dict[str, dict[str, Any]] = {}
    for window in windows[:-1]:
        for diagnosis in window.confirmed:
            lf = diagnosis.subject
            if diagnosis.kind == "stale_lf" and window.lfs.get(lf) == windows[-1].lfs.get(lf):
                found.setdefault(lf, {"window": window.seq, "lf": lf, "reason": diagnosis.reason})
    return list(found.values())[-10:]


def _largest(window: Watched) -> list[Signal]:
    """The largest differences of all layers, whether or not they stand out."""
    signals = [signal for layer in window.findings.layers.values() for signal in layer.signals if not signal.alarm]
    return sorted(signals, key=lambda signal: -abs(signal.z) if signal.z == signal.z else 0.0)[:20]


def _signals(signals: Sequence[Signal]) -> list[dict[str, Any]]:
    return [
        {
            "layer": drift_words.LAYERS[signal.layer],
            "name": drift_words.signal_name(signal),
            "reference": drift_words.signal_value(signal, signal.reference),
            "window": drift_words.signal_value(signal, signal.window),
            "change": drift_words.signal_change(signal).replace("-", "−"),
            "z": f"{signal.z:+.1f}".replace("-", "−"),
        }
        for signal in signals[:SIGNALS_SHOWN]
    ]


def _window_line(window: Watched) -> dict[str, Any]:
    mark, says = drift_words.verdict(window)
    return {
        "seq": window.seq,
        "arrived": f"{window.arrived:%Y-%m-%d %H:%M}",
        "rows": f"{window.findings.n_window:,}",
        "mark": mark,
        "says": says,
        "layers": [
            (
                drift_words.LAYERS[layer.layer],
                {"stable": "ok", "drift": "rows", "cannot tell": ""}[layer.state],
                layer.state,
            )
            for layer in window.findings.layers.values()
        ],
        "decided": " ".join(drift_words.decided(window)) if window.decisions else "",
    }
