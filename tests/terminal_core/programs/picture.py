"""A curses program that uses what curses can do: windows, lines, colours, scrolling, wide characters, insertion.

It draws a picture, waits for a key, draws the next and ends after the last.
"""

from __future__ import annotations

import curses
import locale


def boxes(screen: curses.window) -> None:
    """Frames in every colour, one over another, with titles and looks."""
    screen.erase()
    screen.bkgd(" ", curses.color_pair(0))
    for index in range(1, 8):
        window = curses.newwin(6, 24, 1 + 2 * index, 3 * index)
        window.attrset(curses.color_pair(index))
        window.box()
        window.addstr(0, 2, f" {index} ", curses.A_REVERSE)
        window.addstr(2, 2, "bold", curses.color_pair(index) | curses.A_BOLD)
        window.addstr(3, 2, "under", curses.color_pair(index) | curses.A_UNDERLINE)
        window.addstr(4, 2, "dim", curses.color_pair(index) | curses.A_DIM)
        window.noutrefresh()
    curses.doupdate()


def colours(screen: curses.window) -> None:
    """All 256 colours as backgrounds."""
    screen.erase()
    rows, columns = screen.getmaxyx()
    for colour in range(256):
        curses.init_pair(20 + colour, 15 if colour < 128 else 0, colour)
        y, x = divmod(colour * 4, columns - columns % 4)
        if y < rows:
            screen.addstr(y, x, f"{colour:4d}"[: columns - x - 1], curses.color_pair(20 + colour))
    screen.refresh()


def scrolling(screen: curses.window) -> None:
    """A window that scrolls within the screen, and lines put in and taken out."""
    screen.erase()
    rows, columns = screen.getmaxyx()
    window = curses.newwin(rows - 8, columns - 10, 4, 5)
    window.scrollok(True)
    window.idlok(True)
    window.setscrreg(2, rows - 11)
    screen.hline(2, 0, curses.ACS_HLINE, columns - 1)
    screen.noutrefresh()
    for index in range(rows * 2):
        window.addstr(rows - 11, 0, f"line {index} " + "=" * (index % 20), curses.color_pair(index % 7 + 1))
        window.scroll(1)
        window.refresh()
    window.move(3, 0)
    window.insertln()
    window.addstr(3, 0, "put in between")
    window.refresh()
    window.move(5, 0)
    window.deleteln()
    window.refresh()


def texts(screen: curses.window) -> None:
    """Wide characters, accents, insertion and deletion within a line, a background that is kept."""
    screen.bkgd(" ", curses.color_pair(4) | curses.A_REVERSE)
    screen.erase()
    lines = (
        "plain ascii",
        "日本語テキスト",
        "Ελληνικά",
        "naïve façade",
        "한국어 텍스트",
        "e\u0301 a\u0308 o\u0302",
    )
    for y, text in enumerate(lines):
        screen.addstr(1 + y, 2, text)
    screen.refresh()
    for y in range(len(lines)):
        screen.insstr(1 + y, 2, "<in>")
        screen.refresh()
    screen.delch(1, 3)
    screen.move(10, 0)
    screen.clrtoeol()
    screen.addch(10, 3, curses.ACS_DIAMOND)
    screen.addch(10, 5, curses.ACS_CKBOARD)
    screen.addch(10, 7, curses.ACS_PLMINUS)
    screen.refresh()


def main(screen: curses.window) -> None:
    """One picture after the other."""
    curses.start_color()
    curses.use_default_colors()
    for index in range(1, 8):
        curses.init_pair(index, index, -1)
    for picture in (boxes, colours, scrolling, texts):
        picture(screen)
        screen.getch()


if __name__ == "__main__":
    locale.setlocale(locale.LC_ALL, "")
    curses.wrapper(main)
