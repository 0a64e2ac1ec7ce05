"""The command line."""

import logging
import os
import sys
from typing import Annotated

import typer

from labelmill import settings as settings_module
from labelmill.errors import LabelmillError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Programmatic labeling as a pipeline.")


@app.command()
def stage(name: Annotated[str, typer.Argument(help="Which stage.")]) -> None:
    """Run one stage in this process (what `dvc.yaml` calls)."""
    from labelmill import paths, processes, stages, storage
    from labelmill.params import load_params

    processes.die_with_parent()
    with storage.exclusive(paths.CACHE / "locks" / f"{name}.lock"):
        stages.run_stage(name, load_params())


def main() -> None:
    """Run the command line; an error that labelmill raises ends with one message and its exit code."""
    for name, value in settings_module.TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)
    logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stderr)
    try:
        app()
    except LabelmillError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(error.exit_code)
