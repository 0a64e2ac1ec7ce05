import logging
import subprocess
import sys

import pytest
import torch

from labelmill.end_model import device
from labelmill.errors import ParamsError


def test_a_session_leaves_torch_as_it_was():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    with pytest.raises(RuntimeError), device.session(seed=1, threads=threads + 1):
        assert torch.get_num_threads() == threads + 1
        assert logger.level == logging.ERROR
        torch.rand(9)
        torch.use_deterministic_algorithms(True)
        raise RuntimeError
    assert torch.get_num_threads() == threads
    assert logger.level == level
    assert not torch.are_deterministic_algorithms_enabled()
    torch.testing.assert_close(torch.rand(3), expected)


def test_equal_seeds_draw_equal_numbers():
    def draw(seed):
        with device.session(seed, 1):
            return torch.rand(3).tolist()

    assert draw(1) == draw(1) != draw(2)


def test_apples_gpu_is_passed_over(monkeypatch):
    assert device.accelerator("gpu") == "gpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device.accelerator("auto") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device.accelerator("auto") == "auto"


def test_more_than_one_device_is_refused():
    device.check("auto")
    device.check(1)
    with pytest.raises(ParamsError, match="LABELMILL_DEVICES is 4"):
        device.check(4)


def test_predicting_needs_neither_torch_nor_lightning():
    code = (
        "import sys, labelmill.end_model.train, labelmill.end_model.features, labelmill.end_model.model, "
        "labelmill.stages.train, labelmill.stages.featurize, labelmill.stages.baselines\n"
        "sys.exit(bool({'torch', 'lightning', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
