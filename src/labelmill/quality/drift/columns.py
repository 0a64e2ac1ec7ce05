"""Which columns of the reference some rows lack, and which they have beside them."""

from collections.abc import Iterable

from labelmill.quality.drift.reference import Reference

BY_CHANCE = 1e-6
"""What often has no value may be missing as a whole in a few rows, where that is no less likely than this."""


def missing_columns(reference: Reference, columns: Iterable[str]) -> tuple[str, ...]:
    """Columns of the reference that are not there."""
    return tuple(sorted({*reference.input_form.columns} - {*columns}))


def gone_columns(reference: Reference, columns: Iterable[str], *, rows: int) -> tuple[str, ...]:
    """Those of them that cannot be missing by chance in so many rows."""
    empty = reference.sample.measured
    missing = missing_columns(reference, columns)
    return tuple(name for name in missing if float(empty[f"null:{name}"].mean()) ** rows < BY_CHANCE)


def new_columns(reference: Reference, columns: Iterable[str]) -> tuple[str, ...]:
    """Columns that the reference does not have: nothing can be compared, and training leaves them out."""
    known = {"id", *reference.input_form.columns, *reference.schema.hidden_columns}
    return tuple(sorted({*columns} - known))
