"""Write the reference pages that are a picture of the code: settings, policy fields, states, errors, evidence.

Run as `python scripts/generate_docs.py` after changing any of them; with `--check` it writes nothing and exits
with status 1 if a page is out of date. A test does the same.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "src"), str(REPOSITORY)]

from readingroom import errors  # noqa: E402  after the path is set
from readingroom.core.application_file import application_schema  # noqa: E402
from readingroom.core.disclosure.contributions import contributions_schema  # noqa: E402
from readingroom.core.disclosure.evidence.fields import CELL, TABLE  # noqa: E402
from readingroom.core.disclosure.evidence.schema import evidence_schema  # noqa: E402
from readingroom.core.disclosure.models.check import check_description  # noqa: E402
from readingroom.core.disclosure.models.described import Described  # noqa: E402
from readingroom.core.disclosure.output_types import OUTPUT_TYPES, OutputType  # noqa: E402
from readingroom.core.disclosure.protect.forms.model import ProtectForm, PublishedForm  # noqa: E402
from readingroom.core.disclosure.rules import RULES  # noqa: E402
from readingroom.core.disclosure.tabulation.answer import schema as answer_schema  # noqa: E402
from readingroom.core.disclosure.tabulation.recipe import schema as recipe_schema  # noqa: E402
from readingroom.core.disclosure.verdict import combine  # noqa: E402
from readingroom.core.lifecycle import (  # noqa: E402
    ANSWER_TRANSITIONS,
    GRANT_ACTIONS,
    GRANT_TRANSITIONS,
    INCOMING_TRANSITIONS,
    PROJECT_ACTIONS,
    PROJECT_TRANSITIONS,
    REQUEST_TRANSITIONS,
    AnswerStatus,
    GrantStatus,
    PersonStatus,
    ProjectStatus,
    RequestStatus,
)
from readingroom.core.permissions import GRANT_PARTS, PROJECT_PARTS  # noqa: E402
from readingroom.core.person_actions import ACTION_PERMISSION, PERSON_ACTIONS, PERSON_TRANSITIONS  # noqa: E402
from readingroom.core.policy.complete import NEEDED  # noqa: E402
from readingroom.core.policy.dataset_files import FileKind, file_schema, parse_rule_pack  # noqa: E402
from readingroom.core.policy.model import DIRECTIONS, Policy  # noqa: E402
from readingroom.core.privacy import forms as dp_forms  # noqa: E402
from readingroom.core.register import register_schema  # noqa: E402
from readingroom.core.roles import ROLE_PERMISSIONS, Permission  # noqa: E402
from readingroom.settings import STATE_VARIABLE, Settings  # noqa: E402
from scripts.operations import operations_page  # noqa: E402

REFERENCE = REPOSITORY / "docs" / "reference"
KEYS_START, KEYS_END = (f"<!-- {word} of the keys of descriptions: written by scripts/generate_docs.py -->"
                        for word in ("start", "end"))
RECIPE_START, RECIPE_END = (f"<!-- {word} of the keys of recipes: written by scripts/generate_docs.py -->"
                            for word in ("start", "end"))
NOTE = "<!-- Written by scripts/generate_docs.py from {source}. Change that, then run the script. -->\n\n"

# What the dataclass can't say of itself. A setting without an entry here stops the script.
SETTINGS: dict[str, tuple[str, str]] = {
    "policies_dir": ("`policies/` of this repository", "Where the policy files are. A relative path starts at the "
                     "directory of `settings.toml`."),
    "address": ("", "The address that the proxy listens on."),
    "port": ("", "The port that the proxy listens on."),
    "proxy_api_port": ("`port` + 1", "The port, on 127.0.0.1 only, through which the Hub steers its proxy."),
    "public_url": ("`http://readingroom.localhost:<port>`", "Where people's browsers go: scheme, host name and, if "
                   "it is not the usual one, port. Each workspace has a name below this host's."),
    "database_url": ("SQLite in `db/readingroom.sqlite`", "Where the records are, as an SQLAlchemy address."),
    "engine_url": ("", "Where the Docker engine answers."),
    "notebook_image": ("", "The image that workspaces run. Without a tag, the tag is a hash of its inputs."),
    "door_image": ("", "The same for the door's image."),
    "sweep_seconds": ("", "How often open workspaces and extracts are compared with the records."),
    "demo_people": ("", "How many synthetic people the demo programme has."),
    "workspace_memory_bytes": ("2 GiB", "Most memory of one workspace. Policies can lower it."),
    "workspace_cpus": ("", "Most processors of one workspace. Policies can lower it."),
    "answer_slot_seconds": ("", "Private answers are delivered at multiples of this, so that their time tells nothing. "
                            "Choose at least three times the longest computation."),
    "workspace_network": ("", "`none`: a workspace has no network. `bridge`: an internal one of its own, closed by the "
                          "host's firewall, for what insists on an interface ([how](../how-to/use-a-bridge.md))."),
    "workspace_runtime": ("", "What runs workspaces: `runc`, or `runsc` (gVisor) or `kata` where the engine has them "
                          "registered under that name."),
    "workspaces_memory_bytes": ("nine tenths of the machine's", "Most memory that open workspaces together may be "
                                "promised. Whoever asks for more waits in a queue. 0 means the default."),
    "workspaces_per_person": ("", "Most workspaces that one person may have open at once; policy (`workspaces`) can "
                              "say fewer."),
    "quotas": ("", "How homes are kept to their size: `loop` (a file system in a file, which takes root), `none`, or "
               "`auto`: `loop` as root, else `none`."),
    "proof_seconds": ("", "How often each open workspace is compared with what its policy demanded."),
    "canary_seconds": ("", "How often a workspace without data tries the walls from inside."),
    "orphans_seconds": ("", "How often containers and networks that belong to no workspace are taken away."),
    "second_factor": ("", "Of whom a code from an authenticator app is asked besides the password: `everyone`, or "
                      "`checkers-and-administrators`, who can't be left out."),
    "oidc_issuer": ("none", "The OpenID Connect provider of your organisation, as it writes its own issuer. People "
                    "whose account there was linked to their record may sign in with it."),
    "oidc_client_id": ("", "What the provider knows this installation as."),
    "oidc_secret_file": ("", "The file with the secret that goes with it, below the state directory, for nobody "
                         "else to read."),
    "oidc_claim": ("", "Which claim of the ID token names the person: one that never changes and is never given anew."),
    "oidc_second_factor": ("", "Values of `acr` or `amr`, with blanks between, that say that the provider asked for a "
                           "second factor. Checkers and administrators are refused without one of them."),
    "oidc_name": ("", "What the button on the sign-in page calls the provider."),
    "mail_host": ("none: no e-mail", "The mail server that takes notices for people who gave an address. See [Send "
                  "notices by e-mail](../how-to/mail.md)."),
    "mail_port": ("", "Its port."),
    "mail_security": ("", "`starttls`, `tls` (from the first byte), or `none`, which only a server on this machine may "
                      "have. Certificates are checked against the machine's own store."),
    "mail_from": ("none", "The address that notices come from; needed with `mail_host`."),
    "mail_username": ("none", "Who signs in to the mail server, with the password in `keys/mail-password`."),
    "clamav_socket": ("none", "The Unix socket of a ClamAV daemon (clamd) on this machine, which then scans what is "
                      "[brought in](../how-to/bring-files-in.md)."),
}

STATUS_NOTES: dict[type[StrEnum], str] = {
    PersonStatus: "Read from what is on record of a person and from the day: nothing has to run for an accreditation "
                  "to lapse. Trained and accredited count until their last day; expiring begins 30 days before the "
                  "first of them. Below the picture: what may be done in each, and who may.",
    ProjectStatus: "The programme's owner looks first, then every dataset's custodian answers for their own part. When "
                   "all have answered, the project is active by itself, or hears every no at once. An active project "
                   "is `amended` while a further version waits: what was agreed before stays live. In the urgent lane "
                   "owner and custodians answer at the same time.",
    GrantStatus: "A grant is one custodian's answer for one dataset in one project. It is live once all others have "
                 "agreed too. A later version of the project supersedes it. It is also over once its end date has "
                 "passed, whatever its status says.",
    AnswerStatus: "An answer is paid for before it is computed. A refund is possible only until computing begins; what "
                  "people see changes at set times, whenever it was computed.",
    RequestStatus: "Each submission is a round. Only its files can leave; a file that did not change since it was "
                     "approved in an earlier round keeps those approvals. "
                  "An approved request goes back to review if someone who approved it may not check it any more: their "
                  "approval counts for nothing then. "
                  "A request is frozen while a grant, its project or its author's standing has ended or was taken "
                  "back: the platform freezes it, and thaws it to where it was once that is put right; its author may "
                  "withdraw it meanwhile. Nobody else can do either.",
}


INCOMING_NOTE = ("The mirror image: the same rules hold, and its files arrive in the project's folder instead of "
                 "leaving. An approved one can wait for room there, and be withdrawn meanwhile.")


def settings_page() -> str:
    rows = []
    for field in dataclasses.fields(Settings):
        if field.name == "state_dir":
            continue
        default, meaning = SETTINGS[field.name]
        rows.append((f"`{field.name}`", str(field.type), default or f"`{field.default}`", meaning))
    surplus = set(SETTINGS) - {field.name for field in dataclasses.fields(Settings)}
    if surplus:
        raise SystemExit(f"Described here but not settings any more: {', '.join(sorted(surplus))}")
    return (
        "# Settings\n\n" + NOTE.format(source="src/readingroom/settings.py")
        + f"Settings are read once, at the start, from `settings.toml` in the state directory. The state directory is "
        f"`var` in the working directory, or what the environment variable `{STATE_VARIABLE}` names. A missing file "
        "means all defaults. An unknown key or a wrong type stops the start and names every fault.\n\n"
        + _table(("Key", "Type", "Default", "Meaning"), rows)
        + "\nSee [Change the port or the state directory](../how-to/change-port-or-state.md) and "
        "[Files and keys](files-and-keys.md).\n"
    )


def policy_page() -> str:
    rows = [(f"`{name}`", field.description or "", DIRECTIONS[name].value)
            for name, field in Policy.model_fields.items()]
    return (
        "# Policy fields\n\n" + NOTE.format(source="src/readingroom/core/policy/model.py")
        + "Every layer (site, programme, dataset, grant) may give any of these fields or leave it out. The effective "
        "policy takes, field by field, the tighter of what the layers say, so adding a layer never loosens anything. "
        "The last column says which way is tighter. Unknown fields stop the start.\n\n"
        + _table(("Field", "Meaning", "Two layers combine to"), rows)
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
        + _table(("Rule pack", "Low is", "Zeros low", "Dominance (n, k)", "p%", "Rounding", "Source"), _packs())
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


def states_page() -> str:
    parts = [
        "# States and permissions\n\n",
        NOTE.format(source="src/readingroom/core/lifecycle.py, permissions.py, person_actions.py and roles.py"),
        "What may follow what. Anything not drawn is refused, with what the present state does allow.\n",
    ]
    for title, statuses, transitions, actions, who in (
        ("Person", PersonStatus, PERSON_TRANSITIONS, {}, {}),
        ("Project", ProjectStatus, PROJECT_TRANSITIONS, PROJECT_ACTIONS, PROJECT_PARTS),
        ("Grant", GrantStatus, GRANT_TRANSITIONS, GRANT_ACTIONS, GRANT_PARTS),
        ("Egress request", RequestStatus, REQUEST_TRANSITIONS, {}, {}),
        ("Private answer", AnswerStatus, ANSWER_TRANSITIONS, {}, {}),
    ):
        parts.append(f"\n## {title}\n\n{STATUS_NOTES[statuses]}\n\n{_diagram(statuses, transitions)}")
        parts.append("\n" + _actions(actions, who) if actions else "")
        if statuses is PersonStatus:
            parts.append(_person_actions())
        if statuses is RequestStatus:
            parts.append(f"\n## Request to bring files in\n\n{INCOMING_NOTE}\n\n"
                         + _diagram(RequestStatus, INCOMING_TRANSITIONS))
    permissions = [(role.value, ", ".join(f"`{one.value}`" for one in sorted(held)))
                   for role, held in ROLE_PERMISSIONS.items()]
    parts.append("\n## Roles\n\nCode asks for a permission, never for a role. Holding a permission is not enough: "
                 "guards also look at whose request or dataset it is, and at who is a member of the project.\n\n"
                 + _table(("Role", "Permissions"), permissions))
    return "".join(parts)


def _person_actions() -> str:
    """Which action in which status, and whose permission it takes."""
    by_status = [(one.value, ", ".join(f"`{action.value}`" for action in actions))
                 for one, actions in PERSON_ACTIONS.items()]
    by_action = [(f"`{action.value}`", f"`{permission.value}`" if permission else "the person alone",
                  "researchers only, unless the role also has `manage-people`"
                  if permission is Permission.VOUCH_FOR_RESEARCHERS else "")
                 for action, permission in ACTION_PERMISSION.items()]
    return ("\n" + _table(("Status", "What may be done"), by_status) + "\n"
            + _table(("Action", "Permission", "About"), by_action)
            + "\nNobody does any of it about themselves, signing aside. What is refused changes nothing and is "
            "logged.\n")


def _actions(actions: Mapping[Any, Mapping[Any, tuple[Any, ...]]], who: Mapping[Any, frozenset[Any]]) -> str:
    rows = [(f"`{action.value}`", ", ".join(sorted(part.value for part in who[action])),
             "; ".join(f"{current.value} → {' or '.join(target.value for target in targets)}"
                       for current, targets in steps.items()))
            for action, steps in actions.items()]
    return _table(("Action", "By", "From → to"), rows)


def errors_page() -> str:
    rows = []
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.ReadingRoomError):
            rows.append((f"`{name}`", str(error.status_code), str(error.exit_code)))
    tree = (errors.__doc__ or "").split("\n\n")[1]
    return (
        "# Errors\n\n" + NOTE.format(source="src/readingroom/errors.py")
        + "Each error says what happened, which value caused it, and what to do next. Pages show these words; the JSON "
        "API sends them as `error`, `message`, `rule`, `value` and `next_step`; the command line prints them and ends "
        "with the exit status.\n\n"
        f"```text\n{tree}\n```\n\n"
        + _table(("Error", "HTTP status", "Exit status"), rows)
    )


def evidence_page() -> str:
    def rows(fields):  # type: ignore[no-untyped-def]
        return [(f"`{field.name}`", "yes" if field.required else "", field.meaning) for field in fields]

    return (
        "# Evidence of an output\n\n" + NOTE.format(source="src/readingroom/core/disclosure/evidence/")
        + "Evidence says what lies under each number of an output, so that the [rules](disclosure-rules.md) can be "
        "applied. The SDK writes it beside every table; it is a claim. Where it says the `recipe` and "
        "the `source`, the platform computes the table again from the vault, over the columns and rows that the "
        "project may read; if every count is the same, and every amount to a part in 10^9, and the file is byte for "
        "byte what the SDK writes of it, the file is *verified*, and the platform's evidence takes this one's place. "
        "Anything not described here is refused by name. The same in JSON Schema: "
        "[evidence.schema.json](schemas/evidence.schema.json).\n\n"
        "One statistic is a `table`; several shown in one table are `tables`, a table of each, in which all labels "
        "differ; a picture is a `figure` of the table or tables that it draws:\n\n"
        "```json\n"
        '{"version": 1, "kind": "table", "statistic": "mean", "unit": "person_id",\n'
        ' "cells": [{"row": ["North"], "column": ["2024"], "people": 40, "records": 52, "top": [9, 7],\n'
        '            "total": 310}]}\n'
        '{"version": 1, "kind": "tables", "tables": [{"kind": "table", "...": "..."}]}\n'
        '{"version": 1, "kind": "figure", "underlying": {"kind": "table", "...": "..."}}\n'
        "```\n\n"
        "A field that is not required may be left out, or null: it is not said. A rule that needs it then finds that "
        "it could not check the cell; nothing is assumed.\n\n"
        "## Table\n\n" + _table(("Field", "Required", "Meaning"), rows(TABLE))
        + "\n## Cell\n\n" + _table(("Field", "Required", "Meaning"), rows(CELL))
    )


def disclosure_rules_page() -> str:
    parts = [
        "# Disclosure rules\n\n", NOTE.format(source="the docstrings of src/readingroom/core/disclosure/rules/"),
        "Each rule looks at the [evidence](evidence.md) of an output with the numbers that the effective "
        "[policy](policy.md) gives it. Whatever a rule cannot check is a finding of its own: silence is never a "
        "pass.\n",
    ]
    for rule in RULES:
        title = rule.__module__.rpartition(".")[2].replace("_", " ").capitalize()
        parts.append(f"\n## {title}\n\n{_paragraphs(rule.__doc__ or '')}\n")
    return "".join(parts)


def _paragraphs(docstring: str) -> str:
    """A docstring as a page shows it: paragraphs on one line each, with their first word in bold."""
    text = inspect.cleandoc(docstring)
    shown = [" ".join(block.split()) for block in text.split("\n\n")]
    return "\n\n".join(re.sub(r"^(Formula|Source|Example):", r"**\1:**", block) for block in shown)


def output_types_page() -> str:
    parts = [
        "# Output types\n\n", NOTE.format(source="src/readingroom/core/disclosure/output_types/"),
        "Outputs with the same risks are one type. What is none of these can be *review* at best: nobody has said what "
        "would make it safe. Tables and figures are checked by their [evidence](evidence.md) and the [rules for "
        "cells](disclosure-rules.md); the others by a description, which `readingroom check model` reads and the SDK "
        "writes ([keys](check.md#readingroom-check-model)).\n",
    ]
    for one in OUTPUT_TYPES:
        parts.append(
            f"\n## {one.title}\n\n" + _table(("", ""), [
                ("Statbarn", one.statbarn), ("Risks", ", ".join(one.risks)), ("Evidence needed", one.evidence),
                ("How to read it", one.reading), ("Source", one.source)])
            + f"\n```json\n{json.dumps(dict(one.example), indent=2)}\n```\n")
        for rule in one.rules:
            title = rule.__name__.removeprefix("check_").replace("_", " ")
            parts.append(f"\n### {one.title}: {title}\n\n{_paragraphs(rule.__doc__ or '')}\n")
    return "".join(parts)


def model_schema_page() -> str:
    types = [one for one in OUTPUT_TYPES if one.description is not None]
    return json.dumps({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A description for readingroom check model",
        "oneOf": [_type_schema(one) for one in types],
    }, indent=2) + "\n"


def _type_schema(one: OutputType) -> dict[str, Any]:
    assert one.description is not None
    schema = one.description.model_json_schema()
    schema["title"] = one.title
    schema["properties"]["type"] = {"enum": list(one.types), "description": "Which output it is."}
    schema["properties"]["policy"] = {"type": "object", "description": "Rule parameters, as in policy.md."}
    return schema


def check_page() -> str:
    """docs/reference/check.md, which is written by hand, with the keys of descriptions put between its marks."""
    text = (REFERENCE / "check.md").read_text(encoding="utf-8")
    before, mark, rest = text.partition(KEYS_START)
    _, end, after = rest.partition(KEYS_END)
    if not mark or not end:
        raise SystemExit("docs/reference/check.md has lost the marks between which the keys go.")
    text = before + mark + "\n" + "\n".join(_keys(one) for one in OUTPUT_TYPES if one.description) + end + after
    before, mark, rest = text.partition(RECIPE_START)
    _, end, after = rest.partition(RECIPE_END)
    if not mark or not end:
        raise SystemExit("docs/reference/check.md has lost the marks between which the keys of recipes go.")
    return before + mark + "\n" + _recipe_keys() + end + after


def _recipe_keys() -> str:
    schema = recipe_schema()
    properties: dict[str, Any] = schema["properties"]  # type: ignore[assignment]
    return _table(("Key", "Value", "Meaning"), [
        (f"`{name}`", _json_shape(said), said.get("description", "")) for name, said in properties.items()])


def _json_shape(said: dict[str, Any]) -> str:
    if "anyOf" in said:
        return " or ".join(dict.fromkeys(_json_shape(one) for one in said["anyOf"]))
    if "enum" in said:
        return " or ".join(f"`{one}`" for one in said["enum"])
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
             "null": "null", "array": "list"}
    return words.get(said.get("type", ""), "object")


def _keys(one: OutputType) -> str:
    assert one.description is not None
    types = "; ".join(f"`{name}`" + (f" ({', '.join(others)})" if others else "") for name, others in one.types.items())
    tables = [_key_table(one.description)]
    seen = {one.description}
    waiting = _parts(one.description)
    while waiting:
        part = waiting.pop(0)
        if part not in seen:
            seen.add(part)
            tables.append(f"`{part.__name__}`: {(part.__doc__ or '').strip()}\n\n{_key_table(part)}")
            waiting += _parts(part)
    example = json.dumps(dict(one.example), indent=2)
    return (f"#### {one.title}\n\nTypes: {types}.\n\n" + "\n".join(tables)
            + f"\nFor example, which {_verdict_of(one)}:\n\n```json\n{example}\n```\n")


def _verdict_of(one: OutputType) -> str:
    policy = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, residual_degrees_of_freedom=10,
                    dominance=frozenset({(2, 90.0)}), p_percent=10)
    word = combine(check_description(dict(one.example), policy), checked=True).word
    return {"pass": "passes", "review": "is *review*", "fail": "fails"}[word]


def _key_table(part: type[Described]) -> str:
    rows = []
    for name, field in part.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        others = ", ".join(f"`{other}`" for other in extra.get("synonyms", ()))  # type: ignore[union-attr]
        rows.append((f"`{name}`", _shape(field.annotation) + (", required" if field.is_required() else ""), others,
                     field.description or ""))
    return _table(("Key", "Value", "Other names", "Meaning"), rows)


def _shape(annotation: Any) -> str:
    """The value of a key in words: number, text, list of Level, ..."""
    if isinstance(annotation, type) and issubclass(annotation, Described):
        return f"`{annotation.__name__}`"
    origin, arguments = get_origin(annotation), [one for one in get_args(annotation) if one not in (type(None), ...)]
    if origin is Annotated:
        return _shape(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        return f"list of {_shape(arguments[0])}"
    if arguments:
        return _shape(arguments[0])
    return {int: "whole number", float: "number", bool: "true or false", str: "text"}.get(annotation, "text")


def _parts(part: type[Described]) -> list[type[Described]]:
    def inside(annotation: Any) -> list[type[Described]]:
        if isinstance(annotation, type):
            return [annotation] if issubclass(annotation, Described) else []
        return [found for one in get_args(annotation) for found in inside(one)]

    return [found for field in part.model_fields.values() for found in inside(field.annotation)]


def evidence_schema_page() -> str:
    return json.dumps(evidence_schema(), indent=2) + "\n"


def _form_schema(form: type[PublishedForm] | type[ProtectForm]) -> str:
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **form.model_json_schema()},
                      indent=2) + "\n"


def _diagram(statuses: type[StrEnum], transitions: Mapping[StrEnum, frozenset[StrEnum]]) -> str:
    first = next(iter(statuses))
    reached = {first, *(target for targets in transitions.values() for target in targets)}
    drawn = [status for status in statuses if status in reached]
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    state \"{status.value.replace('-', ' ')}\" as {status.name}" for status in drawn]
    lines.append(f"    [*] --> {first.name}")
    for status in drawn:
        order = [target for target in statuses if target in transitions[status]]
        lines += [f"    {status.name} --> {target.name}" for target in order] or [f"    {status.name} --> [*]"]
    return "\n".join([*lines, "```", ""])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _policy_schema(kind: FileKind) -> str:
    return json.dumps(file_schema(kind), indent=2) + "\n"


DOOR_ROUTES = REPOSITORY / "images" / "door" / "inwards.map"


def door_page() -> str:
    """The door's list of routes, as the door itself reads it."""
    parts, rows = [], []
    for line in [*DOOR_ROUTES.read_text(encoding="utf-8").splitlines()[3:], "# "]:
        if line.startswith("# "):
            if rows:
                parts.append(_table(("Method and path", "Route"), rows))
            parts.append(f"\n{line.removeprefix('# ')}\n\n" if line != "# " else "")
            rows = []
        elif line.strip():
            pattern, name = line.rsplit(maxsplit=1)
            rows.append((f"`` {pattern} ``", name))
    return (
        "# The door inwards\n\n" + NOTE.format(source="images/door/inwards.map")
        + "What a browser may ask of a workspace: a regular expression over the method and the path below "
        "`/user/<person>/<project>`. Everything else is answered 403 by the door, before the workspace's server sees "
        "it; so is every other spelling of a listed path (escaped dots and slashes, empty or dotted segments, absolute "
        "addresses). What else the door holds requests and answers to: "
        "[the door inwards](../adr/0023-one-door-both-ways.md).\n" + "".join(parts)
    )


PAGES: dict[str, Callable[[], str]] = {
    "schemas/application.schema.json": lambda: json.dumps(application_schema(), indent=2) + "\n",
    "operations.md": lambda: NOTE.format(source="src/readingroom/web/api/").join(operations_page()),
    "schemas/policy-layer.schema.json": lambda: _policy_schema("layer"),
    "schemas/policy-dataset.schema.json": lambda: _policy_schema("dataset"),
    "schemas/policy-rule-pack.schema.json": lambda: _policy_schema("rule-pack"),
    "schemas/policy-undertaking.schema.json": lambda: _policy_schema("undertaking"),
    "settings.md": settings_page,
    "policy.md": policy_page,
    "states.md": states_page,
    "errors.md": errors_page,
    "disclosure-rules.md": disclosure_rules_page,
    "evidence.md": evidence_page,
    "schemas/evidence.schema.json": evidence_schema_page,
    "schemas/register.schema.json": lambda: json.dumps(register_schema(), indent=2) + "\n",
    "output-types.md": output_types_page,
    "schemas/check-contributions.schema.json": lambda: json.dumps(contributions_schema(), indent=2) + "\n",
    "schemas/check-model.schema.json": model_schema_page,
    "schemas/check-recipe.schema.json": lambda: json.dumps(recipe_schema(), indent=2) + "\n",
    "schemas/check-table-answer.schema.json": lambda: json.dumps(answer_schema(), indent=2) + "\n",
    "schemas/check-published.schema.json": lambda: _form_schema(PublishedForm),
    "schemas/check-protect.schema.json": lambda: _form_schema(ProtectForm),
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
