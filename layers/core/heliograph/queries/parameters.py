"""Values for placeholders, as a command line or a file gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heliograph.connections.engines.contract import Value
from heliograph.kernel.errors import FileInvalid, ParametersMixed, ParameterSurplus, UsageError
from heliograph.queries.declarations import apply_declarations, read_declaration
from heliograph.queries.placeholders import Template


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values by position or by name; never both filled."""

    positional: Sequence[Value] = ()
    named: Mapping[str, Value] = field(default_factory=dict)


def from_arguments(
    template: Template, arguments: Sequence[str], nulls: Sequence[str], document: Any = None
) -> Parameters:
    """Return the values that ``-p``, ``--null`` and a parameter file give for ``template``.

    Where the SQL uses ``{{name}}``, each argument is ``name=value``, repeated for a list, and wins
    over the file; otherwise each is one value, verbatim, in order. Raises `UsageError` and below.
    """
    if template.is_named:
        return Parameters(named=_named(template, arguments, nulls, document))
    return Parameters(positional=_positional(template, arguments, nulls, document))


def from_document(template: Template, document: Any) -> Parameters:
    """Return the values that a list (``$n``) or a mapping (``{{name}}``) of a file gives."""
    if not document and not template.is_named:
        return Parameters()
    return from_arguments(template, [], [], document or {})


def _named(
    template: Template, arguments: Sequence[str], nulls: Sequence[str], document: Any
) -> dict[str, Value]:
    if document is not None and not isinstance(document, Mapping):
        raise ParametersMixed(
            "The SQL uses {{name}}, so the values must be a mapping of names to values."
        )
    given: dict[str, list[str]] = {}
    for argument in arguments:
        name, separator, value = argument.partition("=")
        if not separator or not name.strip():
            raise ParametersMixed(
                "The SQL uses {{name}}, so every -p must be name=value.",
                hint=f"For example -p {template.names[0]}=VALUE",
            )
        given.setdefault(name.strip(), []).append(value)
    for name in nulls:
        if name in given:
            raise UsageError(f"{name} is given both a value and NULL.")
    texts: dict[str, Value] = {
        name: values[0] if len(values) == 1 else values for name, values in given.items()
    }
    texts |= dict.fromkeys(nulls)
    file = {str(name): value for name, value in (document or {}).items()}
    declared = [read_declaration(name, v) for name, v in file.items() if isinstance(v, Mapping)]
    plain = {name: _value(name, v) for name, v in file.items() if not isinstance(v, Mapping)}
    values = apply_declarations(declared, plain | texts)
    for declaration in declared:
        if declaration.is_optional and declaration.name in template.required:
            values.setdefault(declaration.name, None)
    return values


def _positional(
    template: Template, arguments: Sequence[str], nulls: Sequence[str], document: Any
) -> list[Value]:
    if document is not None and not isinstance(document, list):
        raise ParametersMixed(
            "The SQL has no {{name}}, and the parameter file gives values by name."
            if template.positions
            else "The SQL has no placeholder, and the parameter file gives values by name."
        )
    if document and arguments:
        raise UsageError("Values in order come from -p or from --params, not from both.")
    values: list[Value] = [_value(n, value) for n, value in enumerate(document or [], 1)]
    values += arguments
    for position in sorted(_position(null) for null in nulls):
        if position > len(values) + 1:
            raise ParameterSurplus(
                f"--null ${position} leaves a gap: there is no value for ${len(values) + 1}."
            )
        values.insert(position - 1, None)
    return values


def _position(text: str) -> int:
    digits = text.removeprefix("$")
    if not digits.isdecimal() or len(digits) > 5 or int(digits) < 1:
        raise UsageError(
            f"--null {text} names no parameter: the SQL counts them $1, $2, ...",
            hint="For the second one: --null 2",
        )
    return int(digits)


def _value(name: object, value: Any) -> Value:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_value(name, item) for item in value]
    raise FileInvalid(f"The parameter {name} must be a value or a list of values, not a mapping.")
