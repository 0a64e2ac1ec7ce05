"""What an edit of one of twenty labeling functions costs on 100,000 rows, against labeling them all.

python benchmarks/labeling/edit_one.py
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.params import load_params
from labelmill.stages import label

WORDS = ["cash", "prize", "meeting", "agenda", "python", "weekend", "dollars", "winner", "patch", "draft"]
HEAD = "import re\n\nfrom labelmill import keyword_lf, labeling_function\n"


def source(most, keywords):
    """Twenty rules: keyword lists, and functions of a row with a pattern of five words; `most` is in one of these."""
    rules = [f'k{i} = keyword_lf("k{i}", ["word{i}"], column="text", label={i % 2})\n' for i in range(keywords)]
    code = []
    for i in range(20 - keywords):
        pattern = "|".join([WORDS[i % len(WORDS)], *(f"word{10 * i + k}" for k in range(4))])
        code.append(
            f'P{i} = re.compile(r"\\b({pattern})\\b", re.IGNORECASE)\n\n@labeling_function\ndef p{i}(row):\n'
            f"    return {i % 2} if len(P{i}.findall(row.text)) > {most if i == 0 else 1} else None\n"
        )
    return "\n".join([HEAD, *rules, *code])


def write_project(rows):
    template = Path(label.__file__).parents[1] / "template"
    shutil.copy(template / "params.yaml", "params.yaml")
    Path("lfs").mkdir()
    rng = np.random.default_rng(0)
    vocabulary = np.array([*WORDS, *(f"word{i}" for i in range(500))])
    texts = [" ".join(rng.choice(vocabulary, 40)) for _ in range(rows)]
    frame = pd.DataFrame({"id": [f"r{i}" for i in range(rows)], "split": "train", "text": texts})
    with storage.shard_writer(paths.CLEAN) as write:
        for start in range(0, rows, 25_000):
            write(frame[start : start + 25_000])
    paths.GOLD_DEV.parent.mkdir(parents=True)
    storage.write_table(paths.GOLD_DEV, pd.DataFrame({"id": ["r0"], "label": [0]}))


def timed():
    start = time.perf_counter()
    label.run(load_params())
    return time.perf_counter() - start


def main(rows):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_project(rows)
        print("| keyword lists, functions | all 20, s | after an edit of one function, s | share |\n|---|---|---|---|")
        for keywords in (0, 10):
            rounds = []
            for _ in range(3):
                shutil.rmtree(".cache", ignore_errors=True)
                Path("lfs/main.py").write_text(source(1, keywords))
                full = timed()
                Path("lfs/main.py").write_text(source(2, keywords))
                rounds.append((full, timed()))
            full, edit = (statistics.median(times) for times in zip(*rounds, strict=True))
            print(f"| {keywords}, {20 - keywords} | {full:.2f} | {edit:.2f} | {edit / full:.1%} |")
        os.chdir("/")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    main(parser.parse_args(sys.argv[1:]).rows)
