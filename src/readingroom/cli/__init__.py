"""The `readingroom` command."""

from readingroom.cli.app import main

__all__ = ["main"]
