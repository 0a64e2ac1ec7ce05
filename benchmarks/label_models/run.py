"""Label models beside each other: real sets, a little gold, synthetic twins, stress votes, speed. Prints Markdown.

    python benchmarks/label_models/run.py                    # all but speed, some minutes
    python benchmarks/label_models/run.py --quick            # a look, less than a minute, without peers
    python benchmarks/label_models/run.py --parts sets --only youtube sms --peers none
    python benchmarks/label_models/run.py --parts twins --twins 200
    python benchmarks/label_models/run.py --speed            # CPU time and memory as well; fresh processes
    python benchmarks/label_models/run.py --keep             # and write it to benchmarks/results, with the picture

The sets lie beside the repository, or in the folder that LABELMILL_BENCH_DATA names; without them that part is
skipped. Peers come with `pip install -e '.[bench]'`; one that does not run is listed with its reason.
"""

import argparse
import contextlib
import datetime as dt
import os
import sys
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"
PARTS = ("sets", "gold", "twins", "stress", "speed")
TWIN_PEERS = ("snorkel_100", "hyperlm")
"""Peers that are quick enough for hundreds of twins."""


def arguments() -> argparse.ArgumentParser:
    import sets
    import speed
    from peers import PEERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS[:-1]), help="default: all but speed")
    parser.add_argument("--only", nargs="+", metavar="SET", default=list(sets.NAMES), choices=sets.NAMES)
    parser.add_argument("--models", nargs="+", metavar="KIND", help="these of ours beside majority vote and default")
    parser.add_argument("--peers", nargs="+", metavar="PEER", choices=[*PEERS, "none"], help="default: all but slow")
    parser.add_argument("--slow", action="store_true", help="with peers that take minutes")
    parser.add_argument("--twins", type=int, metavar="N", default=200, help="how many synthetic sets; default 200")
    parser.add_argument("--first-twin", type=int, metavar="I", default=0, help="others than those that were tuned on")
    parser.add_argument("--speed", action="store_true", help="measure speed and memory as well")
    parser.add_argument("--cases", nargs="+", choices=list(speed.CASES), metavar="CASE", help="only these for speed")
    parser.add_argument("--rounds", type=int, default=3, help="of each speed measurement; default 3")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw gains by set to this .png or .svg")
    parser.add_argument("--keep", action="store_true", help="write report and picture to benchmarks/results")
    return parser


def main() -> int:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # before numpy is imported
    options = arguments().parse_args()
    import on_edges
    import on_gold
    import on_sets
    import on_stress
    import on_twins
    import picture
    import speed
    from systems import BASELINE, DEFAULT, others, ours, warm_up

    parts = {*options.parts, *(["speed"] if options.speed else [])}
    peers = [] if options.quick else others(slow=options.slow)
    if options.peers:
        peers = [name for name in options.peers if name != "none"]
    mine = [kind for kind in ours() if not options.models or kind in (BASELINE, DEFAULT, *options.models)]
    commit, made = _origin()
    report, results = [f"# Label models beside each other\n\n{made}\n"], {}
    if failed := warm_up([*mine, *peers]):
        report.append(
            "Do not run at all, so left out:\n" + "\n".join(f"- {n}: {why}" for n, why in failed.items()) + "\n"
        )
    mine, peers = ([name for name in names if name not in failed] for names in (mine, peers))
    if "sets" in parts:
        results = on_sets.run(options.only, [*mine, *peers])
        report.append(on_sets.report(results))
    if "gold" in parts:
        report.append(on_gold.report(on_gold.run(options.only, seeds=2 if options.quick else 10)))
    if "twins" in parts:
        numbers = range(
            options.first_twin, options.first_twin + (min(options.twins, 20) if options.quick else options.twins)
        )
        report.append(on_twins.report(on_twins.run(numbers, [*mine, *(p for p in peers if p in TWIN_PEERS)])))
    if "stress" in parts:
        report.append(on_stress.report([*mine, *peers], seeds=4 if options.quick else 20))
        report.append(on_edges.report(seeds=4 if options.quick else 20))
    if "speed" in parts:
        cases = options.cases or (["rules 100k x 25"] if options.quick else list(speed.CASES))
        report.append(speed.report(cases, [*mine, *peers], rounds=1 if options.quick else options.rounds))
    text = "\n".join(report)
    print(text)
    name = f"label_models_{dt.date.today().isoformat()}_{commit}"
    if options.picture and results:
        picture.draw(results, options.picture)
    if options.keep:
        RESULTS.mkdir(parents=True, exist_ok=True)
        if results:
            picture.draw(results, RESULTS / f"{name}.png")
            text = text.replace("## Real sets\n", f"## Real sets\n\n![Gains by set]({name}.png)\n", 1)
        (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
        print(f"kept in {RESULTS / name}.md", file=sys.stderr)
    return 0


def _origin() -> tuple[str, str]:
    """The commit, and a sentence about what was measured where."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from labelmill.tracking.provenance import git_state

    commit, changed = git_state(Path(__file__).parent)
    short = (commit or "unknown")[:8]
    versions = []
    for package in ("numpy", "numba", "torch", "snorkel", "crowd-kit", "flyingsquid", "hyperlm"):
        with contextlib.suppress(PackageNotFoundError):
            versions.append(f"{package} {version(package)}")
    made = (
        f"{dt.date.today().isoformat()}, commit {short}{' with changes' if changed else ''}, Python "
        f"{platform.python_version()}, {', '.join(versions)}; {os.cpu_count()} cores {platform.machine()}, one thread."
    )
    return short, made


if __name__ == "__main__":
    sys.exit(main())
