"""Altair charts as small SVG that takes its colours from the page, says what it shows and loads nothing.

A chart is drawn with the stand-in colours of `COLOURS`; in the SVG they become CSS variables, so that
one drawing serves light, dark and print.
"""

import re
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

_NAMES = ("ink", "muted", "grid", "paper", "accent", "second", "third", "quiet", "wrong")
RAMP_STEPS = 6
CLASS_COLOURS = 8

COLOURS = {
    name: f"#00{number:04x}"
    for number, name in enumerate(
        [*_NAMES, *(f"ramp{i}" for i in range(RAMP_STEPS)), *(f"class{i}" for i in range(CLASS_COLOURS))], start=1
    )
}
"""Stand-in colour of each CSS variable."""

_VARIABLES = {stand_in: f"var(--{name})" for name, stand_in in COLOURS.items()}
_SVG = "{http://www.w3.org/2000/svg}"
_DROPPED = ("aria-label", "aria-roledescription", "aria-hidden", "role", "pointer-events", "class", "font-family")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")


def class_colour(number: int) -> str:
    """Name of the colour of a class."""
    return f"class{number % CLASS_COLOURS}"


def render(specification: dict[str, Any], *, alt: str) -> Markup:
    """Draw what Altair specified.

    Parameters
    ----------
    specification
        What `to_dict` of a chart gives; the `description` of a mark becomes its tooltip.
    alt
        What the chart shows, in words, for those who do not see it.
    """
    import vl_convert

    # allowed_base_urls=[]: drawing never loads anything, whatever a specification says.
    text = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
    root = ElementTree.fromstring(text)
    _clean(root)
    for child in root.findall(f"{_SVG}rect"):
        root.remove(child)  # the background
    root.attrib.pop("version", None)
    root.set("role", "img")
    root.set("aria-label", alt)
    ElementTree.register_namespace("", _SVG.strip("{}"))
    drawn = ElementTree.tostring(root, encoding="unicode")
    return Markup(drawn.replace(' xmlns="http://www.w3.org/2000/svg"', ""))  # HTML knows the namespace of <svg>


def _clean(element: ElementTree.Element) -> None:
    is_mark = element.get("aria-roledescription", "").split(" ")[-1] not in ("axis", "legend", "title", "container")
    tooltip = element.get("aria-label") if is_mark else None
    for name in _DROPPED:
        element.attrib.pop(name, None)
    if element.get("opacity") == "1":
        element.attrib.pop("opacity")
    for name, value in element.attrib.items():
        element.set(name, _VARIABLES.get(value.lower(), value))
    for name in {"d", "transform", "x2", "y2"} & element.attrib.keys():
        element.set(
            name, _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), element.attrib[name])
        )
    for child in list(element):
        _clean(child)
        if _draws_nothing(child):
            element.remove(child)
    if tooltip:
        title = ElementTree.Element(f"{_SVG}title")
        title.text = tooltip
        element.insert(0, title)


def _draws_nothing(element: ElementTree.Element) -> bool:
    if element.tag == f"{_SVG}g":
        return len(element) == 0
    painted = element.get("fill", "none") != "none" or element.get("stroke", "none") != "none"
    return element.tag == f"{_SVG}path" and (not element.get("d") or not painted)
