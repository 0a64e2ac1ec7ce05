"""The classes, numbered as in `params.yaml`."""

from enum import IntEnum


class Label(IntEnum):
    """What a mail can be."""

    HAM = 0
    SPAM = 1
