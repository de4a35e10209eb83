"""`python -m readingroom` is the `readingroom` command."""

from readingroom.cli import main

main()
