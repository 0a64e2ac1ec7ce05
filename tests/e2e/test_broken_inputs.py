"""Broken input files: each ends with an error that names it, or with the bad row set aside; earlier outputs stay.

`pytest tests/e2e/test_broken_inputs.py -s` prints the table of what happened.
"""

import re

import pytest
from broken_inputs import CASES
from commands import hashes

from labelmill import errors, paths, storage
from labelmill.errors import LabelmillError

pytestmark = pytest.mark.slow

EARLIER = ("data/label_matrix", "data/probs", "models", "reports/index.html", "reports/lf_summary.csv")
CODES = {cls.exit_code for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, LabelmillError)}


@pytest.fixture(scope="module")
def table():
    """What happened, printed at the end."""
    lines = []
    yield lines
    print("\n\n| input | exit code | message, or where the row went | earlier outputs |\n|---|---|---|---|")
    print("\n".join(lines))
    print(f"\n{len(lines)}/{len(CASES)}: a named error or quarantine, 0 raw tracebacks, earlier outputs intact")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_ends_well(labelmill, project, tmp_path, monkeypatch, table, case):
    read_from(project, case.source, case.write(tmp_path))
    kept = (*EARLIER, "data/clean") if case.code else EARLIER
    before = hashes(project, *kept)
    monkeypatch.chdir(project)
    ended = labelmill("run", "--to", "validate")
    assert ended.code == case.code, ended.err
    assert "Traceback" not in ended.err
    if case.code:
        assert case.code in CODES
        message = ended.err[ended.err.index("error: ") :].replace(f"{tmp_path}/", "")
        for words in case.says:
            assert words in message
        what = " ".join(message.split())
    else:
        what = find_aside(project, case).replace(f"{tmp_path}/", "")
    assert hashes(project, *kept) == before
    table.append(f"| {case.name} | {case.code} | {what[:320]} | intact |")


def read_from(project, source, place):
    file = project / paths.PARAMS
    text = file.read_text()
    text, found = re.subn(r"source: generated.*", f"source: {source}\n  path: {place}", text)
    assert found == 1
    if source != "mail":
        text = text.replace("  splits:\n", "  label_column: label\n  splits:\n")
    file.write_text(text)


def find_aside(project, case) -> str:
    """Where the one bad row is, by its place in the source."""
    rejected = storage.read_table(project / paths.REJECTED)
    quarantine = storage.read_table(project / paths.QUARANTINE)
    assert len(rejected) == (case.aside == "rejected")
    assert len(quarantine) == 1, "what was rejected is listed in quarantine too"
    row = quarantine.iloc[0]
    assert case.file in row["source"]
    if case.aside == "rejected":
        assert row["source"] == rejected["source"][0]
        assert row["reason"] == rejected["reason"][0]
    return f"{case.aside}: {row['source']}: {row['reason']}"
