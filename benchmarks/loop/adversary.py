"""Spammers who adapt: from day 10 on 60 % of the spam disguises the words of the rule `medicines`.

`python benchmarks/loop/adversary.py [--rows 600] [--seed 1]` makes a DVC project on twenty quiet days of generated
mails and plays more; from day 10 the words are disguised. Told: in which window the rule is named as stale, how F1
falls, and after its author edited two lines of `lfs/words.py` and ran `dvc repro`, how F1 is on the days that follow,
how long that took and how many columns of votes were computed.
"""

import argparse
import contextlib
import datetime as dt
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from thirty_days import START, period, write_quiet_days

BEGIN, NOTICE, DAYS = 10, 3, 20
"""The first day of disguises, the days on which they are watched before the edit, and all days."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=600, help="mails per day")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "task"
        subprocess.run([sys.executable, "-m", "labelmill", "init", str(folder)], check=True, stdout=subprocess.DEVNULL)
        os.chdir(folder)
        play(rows=given.rows, seed=given.seed)


def play(*, rows: int, seed: int) -> None:
    from labelmill.loop.replay import Replay
    from labelmill.loop.retrain import judge
    from labelmill.params import load_params
    from labelmill.sources.planted import Event, planted_stream

    logging.getLogger("labelmill").setLevel("ERROR")
    write_quiet_days(rows, seed)
    took = repro()
    params = load_params()
    print(f"first run of all stages: {took:.0f} s; {judge(params).reasons[0]}")
    lines = Path("lfs/gazetteers/medicines.txt").read_text().splitlines()
    words = tuple(line for line in lines if line and not line.startswith("#"))
    calendar = (Event("dead_lf", BEGIN, DAYS, strength=0.6, words=words),)
    days = list(planted_stream(seed=seed, days=DAYS, rows=rows, calendar=calendar, start=START))

    replay = Replay(params, retrain=lambda at: repro(), audit_delay=dt.timedelta(days=2))
    for number, step in enumerate(replay.play(map(period, days[: BEGIN + NOTICE]))):
        stale = [line["lf"] for line in step.decisions if line["kind"] == "stale_lf"]
        if stale:
            print(f"day {number}: named as stale in window {number - BEGIN + 1} of the disguises: {', '.join(stale)}")
    rest = days[BEGIN + NOTICE :]
    tell("before the disguises", days[:BEGIN])
    tell("with disguises, old rule", rest)
    lines = edit()
    took = repro()
    columns = re.search(r"(\d+) columns computed, (\d+) reused", Path("repro.log").read_text())
    print(f"edited {lines} lines; `dvc repro` took {took:.0f} s, {columns[0] if columns else 'no column computed'}")
    decision = judge(params)
    print("promoted" if decision.promote else "not promoted", "-", decision.reasons[0])
    tell("with disguises, edited rule", rest)


def edit() -> int:
    """What the author does: the same words, found in disguise."""
    file = Path("lfs/words.py")
    before = file.read_text().splitlines()
    after = [
        line.replace("import keyword_lf", "import fuzzy_lf, keyword_lf").replace(
            'medicines = keyword_lf("medicines"', 'medicines = fuzzy_lf("medicines"'
        )
        for line in before
    ]
    file.write_text("\n".join(after) + "\n")
    return sum(old != new for old, new in zip(before, after, strict=True))


def repro() -> float:
    """`dvc repro`, and the seconds it took."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "dvc", "repro"], capture_output=True, text=True, check=False)
    Path("repro.log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return time.monotonic() - started


def tell(name: str, days) -> None:
    """F1 of spam of the label model and the end model as they are now on rows of these days."""
    import pandas as pd

    from labelmill import paths
    from labelmill.label_model import load
    from labelmill.labeling.apply import apply_lfs
    from labelmill.labeling.loading import load_lfs
    from labelmill.quality.metrics import f1, judge
    from labelmill.scoring import score_frame

    frame = pd.concat([day.frame for day in days], ignore_index=True)
    gold = np.concatenate([day.gold for day in days])
    lfs = load_lfs(Path("lfs").resolve(), 2, classes=("ham", "spam"))
    L = apply_lfs(frame.drop(columns=["received_at", "date_source"]), lfs, cardinality=2).L
    said = {
        "label model": load(paths.LABEL_MODEL).predict_proba(L),
        "end model": score_frame(frame, champion=None)[["p_ham", "p_spam"]].to_numpy(),
    }
    scores = {who: f1(judge(gold, probs, positive=1), np.ones((1, len(gold))))[0] for who, probs in said.items()}
    print(f"{name:30}", ", ".join(f"F1 of the {who} {value:.3f}" for who, value in scores.items()), flush=True)


if __name__ == "__main__":
    main()
