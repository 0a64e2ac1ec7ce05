"""Time and memory: each measurement in a fresh process with one thread.

Votes are drawn once, stored, and read by the process that measures. It fits and predicts on the first
2,000 rows before, so that no other time contains imports or compiling: that start is reported by itself. CPU
seconds are of the whole process (`time.process_time`); memory is the highest resident size above that before
the fit, so beyond the votes in the form that the system wants (int8, for some peers int64).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import stress
from simulation import Sample
from systems import BASELINE, DEFAULT, make, ours
from tables import number, say, table

WARM_ROWS = 2_000
SCORED_ROWS = 1_000_000
_TIMEOUT_S = 900
RATIOS = ("fit_s", "fit_user_s", "predict_s", "fit_mb")
REFERENCE = "snorkel_100"
"""The peer that ratios are about: Snorkel at its default number of epochs."""


@dataclass(frozen=True)
class Case:
    """Votes, and who is measured on them beside our default and majority vote."""

    draw: Callable[[], Sample]
    peers: tuple[str, ...] = ()
    all_ours: bool = True
    two_threads: bool = False


CASES = {
    "rules 100k x 25": Case(stress.one_class_rules, ("snorkel_100", "snorkel_500", "crowdkit_ds", "hyperlm")),
    "100k x 25": Case(
        lambda: stress.speed_votes(100_000, 25), ("snorkel_100", "snorkel_500", "crowdkit_ds", "hyperlm")
    ),
    "1M x 100": Case(lambda: stress.speed_votes(1_000_000, 100), ("snorkel_100", "snorkel_500"), two_threads=True),
    "10M x 50": Case(lambda: stress.speed_votes(10_000_000, 50), two_threads=True),
    "100k x 100": Case(lambda: stress.speed_votes(100_000, 100), all_ours=False),
    "10M x 100": Case(lambda: stress.speed_votes(10_000_000, 100), all_ours=False),
    "120 LFs, 20 copies of 6": Case(stress.repeated, ("snorkel_100",)),
    "300k x 200 x 10": Case(stress.many_classes),
}
"""The 10M cases take 0.5 and 1 GB."""
SCALING = ("100k x 100", "1M x 100", "10M x 100")
"""Cases that differ in the number of rows alone."""

Found = dict[str, Any]


def report(names: list[str], systems: list[str], *, rounds: int) -> str:
    """Measure; the section in Markdown."""
    results = {name: _measure(name, systems, rounds) for name in names}
    parts = [
        "## Speed and memory\n",
        f"Each measurement in a fresh process, threads pinned to 1, best of {rounds} rounds in turns (median in "
        "brackets). CPU seconds of the process, user and system; the system's are mostly the first touch of "
        "memory, and vary with the machine. Start: the first fit and prediction, on 2,000 rows, with all that is "
        "imported or compiled for it; the others come after it. Memory: highest resident size above that before, "
        f"votes not included. × is against `{REFERENCE}` in the same run.\n",
    ]
    for name, found in results.items():
        bayes = found.pop("Bayes")
        title = f"### {name}\n\nBayes accuracy {bayes['accuracy']:.4f}, log loss {bayes['log_loss']:.4f}.\n"
        parts += [title, _table(found)]
    times = {
        n: _best(results[n][DEFAULT], "fit_s") for n in SCALING if n in results and "why_not" not in results[n][DEFAULT]
    }
    if len(times) > 1:
        rows = [np.log10({"100k": 1e5, "1M": 1e6, "10M": 1e7}[name.split()[0]]) for name in times]
        slope = np.polyfit(rows, np.log10(list(times.values())), 1)[0]
        text = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times.items())
        parts.append(f"Cost of the fit of `{DEFAULT}` against the number of rows: {text}; exponent {slope:.2f}.\n")
    return "\n".join(parts)


def _measure(name: str, systems: list[str], rounds: int) -> dict[str, Found]:
    case = CASES[name]
    mine = [s for s in systems if s in ours() and (case.all_ours or s in (BASELINE, DEFAULT))]
    asked = [(system, 1) for system in [*mine, *(p for p in case.peers if p in systems)]]
    asked += [(DEFAULT, 2)] if case.two_threads else []
    say(f"speed {name}: drawing votes")
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as folder:
        bayes = _store(case.draw(), Path(folder))
        for number_of_round in range(rounds):
            for system, threads in asked:
                label = system if threads == 1 else f"{system}, {threads} threads"
                if "why_not" in found.get(label, {}):
                    continue
                say(f"speed {name}: round {number_of_round + 1}, {label}")
                _add(found.setdefault(label, {}), _child(system, Path(folder), threads))
    return {"Bayes": bayes, **found}


def _store(sample: Sample, folder: Path) -> Found:
    """Write the votes, the truth and the scores of the true parameters."""
    import scores

    np.save(folder / "L.npy", sample.L)
    np.save(folder / "truth.npy", sample.truth)
    (folder / "cardinality").write_text(str(sample.world.cardinality))
    rows = np.flatnonzero(sample.covered[:SCORED_ROWS])
    truth, probs = sample.truth[rows], sample.world.posterior(sample.L[rows])
    return {"accuracy": scores.accuracy(probs, truth), "log_loss": scores.log_loss(probs, truth)}


def _child(system: str, folder: Path, threads: int) -> Found:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    command = [sys.executable, str(Path(__file__).resolve()), system, str(folder)]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **dict.fromkeys(names, str(threads))},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return {"why_not": f"more than {_TIMEOUT_S} s"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
        return {"why_not": last[0][:120]}
    return json.loads(done.stdout.splitlines()[-1])


def _add(found: Found, measured: Found) -> None:
    for key, value in measured.items():
        if key.endswith("_s") or key.endswith("_mb"):
            found.setdefault(key, []).append(value)
        else:
            found[key] = value


def _best(found: Found, key: str) -> float:
    return float(min(found[key])) if found.get(key) else np.nan


def _table(found: dict[str, Found]) -> str:
    head = [
        "system",
        "start CPU s",
        "fit CPU s",
        "of it user s",
        "fit wall s",
        "predict CPU s",
        "fit extra MB",
        "predict extra MB",
        "accuracy",
    ]
    head += ["log loss", "fit ×", "fit user ×", "predict ×", "memory 1/"]
    reference, rows = found.get(REFERENCE, {}), []
    for name, one in found.items():
        if "why_not" in one:
            rows.append([name, f"fails: {one['why_not']}", *["–"] * 12])
            continue
        ratio = {key: _best(reference, key) / max(_best(one, key), 1e-4) for key in RATIOS}
        rows.append(
            [
                f"**{name}**" if name == DEFAULT else name,
                f"{_best(one, 'start_s'):.2f}",
                f"{_best(one, 'fit_s'):.3f} ({np.median(one['fit_s']):.3f})",
                f"{_best(one, 'fit_user_s'):.3f}",
                f"{_best(one, 'fit_wall_s'):.3f}",
                f"{_best(one, 'predict_s'):.3f} ({np.median(one['predict_s']):.3f})",
                number(_best(one, "fit_mb"), ",.0f"),
                number(_best(one, "predict_mb"), ",.0f"),
                number(one["accuracy"], ".4f"),
                number(one["log_loss"], ".4f"),
                *(number(ratio[key], ",.0f" if ratio[key] >= 10 else ".1f") for key in RATIOS),
            ]
        )
    return table(head, rows)


# What the fresh process does.


class _Meter:
    """CPU seconds, wall seconds and highest extra memory of what happens inside."""

    def __enter__(self) -> "_Meter":
        self._before = _resident_mb(reset=True)
        self._wall, self._cpu, self._user = time.perf_counter(), time.process_time(), _user_s()
        return self

    def __exit__(self, *failure: object) -> None:
        self.cpu_s, self.wall_s = time.process_time() - self._cpu, time.perf_counter() - self._wall
        self.user_s = _user_s() - self._user
        self.extra_mb = max(_resident_mb() - self._before, 0.0)


def _user_s() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def _resident_mb(*, reset: bool = False) -> float:
    """The high-water mark of resident memory; `reset` puts it down to what is resident now, where Linux can."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def child(system: str, folder: Path) -> Found:
    """Measure one fit and one prediction."""
    import scores

    cardinality = int((folder / "cardinality").read_text())
    model = make(system, cardinality)
    dtype = getattr(model, "dtype", np.int8)
    L = np.load(folder / "L.npy").astype(dtype, copy=False)
    with _Meter() as start:
        make(system, cardinality).fit(L[:WARM_ROWS]).predict_proba(L[:WARM_ROWS])
    with _Meter() as fit:
        model = model.fit(L)
    with _Meter() as predict:
        probs = model.predict_proba(L)
    rows = np.flatnonzero((L[:SCORED_ROWS] >= 0).any(axis=1))
    truth = np.load(folder / "truth.npy")[rows]
    probs = np.array(probs[rows], dtype=float)
    if not np.isfinite(probs).all():
        raise ValueError("probabilities that are not numbers")
    return {
        **{
            "start_s": start.cpu_s,
            "fit_s": fit.cpu_s,
            "fit_user_s": fit.user_s,
            "fit_wall_s": fit.wall_s,
            "fit_mb": fit.extra_mb,
        },
        **{"predict_s": predict.cpu_s, "predict_mb": predict.extra_mb},
        **{"accuracy": scores.accuracy(probs, truth), "log_loss": scores.log_loss(probs, truth)},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure one system on stored votes; run.py --speed calls this.")
    parser.add_argument("system")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    print(json.dumps(child(given.system, given.folder)))
