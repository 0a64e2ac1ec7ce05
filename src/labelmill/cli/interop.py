"""Commands for what other tools hold: `import` and `export`, each for several formats."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from labelmill.interop import NamedVotes

imports = typer.Typer(no_args_is_help=True, help="Read what other tools hold: votes, benchmarks, crowds, tasks.")
exports = typer.Typer(no_args_is_help=True, help="Write votes, rows and probabilities for other tools.")

Matrix = Annotated[
    Path | None, typer.Option("--matrix", help="The label matrix to take; that of stage label if absent.")
]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the label matrix; one that is there is replaced.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.add_typer(imports, name="import")
    app.add_typer(exports, name="export")


@imports.command("dense")
def import_dense(
    file: Annotated[Path, typer.Argument(help="A .npy, .npz or .csv file of votes, -1 for abstain.")], out: OutFolder
) -> None:
    """Turn a matrix of votes, as Snorkel's appliers make it, into a label matrix."""
    from labelmill import interop
    from labelmill.params import load_params

    votes = interop.read_dense(file, cardinality=load_params().task.cardinality)
    interop.write_votes(out, votes)
    _say_votes(votes, out)


@imports.command("wrench")
def import_wrench(
    folder: Annotated[Path, typer.Argument(help="Folder with label.json, train.json, valid.json, test.json.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for rows.jsonl and label_matrix.")],
) -> None:
    """Turn a folder of the WRENCH benchmark into rows that ingest reads, and a label matrix."""
    from labelmill import interop

    data = interop.read_wrench(folder)
    rows = data.frame.rename(columns={"split": "wrench_split"})
    rows["gold"] = [data.classes[y] if y >= 0 else None for y in data.gold.tolist()]
    _write_rows(out / "rows.jsonl", rows)
    votes = interop.NamedVotes(data.L, data.lf_names, data.frame["id"].tolist())
    interop.write_votes(out / "label_matrix", votes)
    _say_votes(votes, out / "label_matrix")
    typer.echo(f"{out / 'rows.jsonl'}: ingest.source jsonl, label_column gold, task.classes {data.classes}", err=True)


@imports.command("crowd")
def import_crowd(
    file: Annotated[Path, typer.Argument(help="CSV file with the columns task, worker and label.")], out: OutFolder
) -> None:
    """Turn the answers of a crowd into a label matrix: a row per task, a column per worker."""
    from labelmill import interop
    from labelmill.params import load_params

    crowd = interop.read_crowd(file, classes=load_params().task.classes)
    votes = interop.NamedVotes(crowd.dense, [str(name) for name in crowd.workers], [str(task) for task in crowd.tasks])
    interop.write_votes(out, votes)
    _say_votes(votes, out)


@imports.command("label-studio")
def import_label_studio(
    file: Annotated[Path, typer.Argument(help="Export of a Label Studio project, as JSON.")],
    purpose: Annotated[str, typer.Option("--purpose", help="dev: for work on LFs; gate: only promotion reads it.")],
    rows: Annotated[
        Path | None, typer.Option("--rows", help="Write the tasks as rows for ingest here (JSONL).")
    ] = None,
    id_key: Annotated[str, typer.Option("--id-key", help="Key of data that has the row's id.")] = "id",
    own_ids: Annotated[bool, typer.Option("--own-ids", help="Label Studio's task numbers are the ids.")] = False,
    control: Annotated[
        str | None, typer.Option("--control", help="Name of the choices, where there are several.")
    ] = None,
) -> None:
    """Append what people chose in Label Studio to gold/annotations.jsonl; what is there already is not added again."""
    from labelmill import interop, paths
    from labelmill.params import load_params

    classes = load_params().task.classes
    tasks = interop.read_tasks(file, classes, id_key=None if own_ids else id_key, control=control)
    if rows is not None:
        _write_rows(rows, tasks.frame)
        typer.echo(f"{len(tasks.frame):,} rows written to {rows}", err=True)
    appended = interop.append_annotations(paths.ANNOTATIONS, tasks.annotations, classes=classes, purpose=purpose)
    known = len(tasks.annotations) - appended
    typer.echo(f"{appended:,} annotations appended to {paths.ANNOTATIONS}, {known:,} were there already", err=True)
    for row in tasks.rejected.itertuples():
        typer.secho(f"left out: {row.source}: {row.reason}", fg="yellow", err=True)


@exports.command("dense")
def export_dense(
    file: Annotated[Path, typer.Argument(help="A .npy, .npz or .csv file to write.")], matrix: Matrix = None
) -> None:
    """Write a label matrix as an array of votes, -1 for abstain, as Snorkel takes it."""
    from labelmill import interop

    votes = _votes(matrix)
    interop.write_dense(file, votes)
    _say_votes(votes, file)


@exports.command("wrench")
def export_wrench(
    folder: Annotated[Path, typer.Argument(help="Folder to make; must be absent or empty.")],
) -> None:
    """Write rows, votes and gold as a folder of the WRENCH benchmark: dev is its valid, gate is left out."""
    import numpy as np

    from labelmill import interop, paths, storage
    from labelmill.errors import DataError
    from labelmill.params import load_params

    classes = load_params().task.classes
    rows, votes = storage.read_shards(paths.CLEAN), _votes(None)
    if rows["id"].tolist() != votes.ids:
        raise DataError(f"{paths.LABEL_MATRIX}: has other rows than {paths.CLEAN}. Run `dvc repro label`.")
    gold_files = {"train": paths.GOLD_TRAIN, "dev": paths.GOLD_DEV, "test": paths.GOLD_TEST}
    split = rows["split"].map({"train": "train", "dev": "valid", "test": "test"})
    gold = np.full(len(rows), -1, dtype=np.int64)
    for path in gold_files.values():
        known = storage.read_gold(path, rows["id"])
        gold = np.where(known >= 0, known, gold)
    kept = split.notna().to_numpy()
    frame = rows.assign(split=split)[kept].reset_index(drop=True)
    frame = frame[["id", "split", *(name for name in frame.columns if name not in ("id", "split"))]]
    interop.write_wrench(folder, interop.WrenchData(frame, votes.L[kept], votes.lf_names, gold[kept], list(classes)))
    typer.echo(f"{len(frame):,} rows written to {folder}, {int((~kept).sum()):,} of gate left out", err=True)


@exports.command("crowd")
def export_crowd(file: Annotated[Path, typer.Argument(help="CSV file to write.")], matrix: Matrix = None) -> None:
    """Write a label matrix as the long table that crowd-kit takes: task, worker, label."""
    from labelmill import interop
    from labelmill.params import load_params

    votes = _votes(matrix)
    table = interop.to_crowd(votes.L, votes.ids or (), votes.lf_names, load_params().task.classes)
    interop.write_crowd(file, table)
    typer.echo(f"{len(table):,} votes of {len(votes.lf_names):,} labeling functions written to {file}", err=True)


@exports.command("label-studio")
def export_label_studio(
    file: Annotated[Path, typer.Argument(help="JSON file to write.")],
    uncertain: Annotated[
        int | None, typer.Option("--uncertain", min=1, help="As many train rows, of which the model is least certain.")
    ] = None,
    ids: Annotated[Path | None, typer.Option("--ids", help="File of ids, one a line: these rows.")] = None,
    predictions: Annotated[
        bool, typer.Option("--predictions/--no-predictions", help="Show what the label model says.")
    ] = True,
    model_version: Annotated[str, typer.Option("--model-version", help="Name of the predictions.")] = "labelmill",
    config: Annotated[Path | None, typer.Option("--config", help="Write the labeling configuration here.")] = None,
) -> None:
    """Write rows as tasks for Label Studio, with what the label model says of them."""
    from labelmill import interop, paths, storage
    from labelmill.params import load_params

    if (uncertain is None) == (ids is None):
        raise typer.BadParameter("give either --uncertain N, or a file of ids with --ids")
    task = load_params().task
    rows = storage.read_shards(paths.CLEAN, ["id", "split", *task.text_columns])
    probs = storage.read_shards(paths.PROBS) if uncertain is not None or predictions else None
    chosen = _least_certain(probs, rows, uncertain) if uncertain is not None else _ids(ids, rows)
    tasks = interop.tasks_of(
        rows,
        task.text_columns,
        ids=chosen,
        probs=probs if predictions else None,
        model_version=model_version,
    )
    interop.write_tasks(file, tasks)
    if config is not None:
        storage.write_text(config, interop.labeling_config(task.classes, task.text_columns))
    predicted = sum("predictions" in item for item in tasks)
    typer.echo(f"{len(tasks):,} tasks written to {file}, {predicted:,} with a prediction", err=True)


def _write_rows(path: Path, frame: "pd.DataFrame") -> None:
    import json

    from labelmill import storage
    from labelmill.interop.strict_json import as_json

    lines = (
        {name: as_json(value, where=f"row {row['id']!r}: column {name!r}") for name, value in row.items()}
        for row in frame.to_dict("records")
    )
    storage.write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _least_certain(probs: Any, rows: "pd.DataFrame", n: int) -> list[str]:
    """Train rows only: a label of a row that is held out would tell what the test is there to ask."""
    from labelmill import interop

    train = rows["id"][rows["split"] == "train"]
    return interop.least_certain(probs[probs["id"].isin(train)], n)


def _ids(file: Any, rows: "pd.DataFrame") -> list[str]:
    from labelmill.errors import DataError

    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error}).") from error
    ids = [line.strip() for line in lines if line.strip()]
    if held_out := sorted(set(ids) & set(rows["id"][rows["split"] == "test"])):
        raise DataError(f"{file}: the row {held_out[0]!r} is of split 'test'. What is held out must not become known.")
    return ids


def _votes(matrix: Path | None) -> "NamedVotes":
    from labelmill import interop, paths

    return interop.read_votes(paths.LABEL_MATRIX if matrix is None else matrix)


def _say_votes(votes: "NamedVotes", where: Path) -> None:
    n, m = votes.L.shape
    typer.echo(f"{n:,} rows x {m:,} labeling functions, {int((votes.L >= 0).sum()):,} votes: {where}", err=True)
