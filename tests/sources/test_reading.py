"""A file beside the source is read by its ending."""

import pytest

from labelmill.errors import DataError
from labelmill.sources.reading import read_file


@pytest.mark.parametrize(("source", "told"), [("csv", True), ("mail", False)])
def test_a_table_without_its_ending_is_told_as_what_it_was_read(tmp_path, params_for, source, told):
    file = tmp_path / "rows"
    file.write_text("text\nhello\n")
    with pytest.raises(DataError, match="is no mail") as error:
        read_file(file, params_for(source=source, path="rows.csv"), dated=False)
    assert ("It was read as a mail: its name has no ending of a table (.csv" in str(error.value)) is told
