"""Peak memory of stage `label` on few and on many rows: it must not grow with them.

python benchmarks/labeling/memory.py --rows 1000000 18000000
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from run import DRUGS, MONEY, OFFICE, REGEXES, texts_of

from labelmill import paths, storage
from labelmill.stages import label

SHARD_ROWS = 250_000


def source():
    """Twenty labeling functions, all of them by builders."""
    words = [*MONEY, *OFFICE, *DRUGS][: 20 - len(REGEXES)]
    rules = [f'k{i} = keyword_lf("k{i}", [{word!r}], column="text", label={i % 2})' for i, word in enumerate(words)]
    for name, pattern in REGEXES.items():
        rules.append(f"{name} = regex_lf({name!r}, {pattern!r}, column='text', label=1, ignore_case=True)")
    return "\n".join(["from labelmill import keyword_lf, regex_lf", "", *rules, ""])


def write_project(folder, rows, texts):
    template = Path(label.__file__).parents[1] / "template"
    shutil.copy(template / "params.yaml", folder / "params.yaml")
    (folder / "lfs").mkdir()
    (folder / "lfs/main.py").write_text(source())
    size = 0
    with storage.shard_writer(folder / paths.CLEAN) as write:
        for number, start in enumerate(range(0, rows, SHARD_ROWS)):
            some = [*texts[number:], *texts[:number]]  # other rows in other places: nothing comes from the cache
            ids = [f"r{start + i}" for i in range(SHARD_ROWS)]
            write(pd.DataFrame({"id": ids, "split": "train", "text": some}))
            size += sum(map(len, some))
    (folder / paths.GOLD_DEV).parent.mkdir(parents=True, exist_ok=True)
    storage.write_table(folder / paths.GOLD_DEV, pd.DataFrame({"id": ["r0"], "label": [0]}))
    return size


def peak_of_stage(folder):
    """MiB and seconds of the stage in a process of its own, its workers left out: builders need none."""
    # VmHWM begins anew with a program; ru_maxrss is handed on from the process that started it
    code = (
        "from pathlib import Path; from labelmill.params import load_params; from labelmill.stages import label\n"
        "label.run(load_params()); print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) // 1024, time.perf_counter() - start


def main(counts):
    texts = texts_of(SHARD_ROWS)
    print("| rows | text, GB | peak, MiB | s |\n|---|---|---|---|")
    for rows in counts:
        with tempfile.TemporaryDirectory() as folder:
            size = write_project(Path(folder), rows, texts)
            peak, seconds = peak_of_stage(Path(folder))
        print(f"| {rows:,} | {size / 1e9:.1f} | {peak:,} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 18_000_000])
    main(parser.parse_args().rows)
