import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "__init__",
        "majority",
        "anchored",
        "dawid_skene",
        "generative",
        "moments",
        "weighted",
        "triplets",
        "matrix",
        "edges",
        "robust_pca",
    ],
)
def test_the_examples_of_the_docstrings_are_true(name):
    module = importlib.import_module("labelmill.label_model" + ("" if name == "__init__" else f".{name}"))
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
