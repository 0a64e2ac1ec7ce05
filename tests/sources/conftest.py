"""Params and files that the tests of readers share."""

import pytest

from labelmill.params import parse_params


@pytest.fixture
def params_for():
    """Params with these values in section ingest; classes ham and spam, text column `text`."""

    def make(*, text_columns=("text",), classes=("ham", "spam"), seed=7, **ingest):
        return parse_params(
            {
                "task": {"name": "t", "classes": list(classes), "text_columns": list(text_columns), "seed": seed},
                "ingest": ingest,
            }
        )

    return make
