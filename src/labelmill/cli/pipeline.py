"""Commands that run stages, and what they stand on: `stage`, `run`, `verify`, `params`."""

import json
import logging
import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from labelmill.errors import ParamsError
from labelmill.stages import names

if TYPE_CHECKING:
    from labelmill.loop.cache_objects import Found

log = logging.getLogger(__name__)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    for command in (stage, run, verify, params):
        app.command()(command)


def stage(name: Annotated[str, typer.Argument(help=f"One of: {', '.join(names.TRAINING)}.")]) -> None:
    """Run one stage in this process, whether or not it is up to date: what `dvc.yaml` calls."""
    from labelmill import paths, processes, stages, storage
    from labelmill.params import load_params

    names.check(name)
    if "DVC_STAGE" in os.environ:  # run by hand, also in the background, it outlives its shell
        processes.die_with_parent()
    loaded = load_params()
    with storage.exclusive(paths.CACHE / "locks" / f"{name}.lock"):
        stages.run_stage(name, loaded)


def run(
    first: Annotated[str, typer.Option("--from", help="First stage to run.")] = names.TRAINING[0],
    last: Annotated[str, typer.Option("--to", help="Last stage to run.")] = names.TRAINING[-1],
) -> None:
    """Run the stages one after another in this process, without DVC and Prefect.

    It runs all of them, up to date or not; `dvc repro` runs only what changed.
    """
    from labelmill import paths, stages, storage
    from labelmill.params import load_params

    chosen = names.between(first, last)
    loaded = load_params()
    for name in chosen:
        typer.secho(f"{name} …", bold=True, err=True)
        started = time.monotonic()
        with storage.exclusive(paths.CACHE / "locks" / f"{name}.lock"):
            stages.run_stage(name, loaded)
        log.info("%s took %.1f s", name, time.monotonic() - started)
    if "evaluate" in chosen:
        typer.echo(f"report: {paths.REPORT.resolve()}")


def verify(
    cache: Annotated[
        bool, typer.Option("--cache", help="Re-hash DVC's cache too, before anything of it is pushed.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Set damaged files aside; bring back what cache, files or remote have.")
    ] = False,
) -> None:
    """Re-hash every stored table, label set and model, and name all that are damaged.

    Folders are checked against their manifests, single tables against the checksums of their pages and dvc.lock.
    """
    from labelmill.errors import CorruptFileError
    from labelmill.loop import cache_objects, dvc_commands, stored_files

    damaged: list[str] = []
    found = cache_objects.check(dvc_commands.cache_folder()) if cache or repair else None
    if found is not None:
        damaged += _repair_cache(found) if repair else found.lines()
        absent = len(found.absent)
        typer.echo(
            f"{found.count} objects of DVC's cache: {len(found.damaged)} damaged"
            + (f"; {absent} that dvc.lock needs are not there" if absent else "")
        )
    stored = stored_files.verify()
    for damage in stored.damages:
        if repair and found is not None and stored_files.restore(damage, found.checked):
            typer.echo(f"restored: {damage.file}")
        else:
            damaged.append(damage.problem)
    if damaged:
        hint = "" if repair else "\n`labelmill verify --repair` brings back what DVC's cache or its remote has whole."
        raise CorruptFileError("\n".join(damaged) + hint)
    if stored.folders or stored.tables:
        typer.echo(f"{stored.folders} folders and {stored.tables} single tables are intact")
    else:
        typer.echo("nothing is stored here yet, in data/, models/ or state/")


def _repair_cache(found: "Found") -> list[str]:
    """Set damaged objects aside and bring others; returns what is lost, in words."""
    from labelmill.loop import cache_objects

    if not found.damaged and not found.absent:
        return []
    for line in found.lines():
        typer.echo(line)
    done = cache_objects.repair(found)
    for place in done.set_aside:
        typer.echo(f"set aside: {place}")
    typer.echo(f"brought back: {len(done.from_files)} from files here, {len(done.fetched)} from the remote")
    why = f" ({done.problem})" if done.problem else ""
    return [
        f"{', '.join(places)}: in no place any more{why}. `dvc repro` makes it again where a file is missing, "
        "`dvc repro --force STAGE` in any case."
        for places in done.lost.values()
    ]


def params(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema, for editors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the values in force as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page of the docs.")] = False,
) -> None:
    """Explain every key of params.yaml, with its default and the value in force."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from labelmill.params import Params, load_params, reference

    if schema:
        typer.echo(json.dumps(Params.model_json_schema(by_alias=True), indent=2))
        return
    if markdown:
        typer.echo(reference.as_markdown(), nl=False)
        return
    try:
        loaded = load_params().model_dump(mode="json", by_alias=True)
    except ParamsError:
        if as_json:
            raise
        loaded = None
    if as_json:
        typer.echo(json.dumps(loaded, indent=2))
        return
    table = Table("key", "value", "meaning", title="params.yaml, where it differs from the default: (the default)")
    for key, default, meaning in reference.describe():
        value = _value_at(loaded, key, default)
        note = f" ({default})" if default and value != default else ""
        table.add_row(escape(key), escape(value + note), escape(meaning))
    Console().print(table)


def _value_at(loaded: object, key: str, default: str) -> str:
    """The value in force, written as `params.reference` writes defaults; the default where there is none."""
    from labelmill.params import reference

    for part in key.split("."):
        if not isinstance(loaded, dict) or part not in loaded:
            return default or "required"
        loaded = loaded[part]
    return reference.as_text(tuple(loaded) if isinstance(loaded, list) else loaded)
