"""P8: whatever settings, policies and a deployment's overrides say, a workspace's container only gets tighter."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.policy import Policy
from readingroom.core.workspaces import WorkspacePlan
from readingroom.hub.containers import Host as EngineHost
from readingroom.hub.containers import container_arguments
from readingroom.hub.limits import Limits
from readingroom.settings import Settings

SETTINGS = Settings(state_dir=Path("/srv/room"))
HOME = SETTINGS.homes_dir / "courts" / "ada"
IMAGE = "sha256:" + "a" * 64
INTEGERS = [field.name for field in fields(Limits) if field.type == "int"]
LIMITED = {"Memory", "MemorySwap", "NanoCpus", "PidsLimit", "ShmSize", "Tmpfs", "Ulimits", "LogConfig"}

numbers = st.integers(1, 2**50)
shares = st.floats(0.01, 512, allow_nan=False)
overrides = st.fixed_dictionaries({}, optional={**dict.fromkeys(INTEGERS, numbers), "cpus": shares})
policies = st.builds(Policy, memory_bytes=st.none() | numbers, cpus=st.none() | shares, pids=st.none() | numbers)
hosts = st.builds(EngineHost, apparmor=st.booleans(), cgroup_driver=st.sampled_from(["cgroupfs", "systemd"]))


PLAIN = EngineHost()


def arguments(policy, given_overrides, host=PLAIN):
    plan = WorkspacePlan("ada", "courts", (("courts", SETTINGS.extracts_dir / "e1"),), HOME, policy)
    return container_arguments(SETTINGS, plan, host, given_overrides, image_id=IMAGE)


class TestOverridesOnlyTighten:
    """For every limit: with an override <= without it <= the built-in; and nothing but limits changes."""

    @given(policies, overrides)
    def test_no_limit_is_ever_above_any_opinion(self, policy, given_overrides):
        limits = arguments(policy, given_overrides).limits
        for field in fields(Limits):
            value = getattr(limits, field.name)
            assert value <= getattr(Limits(), field.name)
            assert value <= given_overrides.get(field.name, value)
        assert limits.memory_bytes <= (policy.memory_bytes or limits.memory_bytes)
        assert limits.cpus <= (policy.cpus or limits.cpus)
        assert limits.pids <= (policy.pids or limits.pids)

    @given(policies, overrides, hosts)
    def test_everything_that_is_not_a_limit_is_the_same_for_all(self, policy, given_overrides, host):
        base, changed = arguments(Policy(), {}, host), arguments(policy, given_overrides, host)
        ours, theirs = base.confinement(), changed.confinement()
        assert {name for name in ours if ours[name] != theirs[name]} <= LIMITED
        assert replace(changed, limits=base.limits) == base

    @given(policies, overrides, overrides)
    def test_a_further_override_never_loosens_what_another_tightened(self, policy, one, other):
        both = {name: min(values) for name in {**one, **other}
                if (values := [each[name] for each in (one, other) if name in each])}
        alone, together = arguments(policy, one).limits, arguments(policy, both).limits
        assert all(getattr(together, field.name) <= getattr(alone, field.name) for field in fields(Limits))
