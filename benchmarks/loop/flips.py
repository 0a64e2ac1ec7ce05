"""Damage stored files one at a time, see whether it is found and named, and mend them.

    python benchmarks/loop/flips.py PROJECT [--count 300] [--seed 0]

PROJECT is a DVC project on which `dvc repro` and `labelmill promote --first` ran; it is copied, and stays as it is.
Each time one byte of a random file is changed, or the file is cut short; then the checks run that `labelmill verify
--cache --repair` makes before every push. "Mended" means the same bytes are back: those of stages and the champion
from DVC's cache, objects of the cache from files of the work tree. Batches and versions lie in one place alone, but for
what of them is in the cache, too: they are named.
"""

import argparse
import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from labelmill import paths, storage
from labelmill.loop import cache_objects, stored_files, versions
from labelmill.params import load_params

CACHE = Path(".dvc/cache")
KINDS = {
    "rows": "data/clean",
    "L": "data/label_matrix",
    "probs": "data/probs",
    "gold": "data/gold",
    "label model": "models/label_model",
    "end model": "models/end_model",
    "featurizer": "models/featurizer",
    "champion": "state/models",
    "batch": "data/incoming",
    "version": "state/versions",
    "cache object": ".dvc/cache/files/md5",
}


def files_of(folder: str) -> list[Path]:
    found = (file for file in sorted(Path(folder).rglob("*")) if file.is_file())
    return [file for file in found if file.suffix != ".md" and file.name != ".gitignore"]


def damage(file: Path, rng: random.Random) -> None:
    data = bytearray(file.read_bytes())
    file.chmod(0o644)
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)


def found_and_mended(file: Path) -> tuple[bool, bool]:
    """Whether the checks name the file, and whether they bring its bytes back."""
    if CACHE in file.parents:
        found = cache_objects.check(CACHE)
        named = any(str(file) in line for line in found.lines())
        cache_objects.repair(found)
        return named, cache_objects.Checked(CACHE).is_whole(file.parent.name + file.name)
    damages = stored_files.verify().damages
    checked = cache_objects.Checked(CACHE)
    mended = [stored_files.restore(each, checked) for each in damages]
    return any(str(file.parent) in each.problem for each in damages), bool(mended) and all(mended)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(shutil.copytree(given.project, Path(place) / "project", symlinks=True))
        versions.publish(load_params())
        if not list(paths.INCOMING.glob("*/manifest.json")):
            with storage.new_folder(paths.INCOMING / "00001", seq=1, source="rows.csv") as new:
                storage.copy_file(paths.CLEAN / "part-00000.parquet", new / "part-00000.parquet")
        damaged, named, mended = Counter(), Counter(), Counter()
        kinds = [kind for kind, folder in KINDS.items() if files_of(folder)]
        for number in range(given.count):
            kind = kinds[number % len(kinds)]
            file = rng.choice([file for file in files_of(KINDS[kind]) if file.stat().st_size])
            good = file.read_bytes()
            damage(file, rng)
            found, whole = found_and_mended(file)
            damaged[kind] += 1
            named[kind] += found
            mended[kind] += whole and file.read_bytes() == good
            if not found:
                print(f"not found: {file}")
            file.unlink(missing_ok=True)
            file.write_bytes(good)
    print("| what | damaged | found and named | mended |\n|---|---|---|---|")
    for kind in kinds:
        print(f"| {kind} | {damaged[kind]} | {named[kind]} | {mended[kind]} |")
    print(f"| all | {damaged.total()} | {named.total()} | {mended.total()} |")


if __name__ == "__main__":
    main()
