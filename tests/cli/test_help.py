"""The help is quick, complete, and true about exit codes."""

import inspect
import json
import re
import subprocess
import sys

import pytest

from labelmill import cli, errors

HEAVY = {"torch", "lightning", "mlflow", "great_expectations", "sklearn", "pandas", "numpy", "pyarrow", "pydantic"}
COMMANDS = {
    *("init", "stage", "run", "verify", "params", "predict", "promote", "rollback", "explain", "drift", "track"),
    *("report", "lfs", "incoming", "versions"),
}


def error_classes():
    found = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.LabelmillError)]
    assert len(found) > 10
    return found


@pytest.mark.parametrize("arguments", [["--help"], ["lfs", "--help"], ["stage", "--help"], ["init", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = f"""
import json, sys
sys.argv = ["labelmill", *{arguments!r}]
from labelmill.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print("\\n" + json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    own = HEAVY if arguments == ["--help"] else HEAVY - {"pydantic"}  # typer itself parses options with it
    assert not own & set(json.loads(done.stdout.splitlines()[-1]))


def test_help_names_every_command(labelmill):
    text = labelmill("--help").out
    assert not {name for name in COMMANDS if not re.search(rf"^\W*{name}\b", text, re.MULTILINE)}


def test_every_exit_code_of_an_error_is_documented_and_no_other():
    documented = {int(code) for code in re.findall(r"(?:^|· |codes: )(\d+) [a-zA-Z]", cli._EXIT_CODES)}
    raised = {cls.exit_code for cls in error_classes()}
    assert documented == raised | {0, cli.STOPPED}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    drawn = {name: int(code) for name, code in re.findall(r"(\w+Error) +(?:\(\w+\) +)?(\d+) ", errors.__doc__)}
    assert drawn == {cls.__name__: cls.exit_code for cls in error_classes()}
    for line in errors.__doc__.splitlines():
        if builtin := re.search(r"(\w+Error) +\((\w+)\)", line):
            assert issubclass(getattr(errors, builtin[1]), getattr(sys.modules["builtins"], builtin[2]))


def test_without_a_command_it_shows_the_help(labelmill):
    ended = labelmill()
    assert ended.code == 2
    assert "labelmill init DIR" in ended.out + ended.err


@pytest.mark.parametrize("arguments", [["lables"], ["stage"], ["run", "--form", "label"], ["params", "--yaml"]])
def test_a_wrong_command_line_ends_with_2(labelmill, arguments):
    ended = labelmill(*arguments)
    assert ended.code == 2
    assert "Usage" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("error", [cls for cls in error_classes() if cls is not errors.LabelmillError])
def test_an_error_becomes_one_message_and_its_code(labelmill, monkeypatch, new_project, error):
    def fail(name, params):
        raise error("rows.csv:7: what is wrong")

    monkeypatch.setattr("labelmill.stages.run_stage", fail)
    ended = labelmill("run", "--to", "ingest")
    assert ended.code == error.exit_code
    assert "error: rows.csv:7: what is wrong\n" in ended.err
    assert "Traceback" not in ended.err


def test_verbose_shows_the_traceback(labelmill, monkeypatch, new_project):
    def fail(name, params):
        raise errors.DataError("what is wrong")

    monkeypatch.setattr("labelmill.stages.run_stage", fail)
    monkeypatch.setattr(sys, "argv", ["labelmill", "--verbose", "run", "--to", "ingest"])
    with pytest.raises(errors.DataError):
        cli.main()


def test_what_came_out_of_a_file_cannot_steer_the_terminal(labelmill, monkeypatch, new_project):
    def fail(name, params):
        raise errors.DataError("label \x1b[2J\x07\x9b31m is none\n  of the classes ü")

    monkeypatch.setattr("labelmill.stages.run_stage", fail)
    ended = labelmill("run", "--to", "ingest")
    assert "label \\x1b[2J\\x07\\x9b31m is none\n  of the classes ü" in ended.err


def test_a_full_disk_is_no_traceback(labelmill, monkeypatch, new_project):
    def fail(name, params):
        raise OSError(28, "No space left on device", "data/clean")

    monkeypatch.setattr("labelmill.stages.run_stage", fail)
    ended = labelmill("run", "--to", "ingest")
    assert ended.code == 7
    assert "error: data/clean: No space left on device." in ended.err


def test_a_wrong_setting_is_named(labelmill, monkeypatch, new_project):
    monkeypatch.setenv("LABELMILL_LOG_LEVEL", "LOUD")
    ended = labelmill("lfs", "list")
    assert ended.code == 2
    assert "LABELMILL_LOG_LEVEL" in ended.err
    assert "'LOUD'" in ended.err
