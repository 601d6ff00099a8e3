"""A matplotlib figure as SVG inside the page: its colours are the page's, so that it follows light and dark."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FONT_SIZE = re.compile(r"([\d.]+)px")


def inline_svg(figure: Figure, colours: Mapping[str, str], title: str, name: str) -> str:
    """The figure as one ``<svg>`` element.

    ``colours`` maps the colours that the figure was drawn in (``#rrggbb``) to CSS custom properties of the page. A
    colour that is not among them stays. Styles become presentation attributes: the page's policy allows no style of an
    element's own. ``title`` is what a screen reader says; ``name`` must be the figure's alone in the page, as it keeps
    the ids inside apart.
    """
    written = io.BytesIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(written.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        _attributes_for_style(element, colours)
        _own_ids(element, name)
    _drop_what_says_nothing(root)
    for size in ("width", "height"):
        root.attrib.pop(size)
    root.attrib |= {"role": "img", "aria-label": title, "class": name.rpartition("-")[2]}
    return ElementTree.tostring(root, encoding="unicode")


def _attributes_for_style(element: ElementTree.Element, colours: Mapping[str, str]) -> None:
    for declaration in element.attrib.pop("style", "").split(";"):
        key, colon, value = (part.strip() for part in declaration.partition(":"))
        if not colon or key == "font-family":  # the page has its own
            continue
        if key == "font":
            size = _FONT_SIZE.search(value)
            key, value = "font-size", size[1] if size else "10"
        element.set(key, value)
    for key in ("fill", "stroke"):
        if (value := element.get(key, "")) in colours:
            element.set(key, f"var({colours[value]})")
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    if element.tag == "text":
        element.attrib.setdefault("fill", "var(--ink)")
    for key in ("d", "transform", "x", "y"):
        if key in element.attrib:
            element.set(
                key,
                _NUMBER.sub(lambda found: f"{float(found.group()):.2f}".rstrip("0").rstrip("."), element.attrib[key]),
            )


def _own_ids(element: ElementTree.Element, name: str) -> None:
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif value.startswith("url(#"):
            element.set(key, f"url(#{name}-{value[5:]}")
        elif key == f"{{{XLINK}}}href" and value.startswith("#"):
            del element.attrib[key]
            element.set("href", f"#{name}-{value[1:]}")


def _drop_what_says_nothing(root: ElementTree.Element) -> None:
    """Leave out ids that nothing refers to, and groups that then have no attribute: half of matplotlib's SVG."""
    used = {value for element in root.iter() for value in element.attrib.values()}
    for element in root.iter():
        if (name := element.get("id")) and not {f"#{name}", f"url(#{name})"} & used:
            del element.attrib["id"]
        element.tail = None
        element.text = element.text if element.tag == "text" else None
    for parent in list(root.iter()):
        parent[:] = [one for child in parent for one in (child if child.tag == "g" and not child.attrib else [child])]
