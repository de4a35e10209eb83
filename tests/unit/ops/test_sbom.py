"""The bill of materials: made of what the image lists, the same for the same image, and never by guessing."""

from __future__ import annotations

import pytest

from readingroom.errors import IntegrityError
from readingroom.ops.sbom import document

LISTED = "deb\tlibc6\t2.36-9+deb12u9\tamd64\npypi\tPillow\t11.0.0\t\nown\treadingroom\t\t\nown\treadingroom\t\t\n"
IMAGE = "sha256:" + "ab" * 32


def test_each_package_has_a_package_url():
    bill = document("notebook", IMAGE, "2026-11-25T10:00:00.123456789Z", LISTED)
    assert [one["purl"] for one in bill["components"]][::2] == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12", "pkg:pypi/pillow@11.0.0"]
    assert bill["metadata"]["timestamp"] == "2026-11-25T10:00:00Z"
    assert bill["metadata"]["component"]["version"] == IMAGE
    assert len({one["bom-ref"] for one in bill["components"]}) == len(bill["components"])


def test_the_same_image_gives_the_same_bill_and_another_another():
    backwards = "".join(reversed(LISTED.splitlines(keepends=True)))
    one = document("notebook", IMAGE, "2026-11-25T10:00:00Z", LISTED)
    assert one == document("notebook", IMAGE, "2026-11-25T10:00:00Z", backwards)
    other = document("notebook", "sha256:0", "2026-11-25T10:00:00Z", LISTED)
    assert one["serialNumber"] != other["serialNumber"]


@pytest.mark.parametrize("line", ["rpm\tx\t1\t\n", "deb\tx\n", "awk: error\n"])
def test_a_line_that_is_not_understood_stops_it(line):
    with pytest.raises(IntegrityError):
        document("notebook", IMAGE, "2026-11-25T10:00:00Z", LISTED + line)
