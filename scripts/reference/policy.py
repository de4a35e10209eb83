"""The page of the policy's fields and of the rule packs."""

from __future__ import annotations

import json

import yaml

from readingroom.core.policy.complete import NEEDED
from readingroom.core.policy.dataset_files import FileKind, file_schema, parse_rule_pack
from readingroom.core.policy.model import DIRECTIONS, Policy
from readingroom.settings import REPOSITORY
from scripts.reference.page import NOTE, table


def policy_page() -> str:
    rows = [(f"`{name}`", field.description or "", DIRECTIONS[name].value)
            for name, field in Policy.model_fields.items()]
    return (
        "# Policy fields\n\n" + NOTE.format(source="src/readingroom/core/policy/model.py")
        + "Every layer (site, programme, dataset, grant) may give any of these fields or leave it out. The effective "
        "policy takes, field by field, the tighter of what the layers say, so adding a layer never loosens anything. "
        "The last column says which way is tighter. Unknown fields stop the start.\n\n"
        + table(("Field", "Meaning", "Two layers combine to"), rows)
        + "\n`readingroom policy explain DATASET` shows the value in force for each field, which layer set it, and "
        "what the others said. `readingroom policy validate` reads all files and reports every fault; `combine` prints "
        "the strictest of several files, and `diff` says what a change would tighten or loosen.\n\n"
        "Editors complete and check policy files by their JSON Schemas, which each file names in its first line: "
        "[site and programme](schemas/policy-layer.schema.json), [dataset](schemas/policy-dataset.schema.json), "
        "[rule pack](schemas/policy-rule-pack.schema.json), [undertaking](schemas/policy-undertaking.schema.json).\n\n"
        "Outputs that a rule is about can never pass while the effective policy leaves one of these open, so a dataset "
        f"whose layers do is a fault: {', '.join(f'`{name}`' for name in NEEDED)}.\n\n"
        "## Rule packs\n\n"
        "A site, programme or dataset may name a rule pack, `rule_pack: opensafely`, beside its `policy`. The pack's "
        "values are then an opinion of that layer, and of each field the stricter holds; so a pack never loosens "
        "anything, and neither do values beside it. Checks take the name of a pack for `--policy`. Packs are files in "
        "`policies/rule-packs/`, with the comparator, zeros and source of each written out.\n\n"
        + table(("Rule pack", "Low is", "Zeros low", "Dominance (n, k)", "p%", "Rounding", "Source"), _packs())
    )


def _packs() -> list[tuple[str, ...]]:
    rows = []
    for file in sorted((REPOSITORY / "policies" / "rule-packs").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        name, policy = parse_rule_pack(text, file.name)
        pairs = [f"({n}, {k:g}%{' or more' if policy.dominance_inclusive else ''})" for n, k in
                 sorted(policy.dominance or ())]
        rows.append((
            f"`{name}`", f"{policy.threshold} or fewer" if policy.threshold_inclusive else f"under {policy.threshold}",
            "yes" if policy.zeros_disclosive else "no", ", ".join(pairs) or "not used",
            f"{policy.p_percent:g}" if policy.p_percent else "not used", f"{policy.rounding_base or 'not asked for'}",
            " ".join(yaml.safe_load(text)["source"].split())))
    return rows


def policy_schema(kind: FileKind) -> str:
    return json.dumps(file_schema(kind), indent=2) + "\n"
