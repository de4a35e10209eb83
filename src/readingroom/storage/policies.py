"""Loads the policy files of an installation: site, programmes, datasets, rule packs. All faults at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from readingroom.core.policy import Layer, Policy, strictest
from readingroom.core.policy.complete import unset_parameters
from readingroom.core.policy.dataset_files import (
    NO_PACKS,
    parse_any,
    parse_dataset,
    parse_layer,
    parse_rule_pack,
    parse_undertaking,
)
from readingroom.core.policy.library import Policies
from readingroom.core.policy.reading import MOST_BYTES, decoded
from readingroom.core.undertakings import Undertaking
from readingroom.errors import PolicyError


def load_policies(directory: Path) -> Policies:
    """Read `site.yaml`, `programmes/*.yaml`, `datasets/*.yaml`, the rule packs that they name, `undertakings/*.yaml`.

    PolicyError lists every fault of every file, and every parameter that a dataset's effective policy leaves open.
    """
    faults: list[str] = []
    packs = _packs(directory, faults)
    site = _parsed(directory / "site.yaml", parse_layer, faults, packs)
    programmes = {file.stem: _parsed(file, parse_layer, faults, packs)
                  for file in sorted(directory.glob("programmes/*.yaml"))}
    datasets = {}
    for file in sorted(directory.glob("datasets/*.yaml")):
        parsed = _parsed(file, parse_dataset, faults, packs)
        if parsed is not None and parsed[0].slug != file.stem:
            faults.append(f"{file}: the slug is {parsed[0].slug!r}; it must equal the file's name")
        datasets[file.stem] = parsed
    if site is None and not faults:
        faults.append(f"{directory / 'site.yaml'}: is missing")
    undertakings = _undertakings(directory, faults)
    loaded = Policies(site, programmes, datasets, undertakings)  # type: ignore[arg-type]  # no faults: nothing is None
    if not faults:
        faults += _left_open(loaded, directory)
    if faults:
        raise PolicyError(f"The policies in {directory} cannot be used:", faults=faults, rule="policy.files",
                          next_step="Correct them and start again.")
    return loaded


def load_rule_packs(directory: Path) -> dict[str, Policy]:
    """The rule packs in `rule-packs/` of a directory of policies, by name. PolicyError lists every fault."""
    faults: list[str] = []
    packs = _packs(directory, faults)
    if faults:
        raise PolicyError(f"The rule packs in {directory} cannot be used:", faults=faults, rule="policy.files",
                          next_step="Correct them and start again.")
    return packs


def load_layer(file: Path, packs: Mapping[str, Policy] = NO_PACKS) -> Layer:
    """What any one policy file says, bare fields included. PolicyError lists every fault of it."""
    faults: list[str] = []
    layer = _parsed(file, parse_any, faults, packs)
    if faults:
        raise PolicyError(f"{file} cannot be used:", faults=faults, rule="policy.file", value=file,
                          next_step="Correct these and load it again.")
    assert isinstance(layer, Layer)
    return layer


def _packs(directory: Path, faults: list[str]) -> dict[str, Policy]:
    packs = {}
    for file in sorted(directory.glob("rule-packs/*.yaml")):
        parsed = _parsed(file, parse_rule_pack, faults)
        if parsed is not None and parsed[0] != file.stem:
            faults.append(f"{file}: the name is {parsed[0]!r}; it must equal the file's name")
        elif parsed is not None:
            packs[file.stem] = parsed[1]
    return packs


def _undertakings(directory: Path, faults: list[str]) -> tuple[Undertaking, ...]:
    """At most one for each organisation, and one for all others."""
    found: dict[str, Undertaking] = {}
    for file in sorted(directory.glob("undertakings/*.yaml")):
        one = _parsed(file, parse_undertaking, faults)
        if one is None:
            continue
        if one.organisation.casefold() in found:
            faults.append(f"{file}: there is another undertaking for {one.organisation or 'all other organisations'}")
        found[one.organisation.casefold()] = one
    return tuple(found.values())


def _left_open(loaded: Policies, directory: Path) -> list[str]:
    """A dataset whose effective policy lacks a parameter, under any programme, could never pass the rule about it."""
    found = []
    for slug in loaded.datasets:
        for programme in loaded.programmes or ("",):
            effective = strictest(*(layer.policy for layer in loaded.layers(programme, slug)))
            under = f" under {programme}" if programme else ""
            found += [f"{directory / 'datasets' / slug}.yaml: no layer{under} sets {name}"
                      for name in unset_parameters(effective)]
    return found


def _parsed(file: Path, parse, faults: list[str], *more):  # type: ignore[no-untyped-def]
    """What `parse` makes of the file; None if it cannot, with all that is wrong added to `faults`."""
    try:
        return parse(_text(file), str(file), *more)
    except PolicyError as error:
        faults.extend(error.faults or (str(error),))
    except OSError as error:
        faults.append(f"{file}: cannot be read: {error.strerror}")
    return None


def _text(file: Path) -> str:
    return decoded(read_some(file), str(file))


def read_some(file: Path) -> bytes:
    """What the file holds, as far as is ever read. PolicyError if it is none that ends."""
    if not file.is_file():
        file.stat()  # says why, if there is none
        raise PolicyError("", faults=[f"{file}: is a directory; name the files in it" if file.is_dir()
                                      else f"{file}: is no file"])
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)
