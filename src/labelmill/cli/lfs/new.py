"""`labelmill lfs new`."""

import keyword
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelmill.cli.printing import AsJson, echo_json
from labelmill.errors import LFError

if TYPE_CHECKING:
    from labelmill.params import Params


class Kind(StrEnum):
    """What a stub can be made with."""

    KEYWORD = "keyword"
    REGEX = "regex"
    LOOKUP = "lookup"
    PYTHON = "python"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(new)


def new(
    name: Annotated[str, typer.Argument(help="Its name, a Python name such as asks_for_refund.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What it is made with.")] = Kind.KEYWORD,
    label: Annotated[str | None, typer.Option("--label", help="The class it votes for; the positive one.")] = None,
    column: Annotated[str | None, typer.Option("--column", help="Where it looks; the last text column.")] = None,
    word: Annotated[list[str] | None, typer.Option("--word", help="What it looks for; may be given again.")] = None,
    pattern: Annotated[str | None, typer.Option("--pattern", help="The RE2 pattern of a regex.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers for it.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file of lfs/ to add it to; lfs/NAME.py.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a labeling function that runs at once into `lfs/`, with comments that teach, and a test of it.

    A file that is there gets it at its end; nothing is overwritten, and a name that is taken is refused.

    Examples: `labelmill lfs new asks_for_refund --word refund --word "money back"` ·
    `labelmill lfs new has_price --kind regex --pattern "[0-9]+ (usd|eur)" --file lfs/words.py`
    """
    from labelmill import paths, storage
    from labelmill.cli.lfs import stubs
    from labelmill.labeling.loading import load_all_lfs
    from labelmill.params import load_params

    params = load_params()
    chosen = _check(name, label, pattern, kind, params)
    _check_column(column, params)
    target = _target(file or Path(f"{name}.py"), paths.LFS)
    tests = target.with_name(f"test_{target.name}")
    _check_free(name, target, tests)
    stub = stubs.Stub(
        name=name,
        kind=kind.value,
        words=tuple(word or [name.replace("_", " ")]),
        pattern=pattern,
        column=column or params.task.text_columns[-1],
        label=stubs.label_code(paths.LFS, params.task.classes, chosen),
        owner=owner,
    )
    module = ".".join((paths.LFS.name, *target.relative_to(paths.LFS).with_suffix("").parts))
    test_imports, test_code = stub.test(module)
    code, line = stubs.add_to(target, f"Votes of `{name}`.", stub.imports, stub.code)
    about = f"Labeling functions of `{target}` on single rows: run with `pytest {paths.LFS}`."
    test_text, _ = stubs.add_to(tests, about, test_imports, test_code)
    storage.write_text(target, code)
    storage.write_text(tests, test_text)
    load_all_lfs(paths.LFS, params.task.cardinality, classes=params.task.classes)
    if as_json:
        echo_json({"name": name, "kind": kind.value, "file": str(target), "line": line, "test": str(tests)})
        return
    typer.echo(f"{target}:{line}: {name} votes {chosen}, runs at once, and waits for you to mend it")
    typer.echo(f"{tests}: a test of it, run by `pytest {paths.LFS}`")
    typer.echo("Next: `labelmill lfs diff` says on which rows it votes.")


def _check(name: str, label: str | None, pattern: str | None, kind: Kind, params: "Params") -> str:
    """Refuse what cannot be; return the class that it votes for."""
    from labelmill.labeling.matching import check_pattern

    if not name.isidentifier() or keyword.iskeyword(name) or name == "id":
        raise typer.BadParameter(f"{name!r} is no name for a Python variable; write it such as asks_for_refund")
    classes = params.task.classes
    if label is not None and label not in classes:
        raise typer.BadParameter(f"--label is {label!r}; the classes are {', '.join(classes)}")
    if pattern is not None:
        if kind is not Kind.REGEX:
            raise typer.BadParameter("--pattern goes with --kind regex")
        check_pattern(pattern, lf=name)
    return label or classes[params.task.positive_index]


def _check_column(column: str | None, params: "Params") -> None:
    """Refuse a column that labeling functions do not see; before the first run nobody knows which there are."""
    import pyarrow.parquet as pq

    from labelmill import paths, storage

    if column is None or not paths.CLEAN.exists():
        return
    hidden = {"split", *params.task.hidden_columns}
    names = pq.read_schema(storage.list_shards(paths.CLEAN)[0].file).names
    found = [name for name in names if name not in hidden]
    if column not in found:
        raise typer.BadParameter(
            f"labeling functions see no column {column!r} in {paths.CLEAN}, but {', '.join(found)}",
            param_hint="--column",
        )


def _target(file: Path, folder: Path) -> Path:
    """The file inside of `lfs/`, whether or not that is said."""
    if file.suffix != ".py":
        raise typer.BadParameter(f"--file is {str(file)!r}; labeling functions stand in files that end in .py")
    place = file if file.parts[:1] == folder.parts else folder / file
    inside = all(part.isidentifier() for part in place.with_suffix("").parts)  # no "..", and none that is absolute
    if not inside or place.name.startswith("test_"):
        raise typer.BadParameter(f"--file is {str(file)!r}; it must be a module of {folder}/, and no test")
    return place


def _check_free(name: str, target: Path, tests: Path) -> None:
    """Raise LFError where the name is taken, in whatever file of `lfs/`."""
    from labelmill import paths
    from labelmill.cli.lfs import stubs
    from labelmill.labeling.loading import lf_files

    files = lf_files(paths.LFS)
    for taken, places in ((name, files), (f"test_{name}", [tests] if tests.is_file() else [])):
        if place := stubs.find_name(taken, places):
            raise LFError(f"{place}: there is {taken!r} already, and nothing is overwritten. Take another name.")
