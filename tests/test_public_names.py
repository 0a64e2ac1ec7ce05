"""The public surface is a decision, and importing it costs nothing."""

import json
import subprocess
import sys
from types import ModuleType

import labelmill

HEAVY = {"torch", "lightning", "mlflow", "great_expectations", "prefect", "sklearn", "pandas", "pyarrow"}


def test_what_is_importable_is_what_is_declared():
    names = {name for name in labelmill.__all__ if hasattr(labelmill, name)}
    stray = {name for name, value in vars(labelmill).items() if not name.startswith("_") and name not in names}
    stray = {name for name in stray if not isinstance(vars(labelmill)[name], ModuleType)}
    assert names == set(labelmill.__all__) == set(labelmill._HOME)
    assert stray <= {"TYPE_CHECKING", "Any"}
    assert labelmill.__all__ == sorted(labelmill.__all__) == dir(labelmill)


def test_the_names_are_those_that_the_tour_uses():
    from labelmill import ABSTAIN, apply_lfs, keyword_lf, labeling_function, lf_summary, lookup_lf, regex_lf

    assert ABSTAIN == -1
    assert all(map(callable, (apply_lfs, keyword_lf, labeling_function, lf_summary, lookup_lf, regex_lf)))


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(labelmill, "label_function")


def test_importing_loads_nothing_heavy():
    code = "import labelmill, sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
    assert not HEAVY & set(loaded)


def test_writing_labeling_functions_loads_no_trainer_and_no_tracker():
    code = (
        "from labelmill import *; import sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
    assert not (HEAVY - {"pandas", "pyarrow"}) & set(loaded)
