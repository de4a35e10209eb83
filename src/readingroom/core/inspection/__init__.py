"""What is inside a file: recognised by content and suffix, read by one reader per format."""

from readingroom.core.inspection.inspect import inspect
from readingroom.core.inspection.model import Inspection, PublishedTable
from readingroom.core.inspection.preview import Preview, PreviewCell, preview

__all__ = ["Inspection", "Preview", "PreviewCell", "PublishedTable", "inspect", "preview"]
