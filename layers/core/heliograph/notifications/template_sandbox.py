"""Templates of people, run so that none can harm the process: Jinja2 in a sandbox with limits.

Jinja2's own sandbox keeps a template away from Python's inside. It does not keep it from using up
memory or time, so on top of it

- only the syntax that a message needs is let through: no calls but ``range``, no dict literals, no
  macros, includes or imports, no power operator;
- every operator, joining and filter refuses a result over 20,000 characters, and numbers over
  1,000 bits, before it is made;
- lists hold plain values only, so that nothing can double with every line;
- loop rounds, operators and filters draw on a budget of 100,000 steps and one second of CPU.

Importing Jinja2 is slow, so `templates` imports this module when the first template is met.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from functools import lru_cache, wraps
from types import CodeType
from typing import Any

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    meta,
    nodes,
    pass_context,
)
from jinja2.filters import FILTERS
from jinja2.runtime import Context as JinjaContext
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from heliograph.kernel.errors import FileInvalid

MAX_SOURCE = 10_000
MAX_OUTPUT = 20_000
_MAX_STEPS = 100_000
_MAX_CPU_SECONDS = 1.0
_MAX_ITEMS = 10_000
_MAX_RANGE = 1_000
_MAX_BITS = 1_000
_DIGITS = 40
_FILE_NAME = "<template>"

_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.List,
    nodes.Tuple, nodes.If, nodes.For, nodes.Assign, nodes.CondExpr, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Filter, nodes.Test, nodes.Keyword, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.Concat, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv,
    nodes.Mod, nodes.Neg, nodes.Pos, nodes.Call,
)  # fmt: skip
_PLAIN_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "first", "float", "int", "items", "last",
    "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select",
    "selectattr", "sort", "title", "trim", "truncate", "unique", "upper", "urlencode",
)  # fmt: skip
_TESTS = (
    "boolean", "defined", "divisibleby", "eq", "even", "false", "ge", "gt", "in", "le", "lower",
    "lt", "mapping", "ne", "none", "number", "odd", "sequence", "string", "true", "undefined",
    "upper", "==", "!=", ">", ">=", "<", "<=", "equalto", "greaterthan", "lessthan",
)  # fmt: skip


class Number(Decimal):
    """A decimal that prints as the exact text it came from: ``12.50`` stays ``12.50``."""

    text: str

    def __new__(cls, text: str) -> Number:
        """Keep the text beside the number."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text


def check(text: str, known: frozenset[str]) -> None:
    """Raise `FileInvalid`, with the line inside the template, for what could never be rendered.

    ``known`` are the names that a template may use.
    """
    _compile(text)
    tree = _parse(text)
    unknown = sorted(meta.find_undeclared_variables(tree) - known - {"range"})
    if unknown:
        line = next((n.lineno for n in tree.find_all(nodes.Name) if n.name == unknown[0]), None)
        raise _broken(
            f"{unknown[0]!r} is not known", line, f"There are: {', '.join(sorted(known))}."
        )


def render(text: str, values: Mapping[str, Any]) -> str:
    """Return the rendered text. Raises `FileInvalid` for whatever goes wrong, with the line."""
    code = _compile(text)
    environment = _Sandbox()
    template = Template.from_code(environment, code, {"range": environment.make_range})
    try:
        with localcontext(Context(prec=_DIGITS)):
            return "".join(_bounded(template.generate(values)))
    except FileInvalid as error:
        error.line = error.line or _line_of(error)
        raise
    except Exception as error:  # noqa: BLE001 - whatever a person's template manages to raise
        raise _broken(_reason(error), _line_of(error)) from None


class _Sandbox(ImmutableSandboxedEnvironment):
    """An environment for one rendering, with a budget of its own."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=_printed, cache_size=0)
        self._steps = 0
        self._started = time.thread_time()
        own: dict[str, Callable[..., Any]] = {
            "join": _join, "replace": _replace, "round": _round, "sum": _sum, "number": _number,
            "date": _date, "string": _printed,
        }  # fmt: skip
        own |= {name: FILTERS[name] for name in _PLAIN_FILTERS}
        self.filters = {name: self._metered(function) for name, function in own.items()}
        self.filters |= {"_rounds": self._rounds, "_concat": self._concat, "_flat": _flat}
        self.tests = {name: self.tests[name] for name in _TESTS}
        self.globals = {}

    def charge(self, steps: int = 1) -> None:
        """Take from the budget. Raises `FileInvalid` when it is used up."""
        self._steps += steps
        is_late = time.thread_time() - self._started > _MAX_CPU_SECONDS
        if self._steps > _MAX_STEPS or is_late:
            raise _broken("it takes too many steps")

    def make_range(self, *bounds: int) -> range:
        """Return a range of at most 1,000 numbers: the one function that may be called."""
        numbers = range(*bounds)
        if len(numbers) > _MAX_RANGE:
            raise _broken(f"a range is longer than {_MAX_RANGE:,}")
        return numbers

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Let ``row.count`` mean the column, never the dictionary's method."""
        self.charge()
        if isinstance(obj, dict):
            return self.getitem(obj, attribute)
        return super().getattr(obj, attribute)

    def call_binop(self, context: JinjaContext, operator: str, left: Any, right: Any) -> Any:
        """Calculate with numbers, and join two texts or two lists; refuse everything else."""
        self.charge()
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _short_enough(left + right)
        if operator == "+" and isinstance(left, list) and isinstance(right, list):
            if len(left) + len(right) > _MAX_ITEMS:
                raise _broken(f"a list is longer than {_MAX_ITEMS:,}")
            return left + right
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            return f"{left}{right}"  # raises the error that names the variable
        if not isinstance(left, int | float | Decimal) or not isinstance(
            right, int | float | Decimal
        ):
            raise _broken(f"{operator} calculates with numbers: write |number, or ~ to join texts")
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            left, right = _decimal(left), _decimal(right)
        result = self.binop_table[operator](left, right)
        if isinstance(result, int) and result.bit_length() > _MAX_BITS:
            raise _broken("a number is too large")
        return result

    @pass_context
    def _rounds(self, context: JinjaContext, value: Any) -> Iterator[Any]:
        for item in value:
            self.charge()
            yield item

    def _concat(self, parts: list[Any]) -> str:
        texts = [_printed(part) for part in parts]
        length = sum(map(len, texts))
        self.charge(1 + length // 64)
        if length > MAX_OUTPUT:
            raise _broken(f"a text is longer than {MAX_OUTPUT:,} characters")
        return "".join(texts)

    def _metered(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def metered(*args: Any, **options: Any) -> Any:
            result = function(*args, **options)
            self.charge(1 + (len(result) // 64 if isinstance(result, str | list) else 0))
            return _short_enough(result) if isinstance(result, str) else result

        return metered


class _Guard(NodeTransformer):
    """Lets the allowed syntax through and puts loops, joins and lists on the budget."""

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Refuse a node of a kind that is not listed."""
        if not isinstance(node, _NODES):
            raise _broken(f"{type(node).__name__.lower()} is not possible here", node.lineno)
        return super().visit(node, *args, **kwargs)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja2's name
        is_range = isinstance(node.node, nodes.Name) and node.node.name == "range"
        if not is_range or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise _broken("only range() can be called; use a filter", node.lineno)
        return self.generic_visit(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        if node.name not in _public_filters() or node.node is None:
            hint = f"There are: {', '.join(sorted(_public_filters()))}."
            raise _broken(f"there is no filter {node.name!r}", node.lineno, hint)
        return self._without_stars(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        if node.name not in _TESTS:
            raise _broken(f"there is no test {node.name!r}", node.lineno)
        return self._without_stars(node)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.recursive:
            raise _broken("a loop cannot be recursive", node.lineno)
        self.generic_visit(node)
        node.iter = _filtered(node.iter, "_rounds")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "_concat")

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, "_flat")

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return node if node.ctx == "store" else _filtered(node, "_flat")

    def _without_stars(self, node: nodes.Filter | nodes.Test) -> nodes.Node:
        if node.dyn_args or node.dyn_kwargs:
            raise _broken("* and ** are not possible here", node.lineno)
        return self.generic_visit(node)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


@lru_cache(maxsize=1)
def _public_filters() -> frozenset[str]:
    return frozenset(name for name in _Sandbox().filters if not name.startswith("_"))


def _parse(text: str) -> nodes.Template:
    if len(text) > MAX_SOURCE:
        raise _broken(f"the template is longer than {MAX_SOURCE:,} characters")
    try:
        return _Sandbox().parse(text)
    except TemplateSyntaxError as error:
        raise _broken(error.message or "syntax", error.lineno) from None
    except (RecursionError, ValueError):
        raise _broken("the template is nested too deep") from None


@lru_cache(maxsize=256)
def _compile(text: str) -> CodeType:
    tree = _parse(text)
    try:
        _Guard().visit(tree)
        tree.set_environment(environment := _Sandbox())
        return environment.compile(tree, filename=_FILE_NAME)
    except TemplateSyntaxError as error:
        raise _broken(error.message or "syntax", error.lineno) from None
    except (RecursionError, SyntaxError, MemoryError, ValueError):
        raise _broken("the template is nested too deep") from None


def _broken(reason: str, line: int | None = None, hint: str | None = None) -> FileInvalid:
    return FileInvalid(f"The template is broken: {reason}.", line=line, hint=hint)


def _reason(error: Exception) -> str:
    if isinstance(error, TemplateError):
        return (error.message or "error").rstrip(".")
    return f"{type(error).__name__}: {error}"[:200]


def _line_of(error: BaseException) -> int | None:
    """Return the line of the template that raised: Jinja2 writes it into the traceback."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MAX_OUTPUT:
            raise _broken(f"the text is longer than {MAX_OUTPUT:,} characters")
        yield piece


def _short_enough(text: str) -> str:
    if len(text) > MAX_OUTPUT:
        raise _broken(f"a text is longer than {MAX_OUTPUT:,} characters")
    return text


def _printed(value: Any) -> str:
    """Return a plain value as text; lists and the like do not print."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, str | int | float | Decimal | Undefined):
        return str(value)
    raise _broken(f"a {type(value).__name__} does not print; use |join, or a loop")


def _flat(items: Any) -> Any:
    for item in items:
        if not isinstance(item, str | int | float | Decimal | datetime | None):
            raise _broken("a list holds plain values only")
    return items


def _decimal(value: float | Decimal | str) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _number(value: Any) -> Decimal:
    try:
        return Number(value) if isinstance(value, str) else _decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise _broken(f"{_printed(value)[:40]!r} is no number") from None


def _join(value: Any, separator: str = "", attribute: str | None = None) -> str:
    items = value if attribute is None else (item[attribute] for item in value)
    pieces, length = [], 0
    for item in items:
        piece = _printed(item)
        length += len(piece) + len(separator)
        if length > MAX_OUTPUT + len(separator):
            raise _broken(f"a text is longer than {MAX_OUTPUT:,} characters")
        pieces.append(piece)
    return separator.join(pieces)


def _replace(value: Any, old: str, new: str) -> str:
    text = _printed(value)
    if len(text) + text.count(old) * len(new) > MAX_OUTPUT:
        raise _broken(f"a text is longer than {MAX_OUTPUT:,} characters")
    return text.replace(old, new)


def _round(value: Any, places: int = 0) -> Decimal:
    if not -30 <= places <= 30:
        raise _broken("round takes -30 to 30 places")
    rounded = _number(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return Decimal(format(rounded, "f"))


def _sum(value: Any, attribute: str | None = None) -> Decimal:
    items = value if attribute is None else (item[attribute] for item in value)
    return sum((_number(item) for item in items if item is not None), Decimal(0))


def _date(value: Any, pattern: str = "%Y-%m-%d %H:%M") -> str:
    if not isinstance(value, datetime):
        raise _broken("date takes a time, such as `at`")
    return value.strftime(pattern)
