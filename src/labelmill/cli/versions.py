"""Commands about label versions: `versions add`, `list`, `diff`, `checkout`, `verify`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelmill.cli.printing import AsJson, echo_json, heading, print_table, rows_of, share

if TYPE_CHECKING:
    from labelmill.loop.versions import Comparison, Version

app = typer.Typer(
    no_args_is_help=True,
    help="Label versions: what each accepted run was made from and what it gave; compare them, bring one back.",
)

Number = Annotated[int, typer.Argument(help="Number of a version.", min=1)]


@app.command()
def add(
    note: Annotated[str, typer.Option("--note", help="A line about it for people.")] = "",
    commit: Annotated[bool, typer.Option("--commit", help="Commit dvc.lock and what it stands on to git.")] = False,
) -> None:
    """Make a version of the present state, if every stage is up to date; the same state twice is one version."""
    from labelmill.loop import versions
    from labelmill.params import load_params
    from labelmill.sources import batches

    version, is_new = versions.add(load_params(), note=note)
    typer.echo(
        f"version {version.number}: {_told(version)}" if is_new else f"this state is version {version.number} already"
    )
    if came := sorted(batches.hashes().items() - batches.ingested().items()):
        typer.secho(
            f"note: not in it, since stage ingest did not read them: batch {', '.join(name for name, _ in came)}",
            fg="yellow",
            err=True,
        )
    if commit:
        made = versions.commit(version)
        typer.echo("git has all of it already" if made is None else f"committed as {made[:12]}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the versions, oldest first; * is the present state of the files."""
    from labelmill.loop import versions
    from labelmill.params import load_params

    found, current = versions.list_versions(), versions.current_key(load_params())
    in_git = versions.committed(found)
    if as_json:
        echo_json([_facts(v) | {"current": v.key == current, "in_git": v.number in in_git} for v in found])
        return
    if not found:
        typer.echo("no version yet; `labelmill versions add` makes one")
        return
    rows = [
        [
            f"{v.number}{'*' if v.key == current else ''}",
            v.manifest["created"],
            f"{v.manifest['rows']:,}",
            _class_counts(v),
            str(len(v.manifest["lfs"])),
            _score(v),
            "yes" if v.number in in_git else "no",
            v.manifest["note"],
        ]
        for v in found
    ]
    print_table(["version", "created", ">rows", "labels", ">LFs", ">balanced acc.", "in git", "note"], rows)


@app.command()
def diff(before: Number, after: Number, as_json: AsJson = False) -> None:
    """Say what moved between two versions: labeling functions, params, rows, labels, coverage, scores."""
    from labelmill.loop import versions

    found = versions.compare(versions.get(before), versions.get(after))
    if as_json:
        echo_json(found)
    else:
        _print_diff(found)


@app.command()
def checkout(
    number: Number,
    force: Annotated[bool, typer.Option("--force", help="Replace edits that neither git nor a version has.")] = False,
    data: Annotated[bool, typer.Option("--data/--no-data", help="Let DVC bring the large files too.")] = True,
) -> None:
    """Bring a version back: its params, labeling functions and dvc.lock, then by DVC its data, labels and models."""
    from labelmill.loop import dvc_commands, versions

    version = versions.get(number)
    done = versions.restore(version, force=force)
    typer.echo(f"{len(done.written)} files of version {number} put back, {len(done.removed)} removed")
    if done.backup is not None:
        typer.echo(f"copies of what they replaced: {done.backup}")
    for note in done.notes:
        typer.secho(f"note: {note}", fg="yellow", err=True)
    if not data:
        typer.echo("next: `dvc checkout` brings the data, labels and models of this version")
        return
    problem = dvc_commands.checkout(force=force)
    if differing := versions.differing_outputs(version):
        typer.secho(f"not those of version {number}: {', '.join(map(str, differing))}", fg="yellow", err=True)
        if problem:
            typer.secho(f"dvc checkout: {problem}", fg="yellow", err=True)
        typer.echo("next: `dvc pull` fetches them from a remote that has them; `dvc repro` makes them again")
        return
    typer.echo(f"data, labels and models are those of version {number}, byte by byte")


@app.command()
def verify(
    number: Annotated[int | None, typer.Argument(help="Number of a version; all of them where absent.")] = None,
) -> None:
    """Re-hash what versions keep, and every object of DVC's cache that they need."""
    from labelmill.errors import CorruptFileError
    from labelmill.loop import cache_objects, dvc_commands, versions

    chosen = versions.list_versions() if number is None else [versions.get(number)]
    checked = cache_objects.Checked(dvc_commands.cache_folder())
    damaged = []
    for version in chosen:
        problems, absent = cache_objects.verify_version(version, checked)
        damaged += [f"version {version.number}: {problem}" for problem in problems]
        typer.echo(f"version {version.number}: {'damaged' if problems else 'whole'}")
        if absent:
            typer.echo(
                f"  {len(absent)} objects are not in the cache, such as {', '.join(absent[:3])}: after a checkout "
                "`dvc pull` fetches them, or `dvc repro` makes them again"
            )
    if damaged:
        raise CorruptFileError("\n".join([*damaged, "`labelmill verify --cache --repair` sets damaged objects aside."]))


def _told(version: "Version") -> str:
    return f"{rows_of(version.manifest['rows'])}, {_class_counts(version)}"


def _class_counts(version: "Version") -> str:
    return ", ".join(f"{count:,} {name}" for name, count in version.manifest["labels"].items())


def _score(version: "Version") -> str:
    value = version.manifest["scores"].get("end_model", {}).get("balanced_accuracy")
    return "" if value is None else f"{value:.3f}"


def _facts(version: "Version") -> dict[str, Any]:
    shown = ("created", "note", "key", "rows", "classes", "labels", "lfs", "scores", "software", "hashes")
    return {"version": version.number, **{name: version.manifest[name] for name in shown}}


def _print_diff(found: "Comparison") -> None:
    heading(f"version {found.versions[0]} → version {found.versions[1]}")
    for line in _what_changed(found):
        typer.echo(f"  {line}")
    of = f"{rows_of(found.n_moved)} {'has' if found.n_moved == 1 else 'have'} another label"
    heading(of + (f" (counted on {share(found.share)} of the rows)" if found.share < 1 else ""))
    if found.moved:
        print_table(["from", "to", ">rows"], [[old, new, f"{count:,}"] for old, new, count in found.moved])
    print_table(
        ["label", ">before", ">after"],
        [[name, f"{old:,}", f"{new:,}"] for name, (old, new) in found.labels.items()],
    )
    coverage = [
        [name, *("" if value is None else share(value) for value in pair)]
        for name, pair in found.coverage.items()
        if pair[0] != pair[1]
    ]
    if coverage:
        heading("coverage of labeling functions, where it differs")
        print_table(["name", ">before", ">after"], coverage)
    scores = [
        [f"{system} {measure}", *("" if value is None else f"{value:.3f}" for value in pair)]
        for system, measures in found.scores.items()
        for measure, pair in measures.items()
        if pair[0] != pair[1]
    ]
    heading("test scores, where they differ" if scores else "test scores are the same")
    if scores:
        print_table(["system", ">before", ">after"], scores)


def _what_changed(found: "Comparison") -> list[str]:
    """One line for each thing that the two were made from, where it differs."""
    lists = {
        "labeling functions added": found.lfs_added,
        "labeling functions removed": found.lfs_removed,
        "labeling functions edited": found.lfs_edited,
        "classes added": found.classes_added,
        "classes removed": found.classes_removed,
        "batches added": found.batches_added,
        "batches removed": found.batches_removed,
    }
    lines = [f"{what}: {', '.join(names)}" for what, names in lists.items() if names]
    lines += [f"params: {key}: {_value(old)} → {_value(new)}" for key, (old, new) in found.params.items()]
    if found.annotations_differ:
        lines.append("hand labels: gold/annotations.jsonl differs")
    if found.code_differs:
        lines.append("code: labelmill itself differs")
    rows = f"rows: {found.rows[0]:,} → {found.rows[1]:,}"
    return [*lines, rows + (f" ({found.rows_new:,} new, {found.rows_gone:,} gone)" if found.share == 1 else "")]


def _value(value: Any) -> str:
    return "absent" if value is None else str(value)
