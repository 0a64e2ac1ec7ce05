"""DVC's cache, object by object: DVC itself trusts what is read-only, and pushes a damaged object under a good name.

An object is named by the MD5 of its bytes, so each can be checked alone. Damaged ones are set aside, never deleted;
what has the same bytes takes their place: the work tree's own file, the remote's object, or what a rerun makes.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from labelmill import paths, storage
from labelmill.errors import CorruptFileError
from labelmill.loop import dvc_commands
from labelmill.loop.versions.record import Version, list_versions
from labelmill.progress import progress

READ_ONLY = 0o444
"""Permissions of an object; DVC takes a writable one for changed."""

DIR = ".dir"
"""How the name of an object that lists a folder ends."""

_OBJECT = re.compile(r"[0-9a-f]{30}(\.dir)?")


class Checked:
    """The objects of a cache, each hashed once however often it is asked for."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self._whole: dict[str, bool] = {}
        self._by_size: dict[int, list[str]] | None = None

    def file(self, md5: str) -> Path:
        """Where an object is."""
        return self.cache / "files" / "md5" / md5[:2] / md5[2:]

    def is_there(self, md5: str) -> bool:
        """Whether the cache has it, damaged or not."""
        return self.file(md5).is_file()

    def is_whole(self, md5: str) -> bool:
        """Whether the cache has it, with the bytes that it is named after."""
        if not self.is_there(md5):
            return False
        if md5 not in self._whole:
            self._whole[md5] = md5_of(self.file(md5)) == md5.removesuffix(DIR)
        return self._whole[md5]

    def forget(self, md5: str) -> None:
        """Hash it anew when it is next asked for."""
        self._whole.pop(md5, None)

    def every_object(self) -> list[str]:
        """The names of all objects."""
        files = (self.cache / "files" / "md5").glob("??/*")
        return sorted(file.parent.name + file.name for file in files if _OBJECT.fullmatch(file.name))

    def of_content(self, sha256: str, size: int) -> str | None:
        """The name of a whole object of that content, where there is one."""
        if self._by_size is None:
            self._by_size = {}
            for md5 in self.every_object():
                self._by_size.setdefault(self.file(md5).stat().st_size, []).append(md5)
        alike = (md5 for md5 in self._by_size.get(size, ()) if self.is_there(md5))
        return next((md5 for md5 in alike if storage.sha256_file(self.file(md5)) == sha256), None)

    def listing(self, md5: str) -> dict[str, str]:
        """What a folder is made of: MD5 by relative path; nothing where its object is missing or damaged."""
        if not self.is_whole(md5):
            return {}
        return {entry["relpath"]: entry["md5"] for entry in json.loads(self.file(md5).read_bytes())}


@dataclass
class Found:
    """What a check of a cache found.

    Attributes
    ----------
    checked
        The cache.
    count
        How many objects were hashed.
    damaged
        The outputs that need each damaged object, by its name.
    absent
        The outputs of the present `dvc.lock` that need each object which is not in the cache.
    """

    checked: Checked
    count: int
    damaged: dict[str, list[str]] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """One line per damaged object: where it is, and what needs it."""
        return [
            f"{self.checked.file(md5)}: its bytes are not those that it is named after; needed by "
            + (", ".join(places) or "nothing that is known here")
            for md5, places in self.damaged.items()
        ]


def check(cache: Path) -> Found:
    """Hash every object of DVC's cache, which is in that folder, anew.

    All of them, not only those of `dvc.lock`: `dvc push --run-cache` sends those of earlier runs too.
    """
    checked = Checked(cache)
    objects = checked.every_object()
    bad = [md5 for md5 in progress(objects, "verifying DVC's cache") if not checked.is_whole(md5)]
    present = _uses(_present_outputs(), checked)
    known = {md5: list(places) for md5, places in present.items()}
    if bad:
        for version in list_versions():
            for md5, places in _uses(outputs_of(version.project), checked).items():
                known.setdefault(md5, []).extend(f"{place} of version {version.number}" for place in places)
    absent = {md5: places for md5, places in present.items() if not checked.is_there(md5)}
    return Found(checked, len(objects), {md5: known.get(md5, []) for md5 in bad}, absent)


@dataclass(frozen=True)
class Repaired:
    """What became of damaged and absent objects.

    Attributes
    ----------
    set_aside
        Where damaged ones are now.
    from_files, fetched
        Objects that are whole again, from files of the work tree and from the remote.
    lost
        Outputs of the present `dvc.lock` whose objects were damaged and are nowhere else: their stages must run again.
    problem
        What stood in the way of the remote, in DVC's words.
    """

    set_aside: list[Path]
    from_files: list[str]
    fetched: list[str]
    lost: dict[str, list[str]]
    problem: str | None


def repair(found: Found) -> Repaired:
    """Set damaged objects aside, and bring what `dvc.lock` needs back from the work tree, else from the remote."""
    checked = found.checked
    set_aside = [_set_aside(md5, checked) for md5 in found.damaged]
    from_files = _restore_from_files(checked)
    fetched: list[str] = []
    problem = None
    if missing := {md5: places for md5, places in _missing(checked).items() if md5 in found.damaged}:
        problem = dvc_commands.fetch()
        for md5 in missing:
            checked.forget(md5)
            if checked.is_there(md5) and not checked.is_whole(md5):  # the remote has it damaged, too
                set_aside.append(_set_aside(md5, checked))
        fetched = [md5 for md5 in missing if checked.is_whole(md5)]
        # A listing that came from the remote names objects that may lie in the work tree.
        from_files += _restore_from_files(checked)
    lost = {md5: places for md5, places in _missing(checked).items() if md5 in found.damaged}
    return Repaired(set_aside, from_files, fetched, lost, problem)


def verify_version(version: Version, checked: Checked) -> tuple[list[str], list[str]]:
    """What is damaged of a version, and the outputs whose objects are not in the cache, in words."""
    problems = []
    try:
        version.verify()
    except CorruptFileError as error:
        return [str(error)], []
    absent = []
    for md5, places in _uses(outputs_of(version.project), checked).items():
        if not checked.is_there(md5):
            absent += places
        elif not checked.is_whole(md5):
            problems.append(f"{checked.file(md5)}: is damaged; needed by {', '.join(places)}")
    return problems, absent


class Output(NamedTuple):
    """What `dvc.lock` says of an output: the name of its object, and its size."""

    md5: str
    size: int | None


def outputs_of(project: Path) -> dict[str, Output]:
    """Every output of `dvc.lock` that lies in the cache, by path; none where that file cannot be read."""
    lock, pipeline = _yaml(project / paths.DVC_LOCK), _yaml(project / paths.DVC_YAML)
    uncached = {
        name
        for stage in (pipeline.get("stages") or {}).values()
        for kind in ("outs", "metrics", "plots")
        for entry in stage.get(kind) or ()
        if isinstance(entry, dict)
        for name, options in entry.items()
        if isinstance(options, dict) and options.get("cache") is False
    }
    outs = [out for stage in (lock.get("stages") or {}).values() for out in stage.get("outs") or ()]
    cached = (out for out in outs if out["path"] not in uncached and "md5" in out)
    return {out["path"]: Output(out["md5"], out.get("size")) for out in cached}


def md5_of(file: Path) -> str:
    """MD5 of a file, in hex: by it DVC names objects, it guards against accidents alone."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _yaml(file: Path) -> dict[str, Any]:
    try:
        content = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _present_outputs() -> dict[str, Output]:
    """The outputs of the project as it is, and what `dvc add` was told of."""
    outputs = outputs_of(Path())
    for file in [*Path().glob("*.dvc"), *Path("data").rglob("*.dvc")]:
        for out in _yaml(file).get("outs") or () if file.is_file() else ():
            outputs[(file.parent / out["path"]).as_posix()] = Output(out["md5"], out.get("size"))
    return outputs


def _uses(outputs: Mapping[str, Output], checked: Checked) -> dict[str, list[str]]:
    """Paths of outputs, and of files in them, by the object that they need."""
    uses: dict[str, list[str]] = {}
    for place, md5 in _places(outputs, checked):
        uses.setdefault(md5, []).append(place)
    return uses


def _places(outputs: Mapping[str, Output], checked: Checked) -> Iterator[tuple[str, str]]:
    for path, (md5, _) in outputs.items():
        yield path, md5
        if md5.endswith(DIR):
            yield from ((f"{path}/{name}", inner) for name, inner in checked.listing(md5).items())


def _missing(checked: Checked) -> dict[str, list[str]]:
    return {md5: places for md5, places in _uses(_present_outputs(), checked).items() if not checked.is_whole(md5)}


def _set_aside(md5: str, checked: Checked) -> Path:
    place = checked.cache / "damaged" / md5
    number = 1
    while place.exists():
        number += 1
        place = place.with_name(f"{md5}-{number}")
    place.parent.mkdir(parents=True, exist_ok=True)
    checked.file(md5).replace(place)
    checked.forget(md5)
    return place


def _restore_from_files(checked: Checked) -> list[str]:
    """Make objects again from files of the work tree that have their bytes; listings first, since they name files."""
    restored = [
        md5
        for path, (md5, _) in _present_outputs().items()
        if md5.endswith(DIR) and not checked.is_whole(md5) and _restore_listing(Path(path), md5, checked)
    ]
    for md5, places in _missing(checked).items():
        file = next((file for file in _files(places) if md5_of(file) == md5), None)
        if file is not None:
            storage.copy_file(file, checked.file(md5), mode=READ_ONLY)
            checked.forget(md5)
            restored.append(md5)
    return restored


def _files(places: Iterable[str]) -> Iterator[Path]:
    return (Path(place) for place in places if Path(place).is_file())


def _restore_listing(folder: Path, md5: str, checked: Checked) -> bool:
    """Write the listing of a folder as DVC does, if the folder is still the one that was listed."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    entries = [{"md5": md5_of(file), "relpath": file.relative_to(folder).as_posix()} for file in files]
    entries.sort(key=lambda entry: entry["relpath"])
    content = json.dumps(entries, sort_keys=True).encode()
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5.removesuffix(DIR):
        return False
    storage.write_bytes(checked.file(md5), content)
    checked.file(md5).chmod(READ_ONLY)
    checked.forget(md5)
    return True
