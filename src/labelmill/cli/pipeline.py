"""Commands that run stages, and what they stand on: `stage`, `run`, `verify`, `params`."""

import json
import logging
import time
from typing import Annotated

import typer

from labelmill.errors import ParamsError
from labelmill.stages import names

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


def verify() -> None:
    """Re-hash every stored table, label set and model, and name what is damaged.

    Folders are checked against their manifests, single tables against the checksums of their pages.
    """
    from labelmill import paths, storage
    from labelmill.progress import progress

    folders = sorted(
        file.parent for root in ("data", "models") for file in paths.PARAMS.parent.glob(f"{root}/**/manifest.json")
    )
    tables = sorted([*paths.PARAMS.parent.glob("data/*.parquet"), *paths.PARAMS.parent.glob("data/gold/*.parquet")])
    for folder in progress(folders, "verifying folders"):
        storage.verify_folder(folder)
    for table in progress(tables, "verifying tables"):
        storage.read_table(table)
    if folders or tables:
        typer.echo(f"{len(folders)} folders and {len(tables)} single tables are intact")
    else:
        typer.echo("nothing is stored here yet, in data/ or models/")


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
