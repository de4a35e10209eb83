"""The rules that a command names: a policy file, or a rule pack of the installation."""

from __future__ import annotations

from pathlib import Path

from readingroom.core.policy import Layer
from readingroom.errors import InvalidInput
from readingroom.settings import load_settings
from readingroom.storage.policies import load_layer, load_rule_packs


def layer(named: str | Path) -> Layer:
    """The layer in a policy file of any kind, or the rule pack of that name. A file may name a rule pack too.

    What is neither is InvalidInput, which says what rule packs there are.
    """
    packs = load_rule_packs(load_settings().policies_dir)
    file = Path(named)
    if file.exists() or file.is_symlink() or file.suffix in {".yaml", ".yml", ".json"}:
        return load_layer(file, packs)
    if str(named) in packs:
        return Layer(str(named), packs[str(named)])
    raise InvalidInput(f"There is no policy file or rule pack {str(named)!r}.", rule="policy.file", value=str(named),
                       next_step=f"Give a policy file that exists, or a rule pack: {', '.join(sorted(packs))}.")
