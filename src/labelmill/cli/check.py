"""The command that is run before any rule is written: `check`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelmill.cli.printing import AsJson, echo_json, estimate, heading, plain_values, print_table, share

if TYPE_CHECKING:
    from labelmill.analysis.preflight import Preflight
    from labelmill.params import Params


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(check)


def check(
    seconds_per_row: Annotated[
        float, typer.Option("--seconds-per-row", min=0.1, help="How long it takes to label a row by hand.")
    ] = 15.0,
    hours_for_rules: Annotated[
        float, typer.Option("--hours-for-rules", min=0.1, help="How long it takes to write good labeling functions.")
    ] = 6.0,
    as_json: AsJson = False,
) -> None:
    """Say whether labeling functions are worth writing here, or hand labels cheaper; before anything was run, too.

    It looks at the rows (clean, ingested, or read from the source), at dev gold, and at votes where there are any. With
    gold it tells by cross-validation what hand labels would give, and what plain keywords would. Numbers come with 95 %
    intervals. The verdict is advice: the exit code is 0.

    Examples: `labelmill check` · `labelmill check --seconds-per-row 60`
    """
    from labelmill.analysis import preflight
    from labelmill.analysis.verdict import Cost
    from labelmill.params import load_params

    params = load_params()
    found = preflight.look_ahead(params, Cost(seconds_per_row, hours_for_rules))
    if as_json:
        echo_json(_as_json(found, params))
        return
    _print_rows(found, params)
    _print_curve(found)
    _print_rules(found, params)
    heading(found.headline)
    for reason in found.reasons:
        typer.echo(f"  {reason}")
    for note in found.notes:
        typer.secho(f"note: {note}", fg="yellow", err=True)


def _as_json(found: "Preflight", params: "Params") -> dict[str, Any]:
    from labelmill.analysis.preflight import targets

    classes, curve, outlook = params.task.classes, found.curve, found.outlook
    return {
        "verdict": found.verdict,
        "headline": found.headline,
        "reasons": found.reasons,
        "whence": found.available.whence,
        "rows": found.available.splits,
        "dev_gold": _classes_of_gold(found, params),
        "annotators": found.annotators,
        "hand_labels": None
        if curve is None
        else {
            "measured": [
                {"rows": n, **plain_values(told)} for n, told in zip(curve.sizes, curve.measured, strict=True)
            ],
            "foreseen": [{"rows": n, **plain_values(told)} for n, told in targets(curve)],
        },
        "keywords": None
        if outlook is None
        else {
            "coverage": outlook.coverage,
            "accuracy": outlook.accuracy,
            "words": [{"word": word, "label": classes[label]} for word, label in outlook.words],
        },
        "labeling_functions": found.rules,
        "cost": found.cost,
        "notes": found.notes,
    }


def _classes_of_gold(found: "Preflight", params: "Params") -> dict[str, int]:
    return {name: int((found.available.gold == y).sum()) for y, name in enumerate(params.task.classes)}


def _print_rows(found: "Preflight", params: "Params") -> None:
    splits = ", ".join(f"{count:,} {name}" for name, count in sorted(found.available.splits.items()))
    gold = ", ".join(f"{count:,} {name}" for name, count in _classes_of_gold(found, params).items())
    typer.echo(f"rows of {found.available.whence}: {splits}")
    typer.echo(f"dev gold: {len(found.available.gold):,} rows ({gold})")
    if found.annotators is not None:
        typer.echo(f"people who labeled the same row agree on {estimate(found.annotators)} of such rows")


def _print_curve(found: "Preflight") -> None:
    from labelmill.analysis.preflight import targets

    if found.curve is None:
        return
    measured = [
        [f"{n:,}", estimate(told), "cross-validated"]
        for n, told in zip(found.curve.sizes, found.curve.measured, strict=True)
    ]
    foreseen = [[f"{n:,}", estimate(told), "foreseen"] for n, told in targets(found.curve)]
    heading("what hand labels would give the end model: balanced accuracy")
    print_table((">labels", ">accuracy", ""), [*measured, *foreseen])


def _print_rules(found: "Preflight", params: "Params") -> None:
    if found.outlook is not None:
        heading("what plain keywords would do")
        names = params.task.classes
        typer.echo(
            f"  coverage {estimate(found.outlook.coverage)}, balanced accuracy {estimate(found.outlook.accuracy)}"
        )
        for y, name in enumerate(names):
            words = [word for word, label in found.outlook.words if label == y]
            typer.echo(f"  {name}: {', '.join(words) or 'no word tells'}")
    if found.rules is not None:
        heading(f"what the {found.rules.lfs} labeling functions there do")
        agreement = found.rules.agreement
        typer.echo(f"  coverage {estimate(found.rules.coverage)}")
        if agreement is not None:
            typer.echo(f"  they agree on {share(agreement.value)} of the rows on which several vote")
        typer.echo(f"  label model on dev gold {estimate(found.rules.label_model)}, on rows with a vote")
        typer.echo(f"  end model on dev gold {estimate(found.rules.end_model)}")
