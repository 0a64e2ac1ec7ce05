import sys

import pytest


@pytest.fixture
def own_lfs():
    """Let a test load its own `lfs` package; afterwards the one that was loaded before is back."""
    finders, before = list(sys.meta_path), _lfs_modules()
    yield
    sys.meta_path[:] = finders
    for name in _lfs_modules():
        del sys.modules[name]
    sys.modules.update(before)


def _lfs_modules():
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] == "lfs"}
