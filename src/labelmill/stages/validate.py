"""Stage `validate`: rows that break what is expected of them go to quarantine; a broken table stops the run."""

import logging
from collections.abc import Collection

from labelmill import paths, storage
from labelmill.params import Params
from labelmill.progress import progress

PARAMS = ("task", "validate")
READS = (paths.INGESTED, paths.REJECTED, paths.PROVENANCE, paths.GOLD_DEV, paths.metrics("ingest"))
WRITES = (paths.CLEAN, paths.QUARANTINE, paths.VALIDATION_PAGE, paths.metrics("validate"))

_LOG = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Write the clean rows; or stop, and leave a page that says why."""
    from labelmill.quality.validation import validate
    from labelmill.report import validation_page

    counts = storage.read_json(paths.metrics("ingest"))
    with storage.shard_writer(paths.CLEAN) as keep:  # an error inside leaves CLEAN as it was
        outcome = validate(
            progress(storage.iter_shards(paths.INGESTED), "validating"),
            params,
            keep=keep,
            rejected=storage.read_table(paths.REJECTED),
            gold=storage.read_table(paths.GOLD_DEV),
            duplicate_rows=counts["duplicates"],
            read_rows=counts["rows"] + counts["duplicates"],
            locate=_locate,
        )
        storage.write_table(paths.QUARANTINE, outcome.quarantine)
        storage.write_json(paths.metrics("validate"), outcome.metrics())
        storage.write_text(paths.VALIDATION_PAGE, validation_page.render(outcome, task=params.task.name))
        error = outcome.error(where=str(paths.INGESTED), look_at=f"{paths.VALIDATION_PAGE} and {paths.QUARANTINE}")
        if error:
            raise error
    fates = {"clean": outcome.clean, "quarantined": outcome.rows - outcome.clean, "rejected before": outcome.rejected}
    _LOG.info(
        "%s rows against %d expectations: %s.",
        f"{outcome.rows:,}",
        len(outcome.results),
        ", ".join(f"{count:,} {what}" for what, count in fates.items()),
    )
    if outcome.undeclared:
        names = ", ".join(outcome.undeclared[:3]) + (", …" if len(outcome.undeclared) > 3 else "")
        _LOG.warning("%d columns that validate.columns does not declare: %s.", len(outcome.undeclared), names)


def _locate(ids: Collection[str]) -> dict[str, str]:
    """Where rows came from, by id; all places of an id that occurs more than once."""
    places = storage.read_table(paths.PROVENANCE, ["id", "source"])
    places = places[places["id"].isin(set(ids))]
    return {row: "; ".join(sources) for row, sources in places.groupby("id")["source"].agg(list).items()}
