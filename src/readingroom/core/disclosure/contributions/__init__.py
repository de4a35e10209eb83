"""One cell by its contributions: read from a file, judged by the rules on magnitudes, and how wide to protect it."""

from readingroom.core.disclosure.contributions.judging import Judgement, judge, judgement_dict
from readingroom.core.disclosure.contributions.reading import Given, contributions_schema, parse_contributions

__all__ = ["Given", "Judgement", "contributions_schema", "judge", "judgement_dict", "parse_contributions"]
