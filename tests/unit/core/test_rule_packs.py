"""Rule packs: named, sourced, complete; a layer that names one can only become stricter."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.policy import Policy, strictest
from readingroom.core.policy.complete import NEEDED, unset_parameters
from readingroom.core.policy.dataset_files import parse_any, parse_dataset, parse_layer, parse_rule_pack
from readingroom.errors import PolicyError
from readingroom.storage.policies import load_layer, load_policies, load_rule_packs

POLICIES = Path(__file__).parents[3] / "policies"
PACKS = load_rule_packs(POLICIES)

# name: threshold, inclusive, zeros low, dominance, inclusive, p, rounding
PUBLISHED = {
    "ons-srs": (10, False, True, {(1, 50)}, False, 0, None),
    "uk-llc": (10, False, True, set(), False, 0, None),
    "opensafely": (7, True, False, set(), False, 0, 5),
    "acro-default": (10, False, True, {(2, 90)}, True, 10, None),
    "nhs-sde": (10, False, True, set(), False, 0, 5),
    "abs-datalab": (10, False, False, {(1, 50), (2, 67)}, False, 0, None),
    "sdclog": (5, False, False, {(2, 85)}, True, 0, None),
    "handbook-3": (3, False, False, set(), False, 10, None),
}


def test_every_pack_says_what_its_body_published():
    assert {name: (pack.threshold, pack.threshold_inclusive, pack.zeros_disclosive, set(pack.dominance),
                   pack.dominance_inclusive, pack.p_percent, pack.rounding_base)
            for name, pack in PACKS.items()} == PUBLISHED


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_pack_leaves_nothing_open(name):
    assert not unset_parameters(PACKS[name])
    for field in ("dominance_inclusive", "group_disclosure", "p_q"):
        assert getattr(PACKS[name], field) is not None


def test_a_layer_that_names_a_pack_has_the_stricter_of_both():
    layer = parse_layer("name: site\nrule_pack: opensafely\npolicy: {threshold: 5, zeros_disclosive: true}", "s", PACKS)
    assert (layer.policy.threshold, layer.policy.threshold_inclusive, layer.policy.zeros_disclosive) == (7, True, True)
    assert parse_any("rule_pack: sdclog\nthreshold: 12", "bare", PACKS).policy.threshold == 12
    assert parse_any("rule_pack: sdclog", "bare", PACKS).policy == PACKS["sdclog"]
    assert parse_layer("name: site\nrule_pack: uk-llc", "s", PACKS).policy == PACKS["uk-llc"]


@given(st.sampled_from(sorted(PACKS)), st.integers(1, 30), st.booleans())
def test_nothing_written_beside_a_pack_loosens_it(name, threshold, zeros):
    text = f"name: site\nrule_pack: {name}\npolicy: {{threshold: {threshold}, zeros_disclosive: {str(zeros).lower()}}}"
    found = parse_layer(text, "s", PACKS).policy
    assert strictest(found, PACKS[name]) == found


def test_a_dataset_may_name_a_pack_too():
    text = (POLICIES / "datasets" / "school-history.yaml").read_text()
    plain = parse_dataset(text, "d")[1]
    _, policy = parse_dataset(text.replace("\npolicy:", "\nrule_pack: acro-default\npolicy:"), "d", PACKS)
    assert policy == strictest(plain, PACKS["acro-default"])
    assert policy.dominance_inclusive


@pytest.mark.parametrize(("text", "parse", "said"), [
    ("name: s\nrule_pack: opensafly", parse_layer, "s:2: rule_pack: 'opensafly' is unknown; there are abs-datalab"),
    ("rule_pack: 7\n", parse_any, "s:1: rule_pack"),
    ("rule_pack: sdclog\nthreshold: yes", parse_any, "s:2: threshold: yes can be read in two ways"),
    ("rule_pack: sdclog\ntreshold: 3", parse_any, "s:2: treshold: is not a field here; did you mean 'threshold'?"),
])
def test_a_wrong_name_is_told_with_its_line(text, parse, said):
    with pytest.raises(PolicyError) as refused:
        parse(text, "s", PACKS)
    assert refused.value.faults[0].startswith(said)


def test_without_packs_naming_one_is_a_fault():
    with pytest.raises(PolicyError, match="there are none here"):
        parse_layer("name: s\nrule_pack: opensafely", "s")


def test_a_pack_that_leaves_something_open_is_a_fault():
    with pytest.raises(PolicyError) as refused:
        parse_rule_pack("name: ours\ntitle: Ours\nsource: us\npolicy: {threshold: 10}", "ours.yaml")
    assert list(refused.value.faults) == [f"ours.yaml:4: policy: does not say {name}" for name in NEEDED[1:]]


def test_a_pack_is_named_as_its_file(tmp_path):
    (tmp_path / "rule-packs").mkdir()
    (tmp_path / "rule-packs" / "other.yaml").write_text((POLICIES / "rule-packs" / "uk-llc.yaml").read_text())
    with pytest.raises(PolicyError, match="it must equal the file's name"):
        load_rule_packs(tmp_path)


def test_a_pack_can_be_read_like_any_policy_file():
    assert load_layer(POLICIES / "rule-packs" / "uk-llc.yaml").policy == PACKS["uk-llc"]


def test_what_all_layers_of_a_dataset_leave_open_is_a_fault(tmp_path):
    policies = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    site = policies / "site.yaml"
    site.write_text("\n".join(line for line in site.read_text().splitlines() if "weights:" not in line))
    with pytest.raises(PolicyError) as refused:
        load_policies(policies)
    assert [fault.rpartition("/")[2] for fault in refused.value.faults] == [
        "magistrates-courts.yaml: no layer under data-first sets weights",
        "school-history.yaml: no layer under data-first sets weights"]


def test_no_opinion_on_anything_leaves_all_of_it_open():
    assert unset_parameters(Policy()) == NEEDED
