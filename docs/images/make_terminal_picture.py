"""Draw docs/images/terminal.svg from what the commands really print.

    export HELIOGRAPH_DATABASE_URL="$(.venv/bin/heliograph demo url)"
    .venv/bin/python docs/images/make_terminal_picture.py

Each command runs in a pseudo-terminal, so that it prints what a person sees, colours included.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from html import escape
from pathlib import Path

COMMANDS = (
    "heliograph doctor",
    'heliograph query "select * from top_products({{days}}, 5)" -p days=30 --format table',
    "heliograph query \"select * from customers where city = 'Berlin'\" --output berlin.xlsx",
)
COLUMNS = 96
TARGET = Path(__file__).with_name("terminal.svg")

CELL, LINE, SIZE, MARGIN, BAR = 8.4, 20, 14, 22, 40
COLOURS = {"text": "#d7dce5", "32": "#7ee0a2", "33": "#f2cc60", "31": "#ff7b72", "2": "#78839a"}
_STYLE = re.compile(r"\x1b\[([0-9;]*)m")
_OTHER_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]")


def run_in_terminal(command: str, folder: str) -> str:
    """Return what a command, run in ``folder``, prints to a terminal of `COLUMNS` columns."""
    arguments = shlex.split(command)
    program = Path(sys.executable).with_name(arguments[0])
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    done = subprocess.Popen(  # noqa: S603  # the commands stand above
        [program, *arguments[1:]],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        cwd=folder,
    )
    os.close(slave)
    output = b""
    while True:
        try:
            piece = os.read(master, 65_536)
        except OSError:  # Linux says so when the last writer has closed
            break
        if not piece:
            break
        output += piece
    os.close(master)
    if done.wait() != 0:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{output.decode()}")
    return _OTHER_SEQUENCE.sub("", output.decode()).replace("\r\n", "\n").rstrip("\n")


def runs(line: str) -> Iterator[tuple[int, str, str]]:
    """Yield the pieces of a line: the column, the style (SGR codes), the text."""
    column, style, position = 0, "", 0
    for match in [*_STYLE.finditer(line), None]:
        text = line[position : match.start() if match else None]
        if text:
            yield column, style, text
            column += len(text)
        if match:
            style, position = match[1].removeprefix("0"), match.end()


def draw_line(line: str, y: float) -> str:
    """Return a line as SVG, each word at its own column: any monospace font will do."""
    drawn = []
    for column, style, text in runs(line):
        codes = style.split(";")
        colour = next((COLOURS[code] for code in codes if code in COLOURS), COLOURS["text"])
        weight = ' font-weight="700"' if "1" in codes else ""
        for word in re.finditer(r"\S+(?: \S+)*", text):
            x = MARGIN + (column + word.start()) * CELL
            drawn.append(
                f'<text x="{x:.1f}" y="{y}" fill="{colour}"{weight} '
                f'textLength="{len(word[0]) * CELL:.1f}">{escape(word[0])}</text>'
            )
    return "".join(drawn)


def draw(lines: list[str]) -> str:
    """Return the picture: a window that stands out on a light page and on a dark one."""
    width = round(2 * MARGIN + COLUMNS * CELL)
    height = BAR + len(lines) * LINE + MARGIN
    dots = "".join(
        f'<circle cx="{24 + 20 * n}" cy="20" r="6" fill="{colour}"/>'
        for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    body = "\n".join(
        drawn for n, line in enumerate(lines) if (drawn := draw_line(line, BAR + 14 + n * LINE))
    )
    font = (
        "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="Heliograph in a terminal" '
        f'font-family="{font}" font-size="{SIZE}" xml:space="preserve">\n'
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="10" fill="#161b24" '
        f'stroke="#5b667a" stroke-opacity=".55"/>\n{dots}\n{body}\n</svg>\n'
    )


def main() -> None:
    """Run the commands and write the picture."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            prompt = f"\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m"
            lines += [prompt, *run_in_terminal(command, folder).split("\n"), ""]
    TARGET.write_text(draw(lines[:-1]))


if __name__ == "__main__":
    main()
