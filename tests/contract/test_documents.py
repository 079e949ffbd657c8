"""What the documents say is true of the program."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.support.repository import ROOT, documents

from heliograph.cli import _EXIT_CODES
from heliograph.cli.parser import build_parser, parse_arguments
from heliograph.kernel.errors import UsageError
from heliograph.queries.encoders.registry import ENCODERS

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
SUBSTITUTION = re.compile(r"\$\((heliograph [^()]*)\)")


def without_fences(text: str) -> str:
    return FENCE.sub("", text)


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", without_fences(path.read_text()), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings
    }


def shell_commands(text: str) -> Iterator[list[str]]:
    """Yield the simple commands of a shell script, word by word, substitutions among them."""
    for inner in SUBSTITUTION.findall(text):
        yield shlex.split(inner)
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.split("\n") if not line.lstrip().startswith("#")]
    lexer = shlex.shlex("\n".join(lines), posix=True, punctuation_chars=";|&<>()\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    is_over = False
    for token in lexer:
        if token.strip(";|&<>()\n") == "":
            if set(token) <= {"<", ">", "&"} and "\n" not in token and token not in ("&&", "&"):
                if words and words[-1].isdigit():
                    words.pop()  # the 2 of 2>file
                is_over = True  # what follows is a file's name
                continue
            yield words
            words, is_over = [], False
        elif token.startswith("#"):
            is_over = True
        elif not is_over:
            words.append(token)
    yield words


def told_commands(path: Path) -> Iterator[list[str]]:
    """Yield the commands in a document's ``sh`` blocks, without a prompt or variables before."""
    for _, language, body in FENCE.findall(path.read_text()):
        if language == "sh":
            for words in shell_commands(body):
                while words and (words[0] == "$" or re.match(r"[A-Za-z_]+=", words[0])):
                    words = words[1:]  # noqa: PLW2901
                if words:
                    yield words


def subparsers(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            return dict(action.choices)
    return {}


HELIOGRAPH = [
    pytest.param(words, id=f"{path.relative_to(ROOT)}: {' '.join(words)[:60]}")
    for path in documents()
    for words in told_commands(path)
    if words[0].rpartition("/")[2] == "heliograph"
]


def test_the_first_screen_of_the_readme_starts_the_product_and_its_tests() -> None:
    screen = (ROOT / "README.md").read_text().splitlines()[:40]
    commands = [line.split("#")[0].strip() for line in screen]
    assert "make up" in commands
    assert "make test" in commands


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    broken = []
    for match in LINK.finditer(without_fences(path.read_text())):
        if re.match(r"[a-z]+:", match["target"]):
            continue
        name, _, anchor = unquote(match["target"]).partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(match["target"])
    assert broken == []


@pytest.mark.parametrize("words", HELIOGRAPH)
def test_every_command_that_is_shown_can_be_parsed(words: list[str]) -> None:
    parse_arguments(words[1:])


def test_commands_are_found_where_they_are_shown() -> None:
    assert len(HELIOGRAPH) > 25
    told = {words[1] for parameter in HELIOGRAPH for words in parameter.values}
    assert told >= subparsers(build_parser()).keys()


def test_a_command_that_is_wrong_would_be_noticed() -> None:
    script = (
        'A=1 heliograph query "select 1\nfrom t" \\\n  --formt csv 2>x | head && heliograph demo up'
    )
    wrong = [
        words[words.index("heliograph") + 1 :]
        for words in shell_commands(script)
        if "heliograph" in words
    ]
    assert wrong == [["query", "select 1\nfrom t", "--formt", "csv"], ["demo", "up"]]
    for arguments in wrong:
        with pytest.raises(UsageError):
            parse_arguments(arguments)


def test_the_index_leads_to_every_document() -> None:
    index = ROOT / "docs/README.md"
    linked = {(index.parent / m["target"]).resolve() for m in LINK.finditer(index.read_text())}
    pages = {path for path in documents() if path.is_relative_to(ROOT / "docs")} - {index}
    assert [path.relative_to(ROOT).as_posix() for path in sorted(pages - linked)] == []


def test_contributing_lists_the_rooms_in_the_order_that_is_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c["layers"] for c in contracts["contracts"] if c["type"] == "layers")
    rooms = re.findall(r"^\| `(\w+)/` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert rooms == [layer.removeprefix("heliograph.") for layer in layers]


def make_targets() -> dict[str, str]:
    """Return the targets of the Makefile with what `make help` says of them."""
    text = (ROOT / "Makefile").read_text()
    phony = {
        name for line in re.findall(r"^\.PHONY:(.*)$", text, re.MULTILINE) for name in line.split()
    }
    helped = dict(re.findall(r"^([a-z-]+):.*?## (.+)$", text, re.MULTILINE))
    return {name: helped.get(name, "") for name in phony}


def test_make_help_lists_every_target() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory", "-C", str(ROOT), "help"], capture_output=True, check=True
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", listed.stdout.decode())
    shown = dict(re.findall(r"^  ([a-z-]+) +(\S.*)$", plain, re.MULTILINE))
    assert shown == make_targets()
    assert "" not in shown.values()


def test_every_make_target_that_is_mentioned_exists() -> None:
    missing = {}
    for path in documents():
        text = path.read_text()
        told = re.findall(r"`make ([a-z][a-z-]*)", without_fences(text))
        told += [words[1] for words in told_commands(path) if words[0] == "make" and words[1:]]
        if absent := {name for name in told if "=" not in name} - make_targets().keys():
            missing[path.name] = absent
    assert missing == {}


def section(path: str, heading: str) -> str:
    text = (ROOT / path).read_text()
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{path} has no section {heading}"
    return found[1]


def first_cells(table: str) -> list[str]:
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
    return rows[1:]


def test_the_reference_lists_exactly_the_options_of_query() -> None:
    cells = first_cells(section("docs/reference/query.md", "Options"))
    told = {name for cell in cells for name in re.findall(r"(?<!\w)--?[a-z][a-z-]*", cell)}
    query = subparsers(build_parser())["query"]
    real = {name for action in query._actions for name in action.option_strings}
    assert told == real - {"-h", "--help"}


def test_the_reference_lists_exactly_the_formats() -> None:
    cells = first_cells(section("docs/reference/query.md", "Formats"))
    assert [re.findall(r"`(\w+)`", cell)[0] for cell in cells] == list(ENCODERS)
    text = (ROOT / "docs/reference/formats.md").read_text()
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == list(ENCODERS)


def test_the_reference_lists_exactly_the_exit_codes() -> None:
    cells = first_cells(section("docs/reference/query.md", "Exit codes"))
    assert set(map(int, cells)) == {0, 1, *(code for _, code in _EXIT_CODES)}
