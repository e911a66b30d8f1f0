"""Progress as apt shows it: a bar on the last row, kept out of what scrolls by a scroll region. And as pip does."""

import os
import sys

columns, rows = os.get_terminal_size()


def wait() -> None:
    """For a key."""
    sys.stdout.flush()
    sys.stdin.readline()


def bar(part: float) -> str:
    """A bar of the screen's width."""
    width = columns - 20
    done = int(part * width)
    return f"\x1b[42m\x1b[30mProgress: [{part:4.0%}]\x1b[49m\x1b[39m [{'#' * done}{'.' * (width - done)}] "


def main() -> None:
    """Lines, a bar, lines above it, and the bar again away."""
    write = sys.stdout.write
    write("\x1b[1mReading package lists...\x1b[0m Done\r\n")
    for index in range(rows - 6):
        address = "https://deb.example.org/debian bookworm/main amd64"
        write(f"Get:{index + 1} {address} package-{index} all 1.{index} [{index * 37} kB]\r\n")
    write(f"\n\x1b7\x1b[0;{rows - 1}r\x1b8\x1b[1A")
    for index in range(41):
        write(f"Unpacking package-{index} (1.{index}) over (1.{index - 1}) ...\r\n")
        write(f"\x1b7\x1b[{rows};0f{bar(index / 40)}\x1b8")
        if index == 20:
            wait()
    write(f"\x1b7\x1b[0;{rows}r\x1b8\x1b[1A\x1b[J")
    for index in range(31):
        write(
            f"\rdownloading {'█' * index}{'░' * (30 - index)} {index / 30:4.0%} {'⠋⠙⠹⠸⠼⠴'[index % 6]} \x1b[K"
        )
    write("\r\nSetting up everything ...\r\n\x1b[32m✔\x1b[0m done\r\n")
    wait()


if __name__ == "__main__":
    main()
