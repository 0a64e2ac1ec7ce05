"""Box rules for "is a person riding a bike?": `python benchmarks/labeling/bikes.py`; needs LABELMILL_BENCH_DATA.

The rules read names and boxes of objects (Visual Genome), written while looking at rows of split train. `Auto` is
fitted on the votes of train, no gold; both splits are scored, beside the votes that come with the set. On train the
rules do better than those, on test they do not. One image in six without a person or without a bike among its objects
has the gold class riding, which no rule on boxes can know.
"""

import gzip
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from labelmill import apply_lfs, first_of, labeling_function, lf_summary, preprocessor
from labelmill.label_model import Auto, MajorityVote
from labelmill.labeling.functions import LabelingFunction

NOT_RIDING, RIDING = 0, 1

PEOPLE = re.compile(
    r"\b(?:man|men|woman|women|person|people|boy|girl|guy|lady|child|kid|rider|cyclist|bicyclist|biker|policeman|officer)s?\b"
)
BIKES = re.compile(r"\b(?:bike|bicycle|cycle|tricycle)s?\b")
PARTS = re.compile(
    r"rack|tire|wheel|seat|lane|path|rider|helmet|sign|racer|race|pedal|handle|shop|basket|light|bell|brake|frame|park"
)
WORN = re.compile(r"shirt|pants|shorts|hair|hat|jacket|shoe|leg|arm|hand|head|face|coat|bag|shadow|'s\b")
RIDERS = re.compile(r"\b(?:rider|cyclist|bicyclist|biker|racer)s?\b|\briding\b")
MOTOR = re.compile(r"\bmotor ?(?:cycle|bike)s?\b|\bscooters?\b|\bmoped")


class Box(NamedTuple):
    """An object: its name, and its place with y downwards."""

    name: str
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


@preprocessor
def boxes(row) -> list[Box]:
    return [Box(str(name).lower(), *map(float, place)) for name, *place in row.objects]


@preprocessor
def people(row) -> list[Box]:
    return [box for box in boxes(row) if PEOPLE.search(box.name) and not WORN.search(box.name)]


@preprocessor
def bikes(row) -> list[Box]:
    return [box for box in boxes(row) if BIKES.search(box.name) and not PARTS.search(box.name)]


def couples(row) -> Iterator[tuple[Box, Box]]:
    """People and bikes of like size that share most of the narrower one's width: near each other in depth too."""
    for person in people(row):
        for bike in bikes(row):
            shared = min(person.right, bike.right) - max(person.left, bike.left)
            alike = 0.6 <= person.height / max(bike.height, 1) <= 3.5
            if alike and shared > 0.5 * min(person.width, bike.width):
                yield person, bike


def sits(person: Box, bike: Box) -> bool:
    """Head well above the bike, feet above what its wheels stand on, the body over its middle and as broad as one.

    Whoever walks past a bike is narrow beside it; arms and legs of a rider reach over half of it.
    """
    above = bike.top - person.top > 0.25 * person.height
    feet_up = bike.top + 0.3 * bike.height < person.bottom < bike.bottom - 0.03 * bike.height
    over = abs(person.middle - bike.middle) < 0.25 * bike.width
    return above and feet_up and over and person.width > 0.5 * bike.width


def stands(person: Box, bike: Box) -> bool:
    """Feet as low as the wheels or lower."""
    return person.bottom > bike.bottom + 0.03 * bike.height


@labeling_function
def nobody(row):
    """A bike does not ride alone."""
    return None if people(row) or any(RIDERS.search(box.name) for box in boxes(row)) else NOT_RIDING


@labeling_function
def no_bike(row):
    """Nor does a rider without a bike."""
    return None if any(BIKES.search(box.name) and not MOTOR.search(box.name) for box in boxes(row)) else NOT_RIDING


@labeling_function
def motor(row):
    """What is ridden is a motorcycle."""
    return NOT_RIDING if any(MOTOR.search(box.name) for box in boxes(row)) and not bikes(row) else None


@labeling_function
def apart(row):
    """No person and bike are in one place."""
    return NOT_RIDING if people(row) and bikes(row) and not any(couples(row)) else None


@labeling_function
def in_the_saddle(row):
    """Somebody sits on one."""
    return RIDING if any(sits(person, bike) for person, bike in couples(row)) else None


@labeling_function
def on_foot(row):
    """Whoever is near a bike has the feet on the ground."""
    found = list(couples(row))
    return NOT_RIDING if found and all(stands(person, bike) for person, bike in found) else None


@labeling_function
def rider_named(row):
    """Who looked at the picture called somebody a rider."""
    return RIDING if bikes(row) and any(RIDERS.search(box.name) for box in boxes(row)) else None


@labeling_function
def helmet_above(row):
    """A helmet over a bike is on somebody's head."""
    helmets = [box for box in boxes(row) if "helmet" in box.name]
    worn = any(
        bike.left < helmet.middle < bike.right and 0 < bike.top - helmet.top < 2 * bike.height
        for helmet in helmets
        for bike in bikes(row)
    )
    return RIDING if worn else None


@labeling_function
def parked(row):
    """Racks and rows of bikes are for those that nobody rides."""
    words = any(re.search(r"\brack|parked|\bchain|\block\b|bikes parked", box.name) for box in boxes(row))
    return NOT_RIDING if words or len(bikes(row)) >= 6 else None


@labeling_function
def small(row):
    """People much smaller or larger than the bikes are far behind or before them."""
    if not people(row) or not bikes(row):
        return None
    tallest, largest = max(box.height for box in people(row)), max(box.height for box in bikes(row))
    return NOT_RIDING if not 0.5 < tallest / max(largest, 1) < 4 else None


LFS: list[LabelingFunction] = [
    first_of("cannot", nobody, no_bike, motor),  # three sides of one reason: nothing to ride, or nobody to
    apart.when(~in_the_saddle),
    in_the_saddle,
    on_foot,
    rider_named,
    helmet_above,
    parked,
    small,
]


def read(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """The items and the votes that come with them."""
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        items = pd.DataFrame([json.loads(line) for line in file])
    with np.load(folder / "votes.npz", allow_pickle=False) as votes:
        return items, votes["L"]


def f1(preds: np.ndarray, gold: np.ndarray) -> float:
    """F1 of class riding."""
    hits = ((preds == RIDING) & (gold == RIDING)).sum()
    return float(2 * hits / max((preds == RIDING).sum() + (gold == RIDING).sum(), 1))


def main() -> None:
    """Print the summary of the rules on train and the scores on both splits."""
    folder = Path(os.environ.get("LABELMILL_BENCH_DATA", "")) / "bikes"
    if not (folder / "votes.npz").is_file():
        sys.exit(f"skipped: there is no set in {folder.resolve()}; LABELMILL_BENCH_DATA names the folder of sets.")
    items, shipped = read(folder)
    gold, train = items["label"].to_numpy(), (items["split"] == "train").to_numpy()
    own = apply_lfs(items[["id", "objects"]], LFS, cardinality=2)
    assert not len(own.errors), own.errors
    print(lf_summary(own.L[train], lf_names=own.lf_names, gold=gold[train]).round(3).to_string())
    print("\nvotes    model          split  coverage  F1 covered  F1 all")
    for votes, L in (("shipped", shipped), ("box", own.L)):
        for model in (MajorityVote(cardinality=2), Auto(cardinality=2)):
            preds, covered = model.fit(L[train]).predict(L), (L != -1).any(axis=1)
            for split, rows in (("train", train), ("test", ~train)):
                scores = f1(preds[rows & covered], gold[rows & covered]), f1(preds[rows], gold[rows])
                print(
                    f"{votes:8} {type(model).__name__:14} {split:6} {covered[rows].mean():8.3f}"
                    f"  {scores[0]:10.3f}  {scores[1]:6.3f}"
                )


if __name__ == "__main__":
    main()
