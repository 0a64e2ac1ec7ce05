"""Why a labeling function voted as it did on one row, in a few words for people."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from labelmill.arrays import ABSTAIN
from labelmill.labeling.composition import CompositeLF, Condition
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.rows import value_of
from labelmill.labeling.templates import TemplateLF


def about(lf: LabelingFunction) -> str:
    """What it looks for: the first line of its docstring, or what the template was made of."""
    return lf.about if isinstance(lf, TemplateLF) else (lf.__doc__ or "").strip().partition("\n")[0]


def why(lf: LabelingFunction, row: Any) -> str:
    """What it found in a row that it voted on.

    Examples
    --------
    >>> from labelmill import keyword_lf
    >>> why(keyword_lf("office", ["meeting", "agenda"], column="text", label=0), {"text": "the Agenda, as agreed"})
    "text has 'Agenda,'"
    """
    if isinstance(lf, CompositeLF):
        return _of_parts(lf, row)
    if not isinstance(lf, TemplateLF):
        return about(lf)
    for column in lf.columns:
        value = value_of(row, column)
        for single in value if isinstance(value, list) else [value]:
            if single is not None and lf({**dict.fromkeys(lf.columns), column: single}) != ABSTAIN:
                return f"{column} has {_match(lf, single)!r}"
    return about(lf)


def _of_parts(lf: CompositeLF, row: Any) -> str:
    """What each part found that counted."""
    voting = [part for part in lf.parts if part(row) != ABSTAIN]
    reasons = {part.name: why(part, row) for part in (voting[:1] if lf.kind == "first" else voting)}
    if len(reasons) == 1 and isinstance(lf, Condition):
        return next(iter(reasons.values()))
    return "; ".join(name if name == reason else f"{name}: {reason}" for name, reason in reasons.items()) or about(lf)


def _match(lf: TemplateLF, value: Any) -> Any:
    """The part of a text that a pattern matched; the whole value where it is looked up."""
    text = pa.array([value])
    blind = bool(lf.spec.get("ignore_case"))
    for pattern in lf.spec.get("patterns", ()):
        if pc.match_substring_regex(text, pattern=pattern, ignore_case=blind)[0].as_py():
            # Not extract_regex: it refuses patterns with groups that have no name, such as (a|b).
            whole = rf"{'(?i)' if blind else ''}^[\s\S]*?({pattern})[\s\S]*$"
            return pc.replace_substring_regex(text, pattern=whole, replacement=r"\1")[0].as_py().strip()
    return value
