"""A tag in our own words, for speed: the same as the design system's."""

from __future__ import annotations

import re

import pytest

from readingroom.web.portal import make_templates
from readingroom.web.presenters.words import Tag

OURS = '{% import "_components/parts.html" as parts %}{{ parts.tag(it) }}'
THEIRS = ('{% from "govuk_frontend_jinja/components/tag/macro.html" import govukTag %}'
          '{{ govukTag({"text": it.text, "classes": it.classes}) }}')


@pytest.mark.parametrize("tag", [Tag("Released", "govuk-tag--green"), Tag("Draft", ""), Tag("<b>&", '"><script>')])
def test_it_is_marked_up_as_the_design_system_has_it(tag):
    ours, theirs = (make_templates().from_string(text).render(it=tag) for text in (OURS, THEIRS))
    assert ours == re.sub(r">\s+|\s+<", lambda found: found[0].strip(), theirs).strip()
