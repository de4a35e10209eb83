"""A version is safe only if it is at or above the fix in its own line."""

import pytest

from readingroom.ops import floors


@pytest.mark.parametrize("version", ["23.0.11", "25.0.5", "25.0.9", "26.0", "28.2.2", "v26.1.4"])
def test_a_fixed_release_of_a_maintained_line_meets_the_floor(version):
    assert floors.meets(version, floors.MOBY)


@pytest.mark.parametrize("version", ["20.10.24+dfsg1", "23.0.10", "24.0.9", "25.0.4", "1.0"])
def test_a_release_before_its_fix_does_not(version):
    assert not floors.meets(version, floors.MOBY)


@pytest.mark.parametrize(("version", "meets"), [("1.1.5+ds1", False), ("1.2.7", False), ("1.2.8", True),
                                                 ("1.3.2", False), ("1.3.3", True), ("1.4.0", True)])
def test_lines_that_share_a_major_number_are_told_apart(version, meets):
    assert floors.meets(version, floors.RUNC) is meets


@pytest.mark.parametrize("version", ["", "dev", "unknown", "-1", "v"])
@pytest.mark.parametrize("floor", [floors.MOBY, floors.RUNC, *floors.PLATFORM, *floors.WORKSPACE])
def test_what_cannot_be_read_never_meets_a_floor(version, floor):
    assert not floors.meets(version, floor)


@pytest.mark.parametrize("floor", [floors.MOBY, floors.RUNC, *floors.PLATFORM, *floors.WORKSPACE])
def test_every_floor_meets_itself_and_says_why(floor):
    assert all(floors.meets(version, floor) for version in floor.versions)
    assert floor.because
