"""Which columns of the reference some rows lack, and which they have beside them."""

from collections.abc import Collection, Iterable

from labelmill.quality.drift.reference import Reference

BY_CHANCE = 1e-6
"""A column that often has no value is missed only where so small a chance would leave it out of so many rows."""


def gone_columns(
    reference: Reference, columns: Iterable[str], *, rows: int, needed: Collection[str] = ()
) -> tuple[str, ...]:
    """Columns that the rows should have and do not; those `needed` by a labeling function are missed in any case."""
    gone = sorted({*reference.input_form.columns} - {*columns})
    empty = {name: float(reference.sample.measured[f"null:{name}"].mean()) for name in gone}
    return tuple(name for name in gone if name in needed or empty[name] ** rows < BY_CHANCE)


def new_columns(reference: Reference, columns: Iterable[str]) -> tuple[str, ...]:
    """Columns that the reference does not have: nothing can be compared, and training leaves them out."""
    known = {"id", *reference.input_form.columns, *reference.schema.hidden_columns}
    return tuple(sorted({*columns} - known))
