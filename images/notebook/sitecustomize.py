"""Kernels see what a person installed; the server, which has no such variable, never loads a person's code."""

import os
import site

if place := os.environ.get("READINGROOM_PACKAGES"):
    site.addsitedir(place)
