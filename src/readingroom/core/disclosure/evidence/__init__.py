"""Evidence: what the SDK says lies under each cell of an output. A claim by the researcher, never proof.

`model` holds it, `fields` says what each field means, `reading` reads its JSON strictly.
"""

from readingroom.core.disclosure.evidence.model import (
    CellEvidence,
    Evidence,
    FigureEvidence,
    Labels,
    Scale,
    TableEvidence,
    TablesEvidence,
    is_margin_label,
    tables_of,
)
from readingroom.core.disclosure.evidence.reading import parse_evidence, readable

__all__ = [
    "CellEvidence",
    "Evidence",
    "FigureEvidence",
    "Labels",
    "Scale",
    "TableEvidence",
    "TablesEvidence",
    "is_margin_label",
    "parse_evidence",
    "readable",
    "tables_of",
]
