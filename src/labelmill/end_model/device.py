"""Where torch runs, and in which state: device, threads, seed, silence."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from labelmill.errors import ParamsError


def check(devices: int | Literal["auto"]) -> None:
    """Refuse more than one device: the model is small, and Lightning would start a process for each."""
    if devices not in ("auto", 1):
        raise ParamsError(f"LABELMILL_DEVICES is {devices}: the end model trains on one device. Set 1 or auto.")


def accelerator(wanted: str) -> str:
    """What to tell Lightning: `auto` is left to it, except where that is Apple's GPU, which has no sparse product."""
    import torch

    if wanted == "auto" and torch.backends.mps.is_available() and not torch.cuda.is_available():
        return "cpu"
    return wanted


@contextmanager
def session(seed: int, threads: int) -> Iterator[None]:
    """Seed torch and set its threads for the block; afterwards both are as they were. Lightning is kept quiet."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(lightning|pytorch_lightning|torch)\.")
        import lightning.pytorch  # noqa: F401  # its loggers exist from here on
        import torch

        loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "pytorch_lightning.utilities.rank_zero")]
        levels = [logger.level for logger in loggers]
        threads_before = torch.get_num_threads()
        strict = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            torch.set_num_threads(threads)
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                yield
        finally:
            torch.set_num_threads(threads_before)
            torch.use_deterministic_algorithms(strict[0], warn_only=strict[1])
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
