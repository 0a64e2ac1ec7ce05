"""What is known of the texts that an RE2 pattern matches, read from the pattern.

Every step errs on one side: more texts may match than is said here, none that matches is left out. A pattern with a
construct that is not known here is not read at all.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

WORD = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
"""What `\\w` and `\\b` of RE2 know."""

MOST_SPELLINGS = 64
MOST_ALTERNATIVES = 1_000
LONGEST = 32
"""Bounds on what is kept of a pattern, so that `[a-z]{9}` does not become a dictionary."""

_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True)
class Part:
    """What is known of a part of a pattern."""

    exact: frozenset[str] | None
    """All that it matches; None where that is too much."""
    needed: frozenset[str] | None
    """Of which every match has one; None where there is no such set."""
    tied: bool = False
    """Whether its place in the text matters as well, as that of `^` does."""


_ANY = Part(None, None)
_PLACE = Part(frozenset({""}), None, tied=True)


class UnknownError(Exception):
    """The pattern has something that is not known here."""


def worth(texts: Iterable[str]) -> bool:
    """Whether few texts have one of these by chance: not where one is blank, or a letter alone."""
    bare = [text.strip() for text in texts]
    return all(len(text) > 1 or (text and text not in WORD) for text in bare)


def _better(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The set of signs that is rarer by guess: the longer the shortest of them, and the fewer."""
    ranked = [(min(map(len, some)), -len(some), sorted(some), some) for some in (one, other) if some and worth(some)]
    return max(ranked)[-1] if ranked else None


class PatternReader:
    """Reads one pattern from left to right.

    Attributes
    ----------
    sensitive, blind
        Whether it has ASCII letters of which the case counts, or does not.
    alternatives
        Whether it is several patterns with `|` between.
    """

    def __init__(self, pattern: str, *, ignore_case: bool) -> None:
        self._rest = pattern
        self._ignore_case = ignore_case
        self.sensitive = self.blind = self.alternatives = False

    def read(self) -> Part:
        """What is known of the whole pattern."""
        part = self._either(top=True)
        if self._rest:
            raise UnknownError
        return part

    def _take(self, n: int = 1) -> str:
        if len(self._rest) < n:
            raise UnknownError
        taken, self._rest = self._rest[:n], self._rest[n:]
        return taken

    def _either(self, *, top: bool = False) -> Part:
        parts = [self._sequence()]
        while self._rest.startswith("|"):
            self._take()
            parts.append(self._sequence())
        if len(parts) == 1:
            return parts[0]
        self.alternatives |= top
        exact = _united([part.exact for part in parts])
        return Part(exact, _united([_sign(part) for part in parts]), any(part.tied for part in parts))

    def _sequence(self) -> Part:
        parts = []
        while self._rest and self._rest[0] not in "|)":
            atom = self._atom()
            parts += self._repeated(atom) if atom else []
        return _joined(parts)

    def _repeated(self, atom: Part) -> list[Part]:
        """An atom and what follows it: `*`, `+`, `?`, `{2,5}`."""
        least, most = 1, 1
        if self._rest[:1] in ("*", "+", "?"):
            sign = self._take()
            least, most = int(sign == "+"), 1 if sign == "?" else 99
        elif self._rest.startswith("{"):
            inside, closed, rest = self._rest[1:].partition("}")
            low, comma, high = inside.partition(",")
            if not closed or not re.fullmatch("[0-9]+,?[0-9]*", inside):
                raise UnknownError
            self._rest = rest
            least, most = int(low), int(high) if high else 99 if comma else int(low)
        else:
            return [atom]
        if self._rest.startswith("?"):
            self._take()
        if least == 0:
            optional = most == 1 and atom.exact is not None
            return [Part(atom.exact | {""}, None, atom.tied) if optional and atom.exact is not None else _ANY]
        return [atom] * min(least, 3) + ([] if least == most <= 3 else [_ANY])

    def _atom(self) -> Part | None:
        """One character, class, place or group; None where it only sets flags."""
        match character := self._take():
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return _ANY
            case "^" | "$":
                return _PLACE
            case "\\":
                return self._escape()
            case "*" | "+" | "?" | "{":
                raise UnknownError
        return self._one_of([character])

    def _group(self) -> Part | None:
        before = self._ignore_case
        if self._rest.startswith("?P<"):
            self._rest = self._rest.partition(">")[2]
        elif self._rest.startswith("?"):
            self._take()
            on = True
            while (flag := self._take()) not in ":)":
                if flag not in "imsU-":
                    raise UnknownError
                on = on and flag != "-"
                if flag == "i":
                    self._ignore_case = on
            if flag == ")":  # until the end of the group around it
                return None
        part = self._either()
        if self._take() != ")":
            raise UnknownError
        self._ignore_case = before
        return part

    def _escape(self) -> Part:
        character = self._take()
        if character in "dDsSwW":
            return _ANY
        if character in "pP":
            if self._take() == "{":
                self._rest = self._rest.partition("}")[2]
            return _ANY
        if character in "bBAz":
            return _PLACE
        return self._one_of([self._escaped(character)])

    def _escaped(self, character: str) -> str:
        if character in _CONTROL:
            return _CONTROL[character]
        if character == "x":
            digits = self._take()
            if digits == "{":
                digits, _, self._rest = self._rest.partition("}")
            else:
                digits += self._take()
            if not re.fullmatch("[0-9A-Fa-f]{1,6}", digits) or 0xD800 <= int(digits, 16) < 0xE000:
                raise UnknownError
            return chr(int(digits, 16))
        if character in WORD or not character.isascii():
            raise UnknownError
        return character

    def _class(self) -> Part:
        """`[abc]`: the characters, where they are few."""
        many = self._rest.startswith("^")
        if many:
            self._take()
        found, first = [], True
        while first or not self._rest.startswith("]"):
            first, character = False, self._take()
            if character == "[" and self._rest.startswith(":"):
                raise UnknownError
            if character == "\\" and self._rest[:1] in tuple("dDsSwWpP"):
                self._escape()
                many = True
                continue
            low = ord(self._escaped(self._take()) if character == "\\" else character)
            high = low
            if self._rest.startswith("-") and not self._rest.startswith("-]"):
                self._take()
                character = self._take()
                high = ord(self._escaped(self._take()) if character == "\\" else character)
            many |= high - low >= MOST_SPELLINGS
            found += [] if many else [chr(code) for code in range(low, high + 1)]
        self._take()
        return _ANY if many else self._one_of(found)

    def _one_of(self, characters: Iterable[str]) -> Part:
        """A part that is one of some characters; beyond ASCII only as they are written."""
        exact = frozenset(characters)
        letters = any(character.isascii() and character.isalpha() for character in exact)
        if self._ignore_case:
            self.blind |= letters
            if not all(map(str.isascii, exact)):
                return _ANY
            exact = frozenset(map(str.lower, exact))
        else:
            self.sensitive |= letters
        return Part(exact, None) if len(exact) <= MOST_SPELLINGS else _ANY


def _sign(part: Part) -> frozenset[str] | None:
    return _better(part.exact, part.needed)


def _united(sets: list[frozenset[str] | None]) -> frozenset[str] | None:
    """All of some sets together; None where one is unknown or they are too many."""
    known = [some for some in sets if some is not None]
    union: frozenset[str] = frozenset().union(*known)
    return union if len(known) == len(sets) and len(union) <= MOST_ALTERNATIVES else None


def _joined(parts: list[Part]) -> Part:
    """What is known of parts that stand one behind the other."""
    needed: frozenset[str] | None = None
    run, whole = frozenset({""}), True
    for part in parts:
        if part.exact is not None:
            longer = frozenset(map("".join, product(run, part.exact)))
            if len(longer) <= MOST_SPELLINGS and max(map(len, longer), default=0) <= LONGEST:
                run = longer
                continue
        whole = False
        needed = _better(_better(needed, run), part.needed)
        run = frozenset({""}) if part.exact is None else part.exact
    tied = any(part.tied for part in parts)
    return Part(run, None, tied) if whole else Part(None, _better(needed, run), tied)
