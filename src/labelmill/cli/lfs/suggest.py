"""`labelmill lfs suggest`."""

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from labelmill.cli.printing import (
    AsJson,
    echo_json,
    heading,
    interval,
    plain_values,
    print_table,
    rows_of,
    share,
    snippet,
)

if TYPE_CHECKING:
    from labelmill.analysis.candidates import Candidate
    from labelmill.analysis.suggestions import Suggestions
    from labelmill.params import Params


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(suggest)


def suggest(
    count: Annotated[int, typer.Option("--count", min=1, help="How many of each thing; of words, for each class.")] = 5,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Sample rows to show of each thing.")] = 2,
    longest: Annotated[int, typer.Option("--longest", min=1, max=4, help="Most words in a phrase.")] = 2,
    code: Annotated[bool, typer.Option("--code", help="Print only Python to paste into lfs/.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what to look at next: rows without a vote, conflicts, doubts, words worth a rule, rules that could go.

    How often a word would be right is read from the label model's probabilities, not from gold, and is lowered by what
    the label model is too sure of on dev gold. Rows of test and gate are never looked at.

    Examples: `labelmill lfs suggest` · `labelmill lfs suggest --count 10 --code > lfs/suggested.py`
    """
    from labelmill import paths
    from labelmill.analysis import evidence, suggestions
    from labelmill.cli.lfs.stubs import label_code
    from labelmill.params import load_params

    params = load_params()
    known = evidence.read_evidence(params)
    found = suggestions.suggest(known, params, count=count, samples=rows, longest=longest)
    labels = [label_code(paths.LFS, params.task.classes, name) for name in params.task.classes]
    pasted = _code(found.words, labels, params, known.lf_names) if found.words else ""
    if code:
        typer.echo(pasted or "# no word adds enough", nl=not pasted)
        return
    shown = sorted({i for things in (found.clusters, found.conflicts, found.doubts) for t in things for i in t.samples})
    ids = {i: str(known.ids.iloc[i]) for i in shown}
    texts = evidence.texts_of(ids.values(), params.task.text_columns)
    samples = {i: (ids[i], texts.get(ids[i], "")) for i in shown}
    if as_json:
        echo_json(_as_json(found, samples, params, pasted))
        return
    _print_rows(found, samples, params, has_model=known.opinion is not None)
    if known.opinion is None:
        typer.secho(
            "note: there is no label model of these votes, so no words are suggested and no doubts are known; "
            "`labelmill run --from label --to fit_label_model` fits one",
            fg="yellow",
            err=True,
        )
    _print_words(found, params, pasted)
    _print_redundant(found)


Samples = dict[int, tuple[str, str]]
"""Id and text of the rows that are shown, by position."""


def _as_json(found: "Suggestions", samples: Samples, params: "Params", pasted: str) -> object:
    content = plain_values(found)
    for things in (content["clusters"], content["conflicts"], content["doubts"]):
        for thing in things:
            thing["samples"] = [dict(zip(("id", "text"), samples[i], strict=True)) for i in thing["samples"]]
    for word in content["words"]:
        word["label"] = params.task.classes[word["label"]]
    for doubt in content["doubts"]:
        doubt["votes"] = {lf: params.task.classes[label] for lf, label in doubt["votes"]}
        doubt["probs"] = dict(zip(params.task.classes, doubt["probs"], strict=True))
    return {**content, "code": pasted}


def _print_rows(found: "Suggestions", samples: Samples, params: "Params", *, has_model: bool) -> None:
    classes = params.task.classes
    open_share = found.uncovered / max(found.rows, 1)
    heading(f"{found.uncovered:,} of {found.rows:,} train rows ({share(open_share)}) have no vote")
    for cluster in found.clusters:
        words = ", ".join(f"{word} ({share(part)})" for word, part in cluster.words)
        typer.echo(f"  {cluster.rows:,} rows share: {words or 'no word'}")
        _print_samples(cluster.samples, samples)
    if found.conflicts:
        heading("labeling functions that contradict each other")
    for conflict in found.conflicts:
        sides = f"; the label model takes {conflict.first}'s side on {conflict.for_first:,}, {conflict.second}'s on "
        told = f"{sides}{conflict.for_second:,}" if has_model else ""
        typer.echo(
            f"  {conflict.first} and {conflict.second}: {conflict.rows:,} rows, {share(conflict.of_shared)} of those "
            f"on which both vote{told}"
        )
        _print_samples(conflict.samples, samples)
    if found.doubts:
        heading("votes that leave the label model least sure")
    for doubt in found.doubts:
        votes = ", ".join(f"{lf} {classes[label]}" for lf, label in doubt.votes)
        probs = ", ".join(f"{name} {part:.2f}" for name, part in zip(classes, doubt.probs, strict=True))
        typer.echo(f"  {probs} by {votes}: {rows_of(doubt.rows)}")
        _print_samples(doubt.samples, samples)


def _print_samples(places: Sequence[int], samples: Samples) -> None:
    for place in places:
        row_id, text = samples[place]
        typer.secho(f"    {row_id}  {snippet(text, 80)}", dim=True)


def _print_words(found: "Suggestions", params: "Params", pasted: str) -> None:
    if not found.words:
        return
    heading("words and phrases worth a rule")
    rows = [
        [
            word.term,
            params.task.classes[word.label],
            share(word.coverage),
            f"+{share(word.new_coverage)}",
            interval(word.precision, word.low, word.high),
            f"{word.gold_right}/{word.gold_rows}" if word.gold_rows else "",
        ]
        for word in found.words
    ]
    print_table(("word", "class", ">rows", ">newly", ">precision", ">on gold"), rows)
    if found.discount is None:
        typer.echo("Precision is what the label model expects, which no dev gold has confirmed.")
    elif found.discount < 0.005:
        typer.echo("Precision is what the label model expects; on dev gold it was not too sure.")
    else:
        typer.echo(
            f"Precision is what the label model expects, less {found.discount:.2f}, by which it was too sure on gold."
        )
    typer.echo("It is told by rows that have votes; on the rows that a word newly reaches it may be lower.")
    heading("to paste into lfs/ (`--code` prints this alone)")
    typer.echo(pasted)


def _print_redundant(found: "Suggestions") -> None:
    if found.copies:
        heading("nearly the same, to be merged")
        for names in found.copies:
            typer.echo(f"  {', '.join(names)}")
    if found.drops:
        heading("to be dropped or mended")
        for drop in found.drops:
            typer.echo(f"  {drop.name}: {drop.why}")


def _code(words: "list[Candidate]", labels: list[str], params: "Params", taken: Collection[str]) -> str:
    """A module of keyword labeling functions; each on its own, so that the label model learns how far to trust it."""
    columns = params.task.text_columns
    quoted = ", ".join(f'"{column}"' for column in columns)
    column = quoted if len(columns) == 1 else f"({quoted})"
    imports = ["from labelmill import keyword_lf"]
    imports += ["from lfs.labels import Label"] if any(label.startswith("Label.") for label in labels) else []
    taken, lines = set(taken), []
    for word in words:
        name = _free_name(word.term, taken)
        taken.add(name)
        lines.append(
            f"# reaches {share(word.new_coverage)} of the rows newly; precision "
            f"{interval(word.precision, word.low, word.high)} by the label model\n"
            f'{name} = keyword_lf("{name}", ["{word.term}"], column={column}, label={labels[word.label]})'
        )
    docstring = '"""Words that `labelmill lfs suggest` found; look at the rows of each before you keep it."""'
    return "\n".join([docstring, "", *imports, "", *lines, ""])


def _free_name(term: str, taken: Collection[str]) -> str:
    base = "says_" + re.sub(r"\W+", "_", term).strip("_").lower()
    numbered = (base if n == 1 else f"{base}_{n}" for n in range(1, 10_000))
    return next(name for name in numbered if name not in taken)
