"""Twelve rules about texts by builders and as plain functions, against Snorkel's appliers; patterns that hang others.

    python benchmarks/labeling/run.py --rows 1000000 --peer-rows 200000
    python benchmarks/labeling/run.py --keep                 # and write it to benchmarks/results

CPU seconds of this process; Snorkel (`pip install 'labelmill[bench]'`) is left out where it is not installed. The votes
must be the same, or this ends with an error.
"""

import argparse
import ctypes
import datetime as dt
import os
import platform
import re
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa

from labelmill import apply_lfs, count_lf, keyword_lf, labeling_function, length_lf, regex_lf, share_lf

RESULTS = Path(__file__).resolve().parents[1] / "results"

MONEY = ["million dollars", "lottery", "beneficiary", "inheritance", "wire transfer", "investment", "mortgage", "cash"]
OFFICE = ["meeting", "agenda", "minutes", "deadline", "attached", "schedule", "budget", "invoice"]
DRUGS = [f"drug{i}" for i in range(19)]
URL = r"https?://"
REGEXES = {
    "act_now": r"\b(act|order|buy) now\b",
    "dear": r"\bdear (sir|madam|friend|customer)\b",
    "price": r"\$ ?[0-9]+",
    "percent": r"[0-9]+ ?% off",
    "reply": r"^re:",
    "unsubscribe": r"unsubscribe|opt out",
}
EVIL = [
    r"(a+)+$", r"(a|a)*b", r"(a|aa)+$", r"([a-z]+)*\d", r"(.*a){12}b", r"^(a?){25}a{25}$", r"(x+x+)+y", r"(\w+\s?)*!$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(.*)*x", r"((a*)*)*b", r"(a*)*$b", r"(\d+)*[a-z]!", r"(ab|a|b)*c", r"(.+)+\n!",
    r"([^b]+)*b!", r"(a{1,9}){1,9}b", r"(?:a|b|ab)*c!", r"(\s*\w*)*#", r"(e|ee|eee)*f",
]  # fmt: skip


def texts_of(rows, seed=0):
    """Texts of 15 to 60 words, frequent as Zipf has it, with what the rules look for among them."""
    rng = np.random.default_rng(seed)
    common = np.array([f"w{i}" for i in range(20_000)])
    words = np.array(
        [*MONEY, *OFFICE, *DRUGS, "act now", "dear sir", "$ 50", "20% off", "http://a.bc", "unsubscribe", "FREE", "WIN"]
    )
    lengths = rng.integers(15, 61, rows)
    total = int(lengths.sum())
    drawn = common[np.minimum(rng.zipf(1.3, total), 20_000) - 1].astype(object)
    rare = rng.random(total) < 0.01
    drawn[rare] = rng.choice(words, int(rare.sum()))
    ends = np.cumsum(lengths)
    starts = ["re: " if starts_reply else "" for starts_reply in rng.random(rows) < 0.1]
    return [start + " ".join(drawn[end - n : end]) for start, end, n in zip(starts, ends, lengths, strict=True)]


def builders():
    return [
        keyword_lf("money", MONEY, column="text", label=1, whole_word=False),
        keyword_lf("office", OFFICE, column="text", label=0, whole_word=False),
        keyword_lf("drugs", DRUGS, column="text", label=1),
        *(regex_lf(name, pattern, column="text", label=1, ignore_case=True) for name, pattern in REGEXES.items()),
        count_lf("links", URL, column="text", label=1, at_least=1),
        length_lf("long", column="text", label=0, at_least=300),
        share_lf("shouts", "[A-Z]", among="[A-Za-z]", column="text", label=1, at_least=0.02),
    ]


def functions():
    """The same rules as people write them for Snorkel: `x.text` in, a class or -1 out."""
    money, office = [w.lower() for w in MONEY], [w.lower() for w in OFFICE]
    drugs = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(DRUGS)})(?![A-Za-z0-9_])", re.IGNORECASE)
    regexes = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in REGEXES.items()}
    upper, letters = re.compile("[A-Z]"), re.compile("[A-Za-z]")

    def shouts(x):
        whole = len(letters.findall(x.text))
        return 1 if whole and len(upper.findall(x.text)) >= 0.02 * whole else -1

    rules = {
        "money": lambda x: 1 if any(word in x.text.lower() for word in money) else -1,
        "office": lambda x: 0 if any(word in x.text.lower() for word in office) else -1,
        "drugs": lambda x: 1 if drugs.search(x.text) else -1,
    }
    for name, pattern in regexes.items():
        rules[name] = lambda x, pattern=pattern: 1 if pattern.search(x.text) else -1
    return {
        **rules,
        "links": lambda x: 1 if re.search(URL, x.text) else -1,
        "long": lambda x: 0 if len(x.text) >= 300 else -1,
        "shouts": shouts,
    }


def cpu(work):
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def memory_mb(what):
    """VmRSS, memory now, or VmHWM, the most since it was last reset; as Linux tells it."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what)]
    return int(line.split()[1]) / 1024


def load(frame):
    """Let what is compiled be loaded, which a process does once, when the work is enough."""
    while "labelmill.labeling.kernels" not in sys.modules:
        apply_lfs(frame, builders(), cardinality=2)


def compare(rows, rounds):
    """The same rules by all who can; the section in Markdown."""
    frame = pd.DataFrame({"text": texts_of(rows)})
    plain = [labeling_function(name=name)(rule) for name, rule in functions().items()]
    cases = {
        "builders": lambda: apply_lfs(frame, builders(), cardinality=2).L,
        "the same rules as functions of a row": lambda: apply_lfs(frame, plain, cardinality=2).L,
    }
    try:
        from snorkel.labeling import LabelingFunction, PandasLFApplier

        peers = [LabelingFunction(name, rule) for name, rule in functions().items()]
        objects = frame.astype(object)  # of pandas' own strings it makes rows half as fast
        cases["snorkel PandasLFApplier"] = lambda: PandasLFApplier(peers).apply(objects, progress_bar=False)
    except ImportError as error:
        print(f"Snorkel is left out: {error}", file=sys.stderr)
    load(frame)
    seconds = {name: [] for name in cases}
    found = {}
    for _ in range(rounds):
        for name, work in cases.items():
            spent, found[name] = cpu(work)
            seconds[name].append(spent)
    assert all((found["builders"] == L).all() for L in found.values()), "the votes are not the same"
    median = {name: statistics.median(times) for name, times in seconds.items()}
    slowest = median.get("snorkel PandasLFApplier")
    lines = [
        f"12 rules, {rows:,} texts, median of {rounds} rounds; density {(found['builders'] >= 0).mean():.3f}; "
        "votes identical.\n",
        "| case | CPU s | times as fast as Snorkel |\n| --- | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {spent:.2f} | {slowest / spent if slowest else np.nan:.1f} |" for name, spent in median.items()
    ]
    return "\n".join(lines) + "\n"


def alone(rows):
    """Time and memory of the builders on many texts."""
    frame = pd.DataFrame({"text": pd.array(texts_of(rows), dtype="string[pyarrow]")})
    load(frame[:200_000])
    pa.default_memory_pool().release_unused()  # what is free but not given back would hide what is taken again
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = memory_mb("VmRSS")
    spent, L = cpu(lambda: apply_lfs(frame, builders(), cardinality=2).L)
    more = memory_mb("VmHWM") - before
    return (
        f"Builders on {rows:,} texts: {spent:.2f} CPU s, {more:.0f} MB more at the peak; "
        f"L has {L.nbytes / 2**20:.0f} MB.\n"
    )


def hang():
    """Patterns that take other engines for ever."""
    long = ["a" * 50_000, "ab" * 25_000, "x" * 49_999 + "!", "word " * 10_000, "e" * 50_000]
    worst = 0.0
    for pattern in EVIL:
        lf = regex_lf("evil", pattern, column="text", label=1)
        for text in long:
            start = time.perf_counter()
            lf(SimpleNamespace(text=text))
            worst = max(worst, time.perf_counter() - start)
    return f"{len(EVIL)} patterns that hang others, on {len(long)} texts of 50 kB: {1000 * worst:.0f} ms at most.\n"


def origin():
    """The commit, and a sentence about what was measured where."""
    from labelmill.tracking.provenance import git_state

    commit, changed = git_state(Path(__file__).parent)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "pyarrow", "numba"))
    return (commit or "unknown")[:8], (
        f"{dt.date.today().isoformat()}, commit {(commit or 'unknown')[:8]}{' with changes' if changed else ''}, "
        f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores {platform.machine()}, one thread.\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="write the report to benchmarks/results")
    given = parser.parse_args()
    commit, made = origin()
    parts = [f"# Rules about texts\n\n{made}", compare(given.peer_rows, given.rounds), hang(), alone(given.rows)]
    report = "\n".join(parts)
    print(report)
    if given.keep:
        name = f"labeling_{dt.date.today().isoformat()}_{commit}.md"
        (RESULTS / name).write_text(report, encoding="utf-8")
