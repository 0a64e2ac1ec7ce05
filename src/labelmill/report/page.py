"""The page: templates filled with what `tables` and `pictures` make of the gathered files."""

from labelmill import paths
from labelmill.report import pictures, score_tables, tables, wording
from labelmill.report.gather import Gathered
from labelmill.report.rendering import environment, sorting
from labelmill.report.text import plain

TEXT_LIMIT = 1500
"""Characters that are shown of one text column of a disputed row."""


def render_page(gathered: Gathered) -> str:
    """The whole of `reports/index.html`."""
    task = gathered.params.task
    templates = environment()
    files = {
        paths.CALIBRATION_CURVE: gathered.calibration,
        paths.PRECISION_RECALL_CURVE: gathered.precision_recall,
        paths.CONFUSION: gathered.confusion,
        paths.LEARNING_CURVE: gathered.learning_curve,
    }
    return templates.get_template("index.html").render(
        task=task,
        positive=plain(task.classes[task.positive_index], limit=40),
        lead=lead(gathered),
        tiles=score_tables.headline(gathered),
        links=tables.links(),
        pictures=pictures.draw(gathered),
        scores=score_tables.scores(gathered),
        evaluated=gathered.scores is not None,
        no_gold=wording.NO_GOLD,
        differences=score_tables.differences(gathered),
        months=score_tables.months(gathered),
        curve_files=[(content is not None, path.as_posix()) for path, content in files.items()],
        lfs=tables.labeling_functions(gathered),
        has_estimates=gathered.label_model is not None,
        warnings=tables.warnings(gathered),
        edges=tables.edges(gathered),
        votes=gathered.votes,
        disputed=tables.disputed(gathered),
        text_limit=TEXT_LIMIT,
        least_rows=pictures.LEAST_ROWS,
        leak=tables.leak(gathered),
        leak_says=tables.LEAK_SAYS,
        splits=gathered.splits,
        fingerprints=gathered.fingerprints,
        versions=gathered.versions,
        lists=[("All parameters", tables.settings(gathered)), ("What the stages counted", tables.counted(gathered))],
        **sorting(),
    )


def lead(gathered: Gathered) -> str:
    """One sentence that says what happened."""
    votes = gathered.votes
    classes = " and ".join(", ".join(tables.class_names(gathered)).rsplit(", ", 1))
    if votes is None:
        return f"Classes: {classes}. Nothing has been labeled yet."
    entry = wording.entry(gathered.scores, "end_model", "all", "balanced_accuracy")
    told = (
        f"{len(votes.lf_names)} labeling functions voted on {votes.n_rows:,} rows; the classes are {classes}. "
        "A label model learned without hand labels how far to trust each, "
        "and an end model learned from its labels"
    )
    if entry["value"] is None:
        return f"{told}."
    return f"{told}; it reaches {wording.score(entry['value'])} balanced accuracy on test rows."
