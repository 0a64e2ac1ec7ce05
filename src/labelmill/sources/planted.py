"""A stream of generated mails, day by day, in which known things happen on known days."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
import pandas as pd

from labelmill.arrays import Gold
from labelmill.sources import events
from labelmill.sources.generated import HAM, SPAM, START, mails
from labelmill.sources.vocabulary import TOPICS, UNHEARD

Happening = Literal["outage", "garbled", "prior_shift", "dead_lf", "lf_gone_wrong", "new_topic", "flood"]


class Event(NamedTuple):
    """Something that happens on some days.

    Attributes
    ----------
    name
        outage: no row comes. garbled: texts are decoded wrongly. prior_shift: spam is more, or less, common.
        dead_lf: spammers disguise the words. lf_gone_wrong: the words, of ham until then, appear in spam.
        new_topic: spam talks of what nobody did before. flood: one spam with the words is sent again and again.
    first, days
        The first day, from 0, and how many there are.
    strength
        Share of the rows, or of the spam, that it befalls; of prior_shift the share of spam.
    words
        What dead_lf, lf_gone_wrong, new_topic and flood are about.
    """

    name: Happening
    first: int
    days: int = 1
    strength: float = 1.0
    words: tuple[str, ...] = ()


class Day(NamedTuple):
    """The rows of one day, their true classes (0 ham, 1 spam), and what happened: "stationary" where nothing did."""

    date: dt.date
    frame: pd.DataFrame
    gold: Gold
    event: str


CALENDAR: Final = (
    Event("outage", 4),
    Event("garbled", 5, strength=0.9),
    Event("prior_shift", 8, 3, strength=0.6),
    Event("dead_lf", 13, 3, strength=0.9, words=TOPICS["pills"]),
    Event("lf_gone_wrong", 18, 3, strength=0.6, words=TOPICS["list"][:6]),
    Event("new_topic", 23, 3, strength=0.6, words=UNHEARD),
    Event("flood", 27, strength=0.25, words=TOPICS["work"][:3]),
)
"""Of thirty days, those on which something happens; it is over again before the next begins."""


def planted_stream(
    *,
    seed: int,
    days: int = 30,
    rows: int = 500,
    calendar: Sequence[Event] = CALENDAR,
    start: dt.date = START,
    spam_share: float = 0.3,
    season: float = 0.0,
) -> Iterator[Day]:
    """Yield the days, one after the other.

    Parameters
    ----------
    seed
        The same seed gives the same stream, and each day is the same whatever happens on the others.
    days
        Number of days.
    rows
        Mails on a day on which nothing happens.
    calendar
        What happens when; where days of two events overlap, both do, in this order.
    start
        The first day.
    spam_share
        Share of spam on a working day.
    season
        Share of the ham that does not come at weekends.

    Examples
    --------
    >>> week = list(planted_stream(seed=1, days=6, rows=20))
    >>> [(day.event, len(day.frame)) for day in week[3:]]
    [('stationary', 20), ('outage', 0), ('garbled', 20)]
    """
    for number in range(days):
        date = start + dt.timedelta(days=number)
        rng = np.random.default_rng([seed, number])
        # What spam sells must not change from day to day of itself.
        frame, gold = mails(rows, int(rng.integers(2**31)), start=date, days=1, spam_share=spam_share, age=0.3)
        if date.weekday() >= 5 and season:
            stays = (gold != HAM) | (rng.random(len(gold)) >= season)
            frame, gold = frame[stays].reset_index(drop=True), gold[stays]
        happening = [event for event in calendar if event.first <= number < event.first + event.days]
        for event in happening:
            frame, gold = _befall(frame, gold, event, rng)
        yield Day(date, frame, gold, " and ".join(event.name for event in happening) or "stationary")


def _befall(frame: pd.DataFrame, gold: Gold, event: Event, rng: np.random.Generator) -> tuple[pd.DataFrame, Gold]:
    spam, share, words = gold == SPAM, event.strength, event.words
    match event.name:
        case "outage":
            return frame.iloc[:0], gold[:0]
        case "garbled":
            return events.garble(frame, share=share, rng=rng), gold
        case "prior_shift":
            return events.reweight(frame, gold, share=share, label=SPAM, rng=rng)
        case "dead_lf":
            return events.obfuscate(frame, words, share=share, rng=rng, rows=spam), gold
        case "lf_gone_wrong":
            return events.insert(frame, words, share=share, rng=rng, rows=spam), gold
        case "new_topic":
            return events.rewrite(frame, words, share=share, rng=rng, rows=spam), gold
        case "flood":
            campaign = int(rng.choice(np.flatnonzero(spam)))
            only = np.arange(len(frame)) == campaign
            marked = events.insert(frame, words, share=1, rng=rng, rows=only)
            return events.flood(marked, gold, campaign, share=share, rng=rng)
