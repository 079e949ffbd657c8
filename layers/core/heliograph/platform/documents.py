"""YAML and JSON files that people write, read without re-typing what stands in them."""

from __future__ import annotations

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


def read_verbatim(path: Path, *, what: str) -> Any:
    """Return the mappings and lists of a YAML or JSON file, with every scalar as its own text.

    ``1.10`` stays ``"1.10"`` and ``2026-01-31`` is no date; only null is None. Raises `FileInvalid`
    with line and column for a file that is not well formed.
    """
    import yaml  # noqa: PLC0415

    class VerbatimLoader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012
            first: [(tag, pattern) for tag, pattern in resolvers if tag == _NULL]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    text = read_text(path, what=what)
    try:
        return yaml.load(text, VerbatimLoader)  # noqa: S506  # a SafeLoader with fewer types
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise FileInvalid(
            f"The {what} {path} is not well formed: {error.problem}.",
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from None
    except yaml.YAMLError:
        raise FileInvalid(f"The {what} {path} holds characters that YAML does not allow.") from None


_NULL = "tag:yaml.org,2002:null"
