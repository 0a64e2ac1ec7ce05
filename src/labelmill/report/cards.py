"""The model card and the data card of the label set, in Markdown."""

from typing import Any

from labelmill import paths
from labelmill.report import score_tables, tables, wording
from labelmill.report.gather import Gathered
from labelmill.report.rendering import environment


def model_card(gathered: Gathered) -> str:
    """What the end model is for, what it was made from, how good it is and where it is not."""
    return _fill("model_card.md", gathered)


def data_card(gathered: Gathered) -> str:
    """What the probabilistic labels are, where they come from, what they leave out, how to import them."""
    return _fill("data_card.md", gathered)


def _fill(template: str, gathered: Gathered) -> str:
    text = (
        environment()
        .get_template(template)
        .render(
            params=gathered.params,
            task=gathered.params.task,
            classes=tables.class_names(gathered),
            scores=score_tables.scores(gathered),
            evaluated=gathered.scores is not None,
            no_gold=wording.NO_GOLD,
            differences=score_tables.differences(gathered),
            months=score_tables.months(gathered),
            lfs=tables.labeling_functions(gathered),
            votes=gathered.votes,
            splits=gathered.splits,
            leak=tables.leak(gathered),
            leak_says=tables.LEAK_SAYS,
            hidden=gathered.params.task.hidden_columns,
            fingerprints=gathered.fingerprints,
            versions=gathered.versions,
            train=_settings(gathered, "train"),
            label_model=_settings(gathered, "fit_label_model"),
            features=_settings(gathered, "featurize"),
            probs_path=paths.PROBS.as_posix(),
            missing=wording.MISSING,
        )
    )
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _settings(gathered: Gathered, section: str) -> list[tuple[str, Any]]:
    return dict(tables.settings(gathered))[section]
