"""The codes of one variable as sets of its finest codes, so that groups, totals and other tables' codes compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from readingroom.errors import InvalidInput

Atoms = frozenset[str]
Code = str | None  # None is the total over the variable


@dataclass(frozen=True)
class Variable:
    """`atoms` of each label; `everything` is their union, which the total stands for."""

    name: str
    atoms: Mapping[str, Atoms]
    everything: Atoms

    def of(self, code: Code) -> Atoms:
        return self.everything if code is None else self.atoms[code]

    def label(self, atoms: Atoms) -> str:
        """A label for people: the code, Total, or the finest codes joined."""
        if atoms == self.everything:
            return "Total"
        named = [label for label, held in self.atoms.items() if held == atoms]
        return named[0] if named else "+".join(sorted(atoms)[:4])


def make_variable(name: str, used: Iterable[Code], parents: Mapping[str, Sequence[str]]) -> Variable:
    """The variable of the codes `used` in tables and the groups that `parents` declares (parent: children).

    A child may have several parents, as in two groupings of one set of regions. Refuses a code that is part of itself.
    """
    atoms: dict[str, Atoms] = {}

    def resolve(label: str, above: tuple[str, ...]) -> Atoms:
        if label in above:
            raise InvalidInput(f"{name}: {label} is part of itself ({' > '.join((*above, label))}).",
                               rule="tables.hierarchy", value=label, next_step="Correct the hierarchy.")
        if label not in atoms:
            children = parents.get(label, ())
            atoms[label] = frozenset().union(*(resolve(child, (*above, label)) for child in children)) if children \
                else frozenset((label,))
        return atoms[label]

    for label in (*(code for code in used if code is not None), *parents):
        resolve(label, ())
    return Variable(name, atoms, frozenset().union(*atoms.values()))


def splits(codes: Sequence[Atoms]) -> list[tuple[Atoms, tuple[Atoms, ...]]]:
    """(whole, parts) for every code that other codes in the list make up without overlap, by their largest parts.

    Example: {ab, a, b} gives (ab, (a, b)). Two groupings of one whole give two splits.
    """
    found = []
    for whole in codes:
        if len(whole) < 2:
            continue
        inside = [code for code in codes if len(code) < len(whole) and code <= whole]
        if sum(map(len, inside)) != len(frozenset().union(*inside)):
            inside = _largest(inside)
        found += [(whole, parts) for parts in _covers(whole, inside)]
    return found


def _largest(codes: list[Atoms]) -> list[Atoms]:
    """Codes that are in no other code of the list."""
    return [code for code in codes if not any(len(code) < len(other) and code <= other for other in codes)]


def _covers(whole: Atoms, codes: list[Atoms]) -> list[tuple[Atoms, ...]]:
    """Ways to make up `whole` from codes without overlap: from each code on, the next ones that fit."""
    if sum(map(len, codes)) == len(frozenset().union(*codes)):
        return [tuple(codes)] if frozenset().union(*codes) == whole else []
    found: dict[frozenset[Atoms], tuple[Atoms, ...]] = {}
    for first in codes:
        chosen, left = [first], whole - first
        for code in codes:
            if code <= left:
                chosen.append(code)
                left -= code
        if not left:
            found.setdefault(frozenset(chosen), tuple(chosen))
    return list(found.values())


def nested(codes: Iterable[Atoms]) -> bool:
    """Whether of any two codes one contains the other, or they have nothing in common."""
    by_size = sorted(set(codes), key=len)
    owner: dict[str, Atoms] = {}
    for code in by_size:
        held = {owner[atom] for atom in code if atom in owner}
        if any(not inner <= code for inner in held):
            return False
        owner.update(dict.fromkeys(code, code))
    return True
