"""`reports/validation.html`: how the rows did against what is expected of them, on one page that loads nothing."""

from collections import defaultdict
from typing import Any, Final

from labelmill.quality.outcome import Outcome, Result
from labelmill.report.rendering import environment

LINES_SHOWN: Final = 50
"""Broken expectations of single rows that the page lists; the quarantine file has all."""


def render(outcome: Outcome, *, task: str) -> str:
    """The page as HTML; text from rows is escaped.

    Parameters
    ----------
    outcome
        What validation found.
    task
        Name of the task, for the heading.
    """
    return (
        environment()
        .get_template("validation.html")
        .render(
            task=task,
            outcome=outcome,
            state=_state(outcome),
            tiles=_tiles(outcome),
            groups=_groups(outcome),
            lines=outcome.quarantine.head(LINES_SHOWN).to_dict("records"),
        )
    )


def _state(outcome: Outcome) -> tuple[str, str]:
    if outcome.nothing_to_do:
        return "stop", "Nothing to do: there is no row to go on with."
    if outcome.stops:
        count = len(outcome.stops)
        return "stop", f"Stopped: {count} expectation{'s' * (count > 1)} broken. No labeling function was run."
    if len(outcome.quarantine):
        return "rows", "Passed. Rows that broke an expectation were set aside; all others went on."
    return "ok", "Passed. Every row is as expected."


def _tiles(outcome: Outcome) -> list[tuple[str, str, str]]:
    shares = {name: f"{share:.2%}" for name, share in outcome.shares.items()}
    tiles = [
        ("rows read", f"{outcome.rows:,}", f"{outcome.rejected:,} more could not be read"),
        ("clean rows", f"{outcome.clean:,}", "went on to the labeling functions" if not outcome.stops else "kept back"),
        (
            "quarantined rows",
            f"{outcome.rows - outcome.clean:,}",
            f"{shares.get('quarantined', '0 %')} with unreadable",
        ),
        ("expectations", f"{len(outcome.results):,}", f"{sum(r.broken > 0 for r in outcome.results):,} broken"),
        ("exact duplicates", shares.get("duplicate", "0 %"), "dropped when the rows were read"),
    ]
    if "undecoded" in shares:
        tiles.append(("undecodable", shares["undecoded"], "of the rows have bytes that no charset fits"))
    return tiles


def _groups(outcome: Outcome) -> list[dict[str, Any]]:
    by_subject: dict[str, list[Result]] = defaultdict(list)
    for result in outcome.results:
        by_subject[result.check.about].append(result)
    return [{"about": about, "results": [(_kind(r), r) for r in results]} for about, results in by_subject.items()]


def _kind(result: Result) -> str:
    if not result.broken:
        return "ok"
    return "stop" if result.stops else "rows"
