"""The command line. Heavy imports sit inside the commands, so that `labelmill --help` is instant."""

import logging
import sys

import typer

from labelmill import telemetry
from labelmill.cli import check, drift, incoming, interop, lfs, models, pipeline, project, replay, versions
from labelmill.errors import LabelmillError, StorageError

_HELP = """Programmatic labeling as a pipeline: labeling functions in, versioned labels and a trained model out.

Every command works in the current folder, as git and dvc do. A new project: `labelmill init DIR`.
"""

_EXIT_CODES = """Exit codes: 0 done · 1 another error · 2 params.yaml or the command is wrong · 3 bad data · 4 a
labeling function failed · 5 no label model can be fitted · 6 training failed · 7 a file is missing, damaged or
cannot be written · 8 another run holds the lock · 9 not promoted · 10 a tool is missing · 11 MLflow cannot be
reached · 12 a download failed, try again · 13 no row to work on · 130 stopped with Ctrl-C
"""

STOPPED = 130
"""The exit code after Ctrl-C, as shells have it: 128 and the number of SIGINT."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help=_HELP,
    epilog=_EXIT_CODES,
)
project.register(app)
check.register(app)
pipeline.register(app)
models.register(app)
drift.register(app)
app.add_typer(lfs.app, name="lfs")
app.add_typer(incoming.app, name="incoming")
app.add_typer(versions.app, name="versions")
interop.register(app)
replay.register(app)


@app.callback()
def _options(
    context: typer.Context,
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Say more, and show tracebacks."),
) -> None:
    if context.invoked_subcommand == "init" or "--help" in sys.argv:
        return  # they need no settings, and stay quick
    from labelmill.settings import load_settings

    logging.getLogger("labelmill").setLevel("DEBUG" if verbose else load_settings().log_level)


def main() -> None:
    """Run the command line; an error that labelmill raises ends with one message and its exit code."""
    telemetry.switch_off()
    logging.basicConfig(level="WARNING", format="%(message)s", stream=sys.stderr)
    try:
        app()
    except LabelmillError as error:
        _end(error, str(error), error.exit_code)
    except OSError as error:  # a full disk, a folder that may not be written: not ours, but nobody's bug
        place = f"{error.filename}: " if error.filename else ""
        _end(error, f"{place}{error.strerror or error}.", StorageError.exit_code)
    except SystemExit as stop:
        # Lightning turns Ctrl-C into exit code 1.
        if stop.code == STOPPED or isinstance(stop.__context__, KeyboardInterrupt):
            typer.secho("stopped; files of finished stages are whole", fg="yellow", err=True)
            sys.exit(STOPPED)
        raise


def _end(error: Exception, message: str, code: int) -> None:
    if logging.getLogger("labelmill").level == logging.DEBUG:
        raise error
    typer.secho(f"error: {printable(message)}", fg="red", err=True)
    sys.exit(code)


def printable(message: str) -> str:
    """The message without control characters: what came out of a file must not steer the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in message)
