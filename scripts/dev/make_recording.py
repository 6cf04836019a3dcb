"""Record a command on a pseudo-terminal and write docs/images/up.svg.

    python scripts/dev/make_recording.py [--folder DIR] [--output FILE] COMMAND [ARGUMENT...]

The picture shows the output of a real run: each state of the screen in turn with shortened waits, or only the last
screen in viewers without animation. It contains no script and loads no other resources.
"""

from __future__ import annotations

import argparse
import codecs
import fcntl
import inspect
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

IMAGE = Path(__file__).resolve().parents[2] / "docs" / "images" / "up.svg"
COLUMNS, ROWS = 100, 30
SIZE_LIMIT = 60_000
SHORTEST_S, LONGEST_S = 0.15, 0.8  # duration of one state of the screen
SECONDS = re.compile(r"\d+ s\b")
SPINNER = re.compile("[\u2800-\u28ff]")
TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b.|[\r\n\b]|[^\x1b\r\n\b]+", re.DOTALL)
ROW = re.compile(r"<text [^>]*#run-line-(\d+)\)[^>]*>[^<]*</text>")
PLAIN_CLASS = "run-r1"  # rich's class for text without a style


@dataclass
class Screen:
    """Minimal terminal emulator for the progress output of a command."""

    lines: list[list[tuple[str, str]]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    style: str = ""

    def feed(self, text: str) -> None:
        """Process output of the command."""
        for match in TOKEN.finditer(text):
            if match[2]:
                self._handle_control(match[1], match[2])
            elif match[0] == "\n":
                self._line_feed()
            elif match[0] == "\r":
                self.column = 0
            elif match[0] == "\b":
                self.column = max(0, self.column - 1)
            elif not match[0].startswith("\x1b"):
                for character in match[0]:
                    self._write(character)

    def plain(self) -> tuple[str, ...]:
        """Return the lines without styles and without trailing blank lines."""
        lines = ["".join(character for character, _ in line).rstrip() for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return tuple(lines)

    def styled(self) -> Iterator[Text]:
        """Yield the lines with their styles."""
        for line in self.lines[: len(self.plain())]:
            yield Text.from_ansi("".join(f"{style}{character}\x1b[0m" for character, style in line))

    def _write(self, character: str) -> None:
        if self.column == COLUMNS:
            self.column = 0
            self._line_feed()
        line = self.lines[self.row]
        line += [(" ", "")] * (self.column + 1 - len(line))
        line[self.column] = (character, self.style)
        self.column += 1

    def _line_feed(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append([])

    def _handle_control(self, parameters: str, final: str) -> None:
        number = int(parameters) if parameters.isdigit() else 1
        match final:
            case "m":
                self.style = "" if parameters in {"", "0"} else f"{self.style}\x1b[{parameters}m"
            case "A":
                self.row = max(0, self.row - number)
            case "G":
                self.column = number - 1
            case "K":
                del self.lines[self.row][0 if parameters == "2" else self.column :]
            case "h" | "l":
                pass  # the cursor is hidden or shown; the picture has no cursor
            case _:
                raise ValueError(f"unsupported control sequence: {parameters}{final}")


def record(argv: Sequence[str], folder: Path) -> tuple[Screen, list[tuple[float, tuple[str, ...]]]]:
    """Run a command on a terminal; return the last screen and each state with its time in seconds."""
    screen = Screen()
    screen.feed(f"$ {' '.join(argv)}\r\n")
    start, states = time.monotonic(), [(0.0, screen.plain())]
    for text in _run(argv, folder):
        screen.feed(text)
        state = tuple(SPINNER.sub("\u2826", line) for line in screen.plain())
        if state != states[-1][1]:
            states.append((time.monotonic() - start, state))
    return screen, states


def without_ticks(states: Sequence[tuple[float, tuple[str, ...]]]) -> list[tuple[float, tuple[str, ...]]]:
    """Drop the states that differ from their neighbors only in a count of seconds."""
    texts = [tuple(SECONDS.sub("", line) for line in lines) for _, lines in states]
    return [
        state
        for index, state in enumerate(states)
        if not 0 < index < len(texts) - 1 or len(set(texts[index - 1 : index + 2])) > 1
    ]


def _run(argv: Sequence[str], folder: Path) -> Iterator[str]:
    # The command must not be a session leader with this as its controlling terminal: the kernel hangs up when the
    # leader exits, and unread output is lost. pty.fork() is not an option because other threads may be running.
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
    with subprocess.Popen(
        argv,
        cwd=folder,
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as command:
        os.close(slave)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with suppress(OSError):  # raised once the command has closed its side
            while chunk := os.read(master, 1 << 16):
                yield decoder.decode(chunk)
        os.close(master)
    if command.returncode:
        raise SystemExit(f"{' '.join(argv)} exited with code {command.returncode}; no picture was written")


def render_svg(screen: Screen, states: Sequence[tuple[float, tuple[str, ...]]], title: str) -> str:
    """Render the picture: the last screen, and above it each earlier state at its time."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, legacy_windows=False)
    for line in screen.styled():
        console.print(line, soft_wrap=True)
    svg = console.export_svg(title=title, unique_id="run", code_format=_without_fonts())
    height = float(re.findall(r'y="([0-9.]+)" textLength', svg)[0])
    line_height = float(re.search(r"line-height: ([0-9.]+)px", svg)[1])  # type: ignore[index]
    durations = [min(max(after - before, SHORTEST_S), LONGEST_S) for (before, _), (after, _) in pairwise(states)]
    starts = [round(sum(durations[:number]), 2) for number in range(len(states))]
    hide_animation = f'<set attributeName="visibility" to="hidden" begin="0s" end="{starts[-1]}s"/>'
    svg = ROW.sub(lambda row: row[0].replace("</text>", f"{hide_animation}</text>"), svg)
    frames = [
        f'<g visibility="hidden">{_frame(lines, height, line_height)}'
        f'<set attributeName="visibility" to="visible" begin="{start}s" end="{end}s"/></g>'
        for (_, lines), (start, end) in zip(states, pairwise(starts), strict=False)
    ]
    head, tail = svg.rsplit("</g>", 2)[0], "</g>".join(["", *svg.rsplit("</g>", 2)[1:]])
    return "\n".join(line.rstrip() for line in (head + "\n".join(frames) + tail).splitlines() if line.strip()) + "\n"


def _frame(lines: Sequence[str], height: float, line_height: float) -> str:
    rows = ((round(height + number * line_height, 1), escape(line)) for number, line in enumerate(lines) if line)
    return "".join(f'<text class="{PLAIN_CLASS}" x="0" y="{y}" xml:space="preserve">{line}</text>' for y, line in rows)


def _without_fonts() -> str:
    """Return rich's SVG template without the web fonts."""
    template: str = inspect.signature(Console.export_svg).parameters["code_format"].default
    return re.sub(r"@font-face \{\{.*?\}\}", "", template, flags=re.DOTALL)


def main() -> None:
    """Record the command and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--output", type=Path, default=IMAGE)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    screen, states = record(args.command, args.folder)
    picture = render_svg(screen, without_ticks(states), title=args.folder.resolve().name)
    if len(picture.encode()) > SIZE_LIMIT:
        raise SystemExit(f"the picture has {len(picture.encode())} bytes; the limit is {SIZE_LIMIT}")
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(picture, "utf-8")
    sys.stdout.write(f"{args.output} written, {len(picture.encode())} bytes\n")


if __name__ == "__main__":
    main()
