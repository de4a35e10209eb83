"""What an administrator may ask for, and what the image holds already."""

from __future__ import annotations

import pytest

from readingroom.errors import InvalidInput
from readingroom.ops import mirror
from readingroom.ops.progress import Progress


def test_the_images_own_packages_are_those_of_its_python_and_system():
    held = mirror.in_the_image()
    assert held["jupyterhub"] == "6.1.1"
    assert held["numpy"].startswith("2.4."), "the lock names another numpy for later Pythons"
    assert "pywinpty" not in held and "appnope" not in held


@pytest.mark.parametrize("wanted", ["emoji", "emoji>=1", "emoji==1.0; os_name == 'nt'", "--index-url==http://x",
                                    "-r==x", "https://x/y.whl", "emoji @ file:///etc/passwd", "emoji==1.*", ""])
def test_only_exact_versions_by_name_reach_pip(wanted):
    with pytest.raises(InvalidInput):
        mirror.download([wanted], Progress())
