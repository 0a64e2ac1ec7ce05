"""Thirty days with planted events: what the loop decides on each, whether a wrong model ever takes charge.

`python benchmarks/loop/thirty_days.py [--rows 600] [--seed 1] [--keep DIR]` makes a project on twenty quiet days of
generated mails, then plays thirty days through `labelmill.loop.replay`: an outage, a garbled feed, more spam, spammers
who disguise the words of a rule, ham words in spam, a new topic, a campaign sent again and again. One line per day:
what happened, what was expected, what was seen. At the end: the loop beside its first champion, ids of splits
disjoint, a valid champion after every day, the time.
"""

import argparse
import contextlib
import datetime as dt
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

START = dt.date(2024, 3, 1)
QUIET_DAYS = 20

EXPECTED = {
    "outage": "nothing",
    "garbled": "hold",
    "prior_shift": "retrain",
    "dead_lf": "stale medicines",
    "lf_gone_wrong": "stale technical",
    "new_topic": "retrain",
    "flood": "no promotion",
    "stationary": "nothing",
}
"""What should be decided within two days of the start of an event, and nothing else."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=600, help="mails per day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="work in this new folder, and leave it")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "task"
        subprocess.run([sys.executable, "-m", "labelmill", "init", str(folder), "--no-git"], check=True)
        os.chdir(folder)
        play(rows=given.rows, seed=given.seed)


def play(*, rows: int, seed: int) -> None:
    from labelmill.loop.replay import Replay
    from labelmill.loop.retrain import retrain
    from labelmill.params import load_params
    from labelmill.sources.planted import planted_stream

    started = time.monotonic()
    write_quiet_days(rows, seed)
    params = load_params()
    logging.getLogger("labelmill").setLevel("ERROR")
    first = retrain(params)
    assert first.promote, first.reasons
    print(f"first champion after {time.monotonic() - started:.0f} s: {first.reasons[0]}", flush=True)

    replay = Replay(params, retrain=lambda at: retrain(params, at=at), audit_delay=dt.timedelta(days=2))
    days = list(planted_stream(seed=seed, rows=rows, start=START))
    wrong, line, done = 0, "{:>3} {:14} {:>5}  {:16} {:<60} {}", set()
    print(line.format("day", "event", "rows", "expected", "seen", "decided"))
    for number, (day, step) in enumerate(zip(days, replay.play(map(period, days)), strict=True)):
        decided = decisions_of(step)
        wanted = EXPECTED[day.event]
        ok = judge(days, number, decided, done)
        wrong += not ok
        seen = "; ".join(
            f"{found.kind} {found.subject}".strip() + ("" if found.confirmed else "?")
            for window in step.windows
            for found in window.diagnoses
        )
        print(
            line.format(number, day.event, len(day.frame), wanted, seen or "-", "; ".join(sorted(decided)) or "-"),
            "" if ok else "   <- not as expected",
            flush=True,
        )
        check_champion()
    check_splits()
    missed = sorted({day.event for day in days if EXPECTED[day.event] != "nothing"} - done - {"flood"})
    tell(replay.scores(), wrong, missed, time.monotonic() - started)


def write_quiet_days(rows: int, seed: int) -> None:
    """The source of the project: mails of twenty days on which nothing happened, with gold."""
    from ruamel.yaml import YAML

    from labelmill.sources.planted import planted_stream

    start = START - dt.timedelta(days=QUIET_DAYS)
    days = list(planted_stream(seed=seed + 1000, days=QUIET_DAYS, rows=rows, calendar=(), start=start))
    frame = pd.concat([day.frame for day in days], ignore_index=True)
    gold = np.concatenate([day.gold for day in days])
    frame = frame.assign(label=np.array(["ham", "spam"])[gold])
    frame.to_json("rows.jsonl", orient="records", lines=True, date_format="iso")
    yaml = YAML()
    content = yaml.load(Path("params.yaml"))
    content["drift"]["min_rows"] = rows // 3  # days on which ham stays away are small
    content["ingest"] |= {"source": "jsonl", "path": "rows.jsonl", "id_column": "id", "label_column": "label"}
    content["ingest"]["splits"] |= {"test_from": None, "gate_rows": 400, "test_share": 0.1, "incoming_share": 0.0}
    with Path("params.yaml").open("w") as file:
        yaml.dump(content, file)


def period(day):
    from labelmill.loop.periods import Period
    from labelmill.sources.intake import Intake, provenance, rejections
    from labelmill.sources.mail_files import SAME_COLUMNS

    unknown = np.full(len(day.gold), -1)
    places = provenance([f"{day.date}"] * len(day.frame))
    intake = Intake(day.frame, unknown, places, rejections([]), SAME_COLUMNS)
    return Period(day.date, day.date + dt.timedelta(days=1), intake, day.gold)


def decisions_of(step) -> set[str]:
    """In the words of `EXPECTED`."""
    words = {
        "hold": lambda line: "hold",
        "stale_lf": lambda line: f"stale {line['lf']}",
        "drift": lambda line: "retrain" if line["action"] == "retrain" else "",
        "promotion": lambda line: "promoted",
        "refusal": lambda line: "refused",
    }
    return {words[line["kind"]](line) for line in step.decisions} - {""}


def judge(days, number: int, decided: set[str], done: set[str]) -> bool:
    """Whether the day's decisions are right: the expected one once on the first two days of an event, else none."""
    event = days[number].event
    wanted = EXPECTED[event]
    asked = decided - {"promoted", "refused"}
    if wanted in asked:
        done.add(event)
    if wanted == "no promotion":
        return "promoted" not in decided
    if wanted == "nothing":
        return not asked
    begun = next(first for first in range(number, -1, -1) if first == 0 or days[first - 1].event != event)
    late = number - begun >= 1 and event not in done
    return not late and asked <= {wanted}


def check_champion() -> None:
    from labelmill.quality.champion import load_champion, load_model

    champion = load_champion()
    assert champion is not None
    load_model(champion)


def check_splits() -> None:
    from labelmill import paths, storage

    rows = storage.read_shards(paths.INGESTED, ["id", "split"])
    assert rows["id"].is_unique, "a row is of two splits"
    print("rows by split, ids disjoint:", json.dumps(rows["split"].value_counts().to_dict()))


def tell(scores, wrong: int, missed: list[str], seconds: float) -> None:
    for metric in ("balanced_accuracy", "f1"):
        gain = scores["differences"]["loop-frozen"]["all"][metric]
        loop, frozen = (scores[name]["all"][metric]["value"] for name in ("loop", "frozen"))
        print(f"{metric}: loop {loop:.3f}, first champion {frozen:.3f}, {gain['low']:+.3f} to {gain['high']:+.3f}")
    print(f"{wrong} of 30 days not as expected; events never answered: {missed or 'none'}; {seconds:.0f} s")


if __name__ == "__main__":
    main()
