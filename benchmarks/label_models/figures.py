"""The figures of the documentation: `python benchmarks/label_models/figures.py` writes docs/figures/*.svg.

    python benchmarks/label_models/figures.py                          # all, about two minutes
    python benchmarks/label_models/figures.py auto edges               # some
    python benchmarks/label_models/figures.py --folder /tmp/figures    # elsewhere, to look at them first

It prints the numbers behind each, which the pages quote. They are drawn from fixed seeds and need no data.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "figures"
Records = list[dict[str, Any]]


def figures() -> dict[str, tuple[Callable[[], Any], Callable[[Records], Any]]]:
    """Each figure by name: what it shows, and how it is drawn."""
    import drawing
    import showcases
    from showcases import BAYES

    from labelmill.label_model import auto

    accuracy = ("accuracy", "share of rows decided right")
    return {
        "which_model": (
            showcases.lost_by_kind_of_votes,
            lambda r: drawing.cells(
                r,
                ("kind", None),
                ("votes", None),
                "lost",
                steps=(1, 3, 6, 15),
                form=".1f",
                title="Points of accuracy lost to who knows the truth about the sources",
            ),
        ),
        "majority_vote": (
            showcases.copies_outvote,
            lambda r: drawing.lines(
                r,
                ("copies", "copies of a source of .60 beside three good ones (.90, .85, .80)"),
                accuracy,
                "system",
                band=BAYES,
                form=".0%",
                title="Copies outvote who is right",
            ),
        ),
        "weighted_vote": (
            showcases.weak_voters,
            lambda r: drawing.lines(
                r,
                ("weak", "sources of .60 beside one of .90"),
                accuracy,
                "system",
                band=BAYES,
                form=".0%",
                title="One good source among weak ones",
            ),
        ),
        "anchored_precision": (
            showcases.precision_by_votes,
            lambda r: drawing.lines(
                r,
                ("votes", "votes of the rule (logarithmic)"),
                ("precision", "precision learned"),
                "anchor",
                band="truth",
                log_x=True,
                form=".2f",
                title="A rule that is right in 60 %: from the anchor to what the votes say",
            ),
        ),
        "dawid_skene": (
            showcases.confusions,
            lambda r: drawing.beside(
                r,
                "table",
                ("vote", "the worker's vote"),
                ("truth", "truth"),
                "share",
                steps=(0.1, 0.25, 0.5, 0.75),
                form=".2f",
                title="A worker who takes every second bird for a bat: share of votes by truth",
            ),
        ),
        "generative": (
            showcases.edges_by_copy_rate,
            lambda r: drawing.lines(
                r,
                ("rate", "share of rows on which three sources copy a bad one"),
                ("loss", "log loss, nats a row (logarithmic)"),
                "system",
                band=BAYES,
                log_y=True,
                form=".1f",
                title="What copying costs, with edges and without",
            ),
        ),
        "matrix_completion": (
            showcases.accuracies_by_rows,
            lambda r: drawing.against(
                r,
                "rows",
                ("true", "true accuracy"),
                ("estimate", "estimated accuracy"),
                ends=(0.5, 1.0),
                title="Accuracies of twelve independent sources, found without a true label",
            ),
        ),
        "triplets": (
            showcases.errors_by_pairs,
            lambda r: drawing.lines(
                r,
                ("pairs", "pairs among 20 sources of which one copies the other in 80 %"),
                ("error", "mean error of the accuracies"),
                "system",
                form=".2f",
                title="The median over triples shrugs off dependent pairs",
            ),
        ),
        "auto": (
            showcases.trusts,
            lambda r: drawing.gate(
                r,
                ("off", "misfit, standard errors (logarithmic)"),
                ("unexplained", "unexplained share"),
                ("trust", "trust"),
                full=(auto._FITS[0], auto._EXPLAINS[0]),
                none=(auto._FITS[1], auto._EXPLAINS[1]),
                title="How far auto takes the covariances at their word, on synthetic sets",
            ),
        ),
        "edges": (
            showcases.edges_found,
            lambda r: drawing.lines(
                r,
                ("rate", "share of rows on which one copies the other"),
                ("recall", "share of the pairs that are found"),
                "votes",
                form=".0%",
                title="How weak a dependence can be seen",
            ),
        ),
        "gold": (
            showcases.gold_against_adversaries,
            lambda r: drawing.lines(
                r,
                ("gold", "rows with gold, of 10,000 (nearly logarithmic)"),
                accuracy,
                "system",
                band=BAYES,
                log_x=True,
                form=".0%",
                title="Five of eight sources are worse than chance",
            ),
        ),
    }


def main() -> int:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # before numpy is imported
    import drawing
    import pandas as pd

    known = figures()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="FIGURE", help=", ".join(known))
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: docs/figures")
    options = parser.parse_args()
    for name in options.names or known:
        show, draw = known[name]
        records = [{key: _plain(value) for key, value in record.items()} for record in show()]
        drawing.save(draw(records), options.folder / f"{name}.svg")
        print(f"## {name}\n\n{pd.DataFrame(records).to_string(index=False)}\n", flush=True)
    return 0


def _plain(value: Any) -> Any:
    """Numbers as JSON knows them, to six digits: sums in another order must not change a figure."""
    return value if isinstance(value, str) else round(float(value), 6)


if __name__ == "__main__":
    sys.exit(main())
