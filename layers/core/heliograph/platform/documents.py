"""YAML and JSON files that people write, read without re-typing what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heliograph.kernel.errors import FileInvalid

_LARGEST_BYTES = 16 * 1024 * 1024


def read_text(path: Path, *, what: str) -> str:
    """Return a file's text (UTF-8). Raises `FileInvalid`; ``what`` says what the file is for."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise FileInvalid(f"The {what} {path} is larger than 16 MB.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileInvalid(f"The {what} {path} is not UTF-8 text.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileInvalid(f"The {what} {path} cannot be read: {reason}.") from None


Place = tuple[str | int, ...]
"""Where a value stands in a document: keys and list indexes from the root."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file's mappings and lists, every scalar its own text, and where each of them stands.

    ``marks`` maps a place to its line and column, both from 1.
    """

    path: Path
    data: Any
    marks: Mapping[Place, tuple[int, int]]

    def mark(self, place: Iterable[str | int]) -> tuple[int, int]:
        """Return line and column of a place; steps that the file does not have are passed over."""
        known: Place = ()
        for step in place:
            if (*known, step) in self.marks:
                known = (*known, step)
        return self.marks.get(known, (1, 1))


def read_verbatim(path: Path, *, what: str) -> Any:
    """Return the mappings and lists of a YAML or JSON file; see `read_document`."""
    return read_document(path, what=what).data


def read_document(path: Path, *, what: str) -> Document:
    """Read a YAML or JSON file without re-typing what stands in it.

    ``1.10`` stays ``"1.10"`` and ``2026-01-31`` is no date; only null is None. Raises `FileInvalid`
    with line and column for a file that is not well formed or names a key twice.
    """
    import yaml  # noqa: PLC0415

    text = read_text(path, what=what)
    marks: dict[Place, tuple[int, int]] = {}
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        data = None if node is None else _build(node, (), marks, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise FileInvalid(
            f"The {what} {path} is not well formed in line {line}, column {column}: "
            f"{error.problem}.",
            line=line,
            column=column,
            hint=_yaml_hint(text, line, column),
        ) from None
    except yaml.YAMLError:
        raise FileInvalid(f"The {what} {path} holds characters that YAML does not allow.") from None
    except RecursionError:
        raise FileInvalid(f"The {what} {path} is nested too deeply.") from None
    return Document(path, data, marks)


def _yaml_hint(text: str, line: int, column: int) -> str | None:
    """Return what helps with the mistakes that people make most."""
    lines = text.splitlines()
    rest = lines[line - 1][column - 1 :] if line <= len(lines) else ""
    if rest.startswith("\t"):
        return "YAML is indented with blanks, not with tabs."
    if rest[:1] in (">", "<", "!", "=", "%", "@", "`", "|", "*", "&"):
        return f'Put quotes around what begins with {rest[0]}, as in op: ">".'
    return None


def _build(node: Any, place: Place, marks: dict[Place, tuple[int, int]], open_: set[int]) -> Any:
    """Turn a YAML node into data; ``open_`` holds the nodes above it, for aliases of themselves."""
    import yaml  # noqa: PLC0415

    marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == _NULL and not node.style else node.value
    if id(node) in open_:
        raise yaml.MarkedYAMLError(problem="an alias stands inside itself",
                                   problem_mark=node.start_mark)  # fmt: skip
    open_ = open_ | {id(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*place, n), marks, open_) for n, item in enumerate(node.value)]
    mapping: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            problem = "a key must be a plain word"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
        if key.value in mapping:
            problem = f"the key {key.value!r} stands here twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
        marks[(*place, key.value)] = (key.start_mark.line + 1, key.start_mark.column + 1)
        mapping[key.value] = _build(value, (*place, key.value), marks, open_)
    return mapping


_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
