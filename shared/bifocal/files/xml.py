"""XML that others wrote: no entities, no network, no other files."""

from typing import IO, Any

from lxml import etree

from bifocal.errors import DamagedFile


def parsed(stream: IO[bytes]) -> Any:
    """The root of a document.

    Raises:
        DamagedFile: it is not well-formed.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.parse(stream, parser).getroot()
    except etree.XMLSyntaxError as error:
        raise DamagedFile(f"its XML is damaged ({error}); save the file again") from None


def local(element: Any) -> str:
    """An element's name without its namespace, of which the same format has several; "" for an entity."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str | None:
    """An attribute by its name without a namespace."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)
