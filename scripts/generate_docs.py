"""Write the reference pages that are a picture of the code: settings, policy fields, states, errors, evidence.

`scripts/reference/` has a module for each kind of page. Run as `python scripts/generate_docs.py` after changing any of
them; with `--check` it writes nothing and exits with status 1 if a page is out of date. A test does the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "src"), str(REPOSITORY)]

from readingroom.core.application_file import application_schema  # noqa: E402
from readingroom.core.disclosure.contributions import contributions_schema  # noqa: E402
from readingroom.core.disclosure.evidence.schema import evidence_schema  # noqa: E402
from readingroom.core.disclosure.protect.forms.model import ProtectForm, PublishedForm  # noqa: E402
from readingroom.core.disclosure.tabulation.answer import schema as answer_schema  # noqa: E402
from readingroom.core.disclosure.tabulation.recipe import schema as recipe_schema  # noqa: E402
from readingroom.core.privacy import forms as dp_forms  # noqa: E402
from readingroom.core.register import register_schema  # noqa: E402
from scripts.reference.check import check_page, form_schema, model_schema_page  # noqa: E402
from scripts.reference.disclosure import disclosure_rules_page, evidence_page, output_types_page  # noqa: E402
from scripts.reference.door import door_page  # noqa: E402
from scripts.reference.errors import errors_page  # noqa: E402
from scripts.reference.operations import operations_page  # noqa: E402
from scripts.reference.page import NOTE, REFERENCE  # noqa: E402
from scripts.reference.policy import policy_page, policy_schema  # noqa: E402
from scripts.reference.settings import settings_page  # noqa: E402
from scripts.reference.states import states_page  # noqa: E402

PAGES: dict[str, Callable[[], str]] = {
    "schemas/application.schema.json": lambda: json.dumps(application_schema(), indent=2) + "\n",
    "operations.md": lambda: NOTE.format(source="src/readingroom/web/api/").join(operations_page()),
    "schemas/policy-layer.schema.json": lambda: policy_schema("layer"),
    "schemas/policy-dataset.schema.json": lambda: policy_schema("dataset"),
    "schemas/policy-rule-pack.schema.json": lambda: policy_schema("rule-pack"),
    "schemas/policy-undertaking.schema.json": lambda: policy_schema("undertaking"),
    "settings.md": settings_page,
    "policy.md": policy_page,
    "states.md": states_page,
    "errors.md": errors_page,
    "disclosure-rules.md": disclosure_rules_page,
    "evidence.md": evidence_page,
    "schemas/evidence.schema.json": lambda: json.dumps(evidence_schema(), indent=2) + "\n",
    "schemas/register.schema.json": lambda: json.dumps(register_schema(), indent=2) + "\n",
    "output-types.md": output_types_page,
    "schemas/check-contributions.schema.json": lambda: json.dumps(contributions_schema(), indent=2) + "\n",
    "schemas/check-model.schema.json": model_schema_page,
    "schemas/check-recipe.schema.json": lambda: json.dumps(recipe_schema(), indent=2) + "\n",
    "schemas/check-table-answer.schema.json": lambda: json.dumps(answer_schema(), indent=2) + "\n",
    "schemas/check-published.schema.json": lambda: form_schema(PublishedForm),
    "schemas/check-protect.schema.json": lambda: form_schema(ProtectForm),
    "check.md": check_page,
    "schemas/dp-query.schema.json": lambda: json.dumps(dp_forms.query_schema(), indent=2) + "\n",
    "schemas/dp-budget.schema.json": lambda: json.dumps(dp_forms.budget_schema(), indent=2) + "\n",
    "schemas/dp-answer.schema.json": lambda: json.dumps(dp_forms.answer_schema(), indent=2) + "\n",
    "schemas/dp-price.schema.json": lambda: json.dumps(dp_forms.price_schema(), indent=2) + "\n",
    "schemas/dp-plan.schema.json": lambda: json.dumps(dp_forms.plan_schema(), indent=2) + "\n",
    "door.md": door_page,
}


def main() -> None:
    stale = [name for name, page in PAGES.items()
             if not (REFERENCE / name).exists() or (REFERENCE / name).read_text(encoding="utf-8") != page()]
    if "--check" in sys.argv[1:]:
        if stale:
            raise SystemExit(f"Out of date: {', '.join(stale)}. Run: python scripts/generate_docs.py")
        return
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (REFERENCE / name).parent.mkdir(exist_ok=True)
        (REFERENCE / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote docs/reference/{name}")


if __name__ == "__main__":
    main()
