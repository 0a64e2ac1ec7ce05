"""The command line. Heavy imports sit inside the commands, so that `labelmill --help` is instant."""

import logging
import sys

import typer

from labelmill import telemetry
from labelmill.cli import lfs, models, pipeline, project
from labelmill.errors import LabelmillError

_HELP = """Programmatic labeling as a pipeline: labeling functions in, versioned labels and a trained model out.

Every command works in the current folder, as git and dvc do. A new project: `labelmill init DIR`.
"""

_EXIT_CODES = """Exit codes: 0 done · 1 another error · 2 params.yaml or the command is wrong · 3 bad data · 4 a
labeling function failed · 5 no label model can be fitted · 6 training failed · 7 a file cannot be written or is
damaged · 8 another run holds the lock · 9 not promoted · 10 a tool is missing · 11 MLflow cannot be
reached · 12 a download failed, try again · 13 no row to work on · 130 stopped with Ctrl-C
"""

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode="markdown", help=_HELP, epilog=_EXIT_CODES
)
project.register(app)
pipeline.register(app)
models.register(app)
app.add_typer(lfs.app, name="lfs")


@app.callback()
def _options(verbose: bool = typer.Option(False, "--verbose", "-v", help="Say more, and show tracebacks.")) -> None:
    level = logging.DEBUG if verbose else logging.INFO
    logging.getLogger("labelmill").setLevel(level)


def main() -> None:
    """Run the command line; an error that labelmill raises ends with one message and its exit code."""
    telemetry.switch_off()
    logging.basicConfig(level="WARNING", format="%(message)s", stream=sys.stderr)
    try:
        app()
    except LabelmillError as error:
        if logging.getLogger("labelmill").level == logging.DEBUG:
            raise
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(error.exit_code)
