"""YAML as policy files may use it: one mapping of plain values, each with its place. No disk here.

What YAML would read otherwise than it looks is a fault, not a guess: `010` is eight to it, the last of two equal keys
wins in silence, and a reference can stand for gigabytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

Place = tuple[int | str, ...]
Fault = tuple[Place, str]
LONGEST = 200_000  # characters
DEEPEST = 20
PLAIN = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0|[1-9][0-9]*)"),
    "tag:yaml.org,2002:float": re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"),
}
SWITCH = re.compile("true|True|TRUE|false|False|FALSE")  # what every version of YAML takes for a switch
MERGE = "tag:yaml.org,2002:merge"
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
JOINERS = frozenset("\n\t\r\u200c\u200d")  # the last two join letters, or keep them apart, in some scripts


@dataclass(frozen=True)
class Document:
    """What was read as it should not be is in `faults`; `value` is None where nothing could be made of it."""

    root: yaml.Node | None
    value: object
    faults: tuple[Fault, ...]


class Unreadable(Exception):
    """This is no YAML that is read here. `faults` are lines, and what is wrong in each."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


def read(text: str) -> Document:
    """The document in `text`. Unreadable if there is none, or it would take too much to read."""
    if len(text) > LONGEST:
        raise Unreadable([(1, f"has {len(text):,} characters; at most {LONGEST:,} are read")])
    try:
        if not_read := list(_not_read(text)):
            raise Unreadable(not_read)
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        faults = () if root is None else tuple(_misread(root, (), loader))
        value = _as_far_as_possible(text) if faults else None if root is None else loader.construct_document(root)
        return Document(root, value, faults)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable([(line, f"is not valid YAML: it may not hold the character U+{ord(error.character):04X}"
                           if isinstance(error.character, str) else f"is not valid YAML: {error.reason}")]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        if problem == "but found another document":
            problem = "it holds a second document; one file says one thing, so give that a file of its own"
        raise Unreadable([(mark.line + 1 if mark else 1, f"is not valid YAML: {problem}")]) from error


def _as_far_as_possible(text: str) -> object:
    """What YAML makes of it, so that other faults can be told too. Read anew: merging changes the nodes."""
    try:
        return yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        return None


class Lines:
    """Where in a file each place is. Asked of a file in which everything is wrong, it reads each mapping once."""

    def __init__(self, root: yaml.Node | None) -> None:
        self._root = root
        self._keys: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}

    def of(self, place: Place) -> int:
        """The line of the innermost node on the way to `place` that exists."""
        node = self._root
        line = 1 if node is None else int(node.start_mark.line) + 1
        for part in place:
            if isinstance(node, yaml.MappingNode):
                pairs = self._pairs(node)
                if part not in pairs:
                    break
                line, node = pairs[str(part)][0].start_mark.line + 1, pairs[str(part)][1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def _pairs(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        if id(node) not in self._keys:
            self._keys[id(node)] = {key.value: (key, value) for key, value in node.value
                                    if isinstance(key, yaml.ScalarNode)}
        return self._keys[id(node)]


def _not_read(text: str) -> Iterator[tuple[int, str]]:
    """What a file must not hold because of what it would take to read it, or what it would make of it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1
        if depth > DEEPEST:  # reading on takes time with the square of the depth
            yield line, f"is nested more than {DEEPEST} deep"
            return
        if isinstance(event, yaml.AliasEvent):  # a few of them can stand for gigabytes, or for themselves
            yield line, f"*{event.anchor}: write it out; references within the file are not read"
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            yield line, f"{tag.replace('tag:yaml.org,2002:', '!!')}: tags are not read; write the plain value"


def _misread(node: yaml.Node, place: Place, loader: yaml.SafeLoader) -> Iterator[Fault]:
    """Everything at or below a node that YAML would take for something else than it looks."""
    if isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _misread(value, (*place, position), loader)
    elif isinstance(node, yaml.MappingNode):
        yield from _misread_mapping(node, place, loader)
    elif isinstance(node, yaml.ScalarNode):
        yield from ((place, what) for what in _misread_scalar(node, loader))


def _misread_mapping(node: yaml.MappingNode, place: Place, loader: yaml.SafeLoader) -> Iterator[Fault]:
    seen = set()
    codes = place[-1:] == ("codes",)
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            yield place, "has a key that is a list or mapping; a key is plain text"
            continue
        at = (*place, key.value)
        if key.value in seen:  # YAML keeps the last of two in silence: a second `threshold` could undo the first
            yield at, "is written twice"
        seen.add(key.value)
        if key.tag == MERGE:
            yield at, "write it out; other mappings are not merged into this one"
        elif codes:
            yield from ((at, what) for what in _misread_code(key, loader))
        elif key.tag != "tag:yaml.org,2002:str":
            yield at, f"is no text to YAML; write the key as '{key.value}'"
        else:
            yield from ((at, what) for what in _misread_scalar(key, loader))
        yield from _misread(value, at, loader)


def _misread_scalar(node: yaml.ScalarNode, loader: yaml.SafeLoader) -> Iterator[str]:
    plain = PLAIN.get(node.tag)
    if hidden := next((one for one in node.value if unicodedata.category(one) in INVISIBLE and one not in JOINERS), ""):
        yield f"holds a character that cannot be seen (U+{ord(hidden):04X}); take it out"
    elif plain is not None and not plain.fullmatch(node.value):
        yield f"{_short(node.value)} can be read in two ways; write a plain decimal number, or quote it as text"
    elif plain is not None and len(node.value) > 300:
        yield f"is a number of {len(node.value):,} digits"
    elif node.tag == "tag:yaml.org,2002:bool" and not SWITCH.fullmatch(node.value):
        yield f"{_short(node.value)} can be read in two ways; write true or false, or quote it as text"
    elif node.tag == "tag:yaml.org,2002:timestamp":
        try:
            loader.construct_object(node)
        except ValueError as error:  # 2020-13-45
            yield f"{_short(node.value)} looks like a date and is none ({error}); quote it if it is text"


def _misread_code(key: yaml.ScalarNode, loader: yaml.SafeLoader) -> Iterator[str]:
    """Codes that YAML takes for something else: NO is false, 010 is eight."""
    try:
        read_as = str(loader.construct_object(key))
    except (ValueError, yaml.YAMLError):
        read_as = ""
    if read_as != key.value:
        yield f"YAML does not read this as text; write it as '{key.value}'"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
