"""The signs of many rules as tables, so that one pass over the bytes of a text finds them all.

A tree of all signs, byte by byte, in the manner of Aho and Corasick (*Efficient String Matching*, 1975); in place of
their failure links a table of first bytes says where it is worth to begin.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from labelmill.labeling import kernels
from labelmill.labeling.literals import Literals
from labelmill.labeling.patterns import WORD

_SPACES = b"\t\n\f\r "
_ANY_SPACE = re.compile(r"[\t\n\f\r \xa0]+")


class Tables(NamedTuple):
    """What `kernels.find_signs` needs, in its order."""

    codes: NDArray[np.uint8]
    begins: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    is_word: NDArray[np.uint8]
    tree: NDArray[np.int32]
    ends: NDArray[np.int32]
    signs: NDArray[np.int32]
    spellings: NDArray[np.uint8]


@lru_cache(maxsize=64)  # the same rules run on many shards
def tables(rules: tuple[Literals, ...]) -> Tables:
    """Build the tables of some rules; a rule is known by its position."""
    symbols: dict[int, int] = {byte: kernels.SPACE for byte in _SPACES}
    nodes: list[dict[int, int]] = [{}]
    found: list[list[tuple[int, int, int, int]]] = [[]]
    begins = np.zeros((32, 32, 32), np.uint8)
    spellings = bytearray()
    for rule, literals in enumerate(rules):
        for text in literals.texts:
            body = text.lstrip("\t\n\f\r \xa0")  # from each byte of a long run of blanks it would go to the end
            flags = _flags(literals, text) if body == text else 0
            steps = _ANY_SPACE.sub(" ", body.translate(_SMALL)).encode()
            node = 0
            for byte in steps:
                symbol = symbols.setdefault(byte, len(symbols) - len(_SPACES) + 2)
                node = nodes[node].setdefault(symbol, len(nodes))
                if node == len(nodes):
                    nodes.append({})
                    found.append([])
            spelled = text.encode() if flags & (kernels.EXACT | kernels.FOLDED) else b""
            found[node].append((rule, flags, len(spellings), len(spellings) + len(spelled)))
            spellings += spelled
            for key in product(*_first_three(steps)):
                begins[key] = 1
    return _packed(symbols, nodes, found, begins, bytes(spellings))


_SMALL = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _flags(literals: Literals, text: str) -> int:
    flags = kernels.LEFT * literals.left + kernels.RIGHT * literals.right + kernels.ANY_SCRIPT * literals.any_script
    if not literals.decides:
        return flags
    flags += kernels.DECIDES
    if literals.spelled:
        return flags + kernels.EXACT
    return flags + (kernels.FOLDED if not literals.loose_space and _ANY_SPACE.search(text) else 0)


def _first_three(sign: bytes) -> Iterable[Iterable[int]]:
    """What the first three bytes may be, as `kernels.find_signs` sees them: any from white space on."""
    known = sign[: min(3, (sign + b" ").index(b" "))]
    return [[_code(byte)] for byte in known] + [range(32)] * (3 - len(known))


def _code(byte: int) -> int:
    """Five bits of a byte that `kernels.find_signs` looks at first: one for each letter, whatever its case."""
    character = chr(byte).lower()
    if byte >= 128:
        return 28
    if character.isalpha():
        return ord(character) - ord("a") + 1
    if character.isdigit():
        return 27
    return 0 if character in "\t\n\f\r ,." else 29 + byte % 3  # what every text has is apart from what is rare


def _packed(
    symbols: dict[int, int],
    nodes: list[dict[int, int]],
    found: list[list[tuple[int, int, int, int]]],
    begins: NDArray[np.uint8],
    spellings: bytes,
) -> Tables:
    classes = np.zeros(256, np.uint8)
    classes[list(symbols)] = list(symbols.values())
    classes[ord("A") : ord("Z") + 1] = classes[ord("a") : ord("z") + 1]
    tree = np.zeros((len(nodes), int(classes.max()) + 1), np.int32)
    for node, children in enumerate(nodes):
        tree[node, list(children)] = list(children.values())
    is_word = np.zeros(256, np.uint8)
    is_word[[ord(character) for character in WORD]] = 1
    return Tables(
        np.array([_code(byte) for byte in range(256)], np.uint8),
        begins.ravel(),
        classes,
        is_word,
        tree,
        np.cumsum([0, *map(len, found)]).astype(np.int32),
        np.array([sign for of_node in found for sign in of_node], np.int32).reshape(-1, 4),
        np.frombuffer(spellings, np.uint8),
    )
