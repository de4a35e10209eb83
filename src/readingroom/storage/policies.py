"""Loads the policy files of an installation: site, programmes, datasets. All faults at once."""

from __future__ import annotations

from pathlib import Path

from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.dataset_files import parse_any, parse_dataset, parse_layer
from readingroom.core.policy.library import Policies
from readingroom.errors import PolicyError


def load_policies(directory: Path) -> Policies:
    """Read `site.yaml`, `programmes/*.yaml` and `datasets/*.yaml`. PolicyError lists every fault of every file."""
    faults: list[str] = []
    site = _parsed(directory / "site.yaml", parse_layer, faults)
    programmes = {file.stem: _parsed(file, parse_layer, faults) for file in sorted(directory.glob("programmes/*.yaml"))}
    datasets = {}
    for file in sorted(directory.glob("datasets/*.yaml")):
        parsed = _parsed(file, parse_dataset, faults)
        if parsed is not None and parsed[0].slug != file.stem:
            faults.append(f"{file}: the slug is {parsed[0].slug!r}; it must equal the file's name")
        datasets[file.stem] = parsed
    if site is None and not faults:
        faults.append(f"{directory / 'site.yaml'}: is missing")
    if faults:
        raise PolicyError(f"The policies in {directory} cannot be used:", faults=faults, rule="policy.files",
                          next_step="Correct them and start again.")
    return Policies(site, programmes, datasets)  # type: ignore[arg-type]  # no faults: nothing is None


def load_layer(file: Path) -> Layer:
    """What any one policy file says, bare fields included. PolicyError lists every fault of it."""
    faults: list[str] = []
    layer = _parsed(file, parse_any, faults)
    if faults:
        raise PolicyError(f"{file} cannot be used:", faults=faults, rule="policy.file", value=file,
                          next_step="Correct these and load it again.")
    assert isinstance(layer, Layer)
    return layer


def _parsed(file: Path, parse, faults: list[str]) -> Layer | tuple[object, Policy] | None:  # type: ignore[no-untyped-def]
    try:
        return parse(file.read_text(encoding="utf-8"), str(file))
    except PolicyError as error:
        faults.extend(error.faults or (str(error),))
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{file}: cannot be read ({error})")
    return None
