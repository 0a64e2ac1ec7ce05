"""The figures of the documentation: `python benchmarks/label_models/figures.py` writes docs/figures/*.svg.

    python benchmarks/label_models/figures.py                          # all, two to three minutes
    python benchmarks/label_models/figures.py auto edges               # some
    python benchmarks/label_models/figures.py --folder /tmp/figures    # elsewhere, to look at them first

It prints the numbers behind each, which the pages quote. They are drawn from fixed seeds and need no data.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "figures"


def figures() -> dict[str, tuple[Callable[[], Any], Callable[..., Any]]]:
    """Each figure by name: what gives its records, and what draws them."""
    import drawing
    import showcases
    from showcases import BAYES

    from labelmill.label_model.trust import EXPLAINS, FITS  # so that the picture shows the gate as it is

    accuracy = ("accuracy", "share of rows decided right")
    of_models = partial(drawing.lines, y=accuracy, series="system", band=BAYES, form=".0%")
    return {
        "which_model": (
            showcases.lost_by_kind_of_votes,
            partial(
                drawing.cells,
                column=("kind", None),
                row=("votes", None),
                value="lost",
                steps=(1, 3, 6, 15),
                form=".1f",
                title="Points of accuracy lost to who knows the truth about the sources",
            ),
        ),
        "majority_vote": (
            showcases.copies_outvote,
            partial(
                of_models,
                x=("copies", "copies of a source of .60 beside three good ones (.90, .85, .80)"),
                title="Copies outvote who is right",
            ),
        ),
        "weighted_vote": (
            showcases.weak_voters,
            partial(of_models, x=("weak", "sources of .60 beside one of .90"), title="One good source among weak ones"),
        ),
        "anchored_precision": (
            showcases.precision_by_votes,
            partial(
                drawing.lines,
                x=("votes", "votes of the rule (logarithmic)"),
                y=("precision", "precision learned"),
                series="anchor",
                band="truth",
                log_x=True,
                form=".2f",
                title="A rule that is right in 60 %: from the anchor to what the votes say",
            ),
        ),
        "dawid_skene": (
            showcases.confusions,
            partial(
                drawing.beside,
                field="table",
                column=("vote", "the worker's vote"),
                row=("truth", "truth"),
                value="share",
                steps=(0.1, 0.25, 0.5, 0.75),
                form=".2f",
                title="A worker who takes every second bird for a bat: share of votes by truth",
            ),
        ),
        "generative": (
            showcases.edges_by_copy_rate,
            partial(
                drawing.lines,
                x=("rate", "share of rows on which three sources copy a bad one"),
                y=("loss", "log loss, nats a row (logarithmic)"),
                series="system",
                band=BAYES,
                log_y=True,
                form=".1f",
                title="What copying costs, with edges and without",
            ),
        ),
        "matrix_completion": (
            showcases.accuracies_by_rows,
            partial(
                drawing.against,
                field="rows",
                x=("true", "true accuracy"),
                y=("estimate", "estimated accuracy"),
                ends=(0.5, 1.0),
                title="Accuracies of twelve independent sources, found without a true label",
            ),
        ),
        "triplets": (
            showcases.errors_by_pairs,
            partial(
                drawing.lines,
                x=("pairs", "pairs among 20 sources of which one copies the other in 80 %"),
                y=("error", "mean error of the accuracies"),
                series="system",
                form=".2f",
                title="The median over triples shrugs off dependent pairs",
            ),
        ),
        "auto": (
            showcases.trusts,
            partial(
                drawing.gate,
                x=("off", "misfit, standard errors (logarithmic)"),
                y=("unexplained", "unexplained share"),
                value=("trust", "trust"),
                full=(FITS[0], EXPLAINS[0]),
                none=(FITS[1], EXPLAINS[1]),
                title="How far auto takes the covariances at their word, on synthetic sets",
            ),
        ),
        "edges": (
            showcases.edges_found,
            partial(
                drawing.lines,
                x=("rate", "share of rows on which one copies the other"),
                y=("recall", "share of the pairs that are found"),
                series="votes",
                form=".0%",
                title="How weak a dependence can be seen",
            ),
        ),
        "gold": (
            showcases.gold_against_adversaries,
            partial(
                of_models,
                x=("gold", "rows with gold, of 10,000 (nearly logarithmic)"),
                log_x=True,
                title="Five of eight sources are worse than chance",
            ),
        ),
        "class_balance": (
            showcases.balance_given,
            partial(
                drawing.lines,
                x=("share", "share of positives that the model is given (logarithmic)"),
                y=("f1", "F1 of the positives"),
                series="system",
                band=BAYES,
                log_x=True,
                form=".1f",
                title="One row in twenty is positive",
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
    parser.add_argument("names", nargs="*", metavar="FIGURE", help=f"default: all, which are {', '.join(known)}")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: docs/figures")
    options = parser.parse_args()
    if unknown := set(options.names) - set(known):
        parser.error(f"there is no figure {', '.join(sorted(unknown))}: expected some of {', '.join(known)}")
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
