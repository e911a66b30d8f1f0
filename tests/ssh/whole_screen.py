"""A program of the whole terminal for the farm's machines: says its size, echoes keys, ends with `q`."""

from __future__ import annotations

import curses


def main(screen: curses.window) -> None:
    """Draw again after every key and every change of the size."""
    typed = ""
    curses.curs_set(0)
    screen.timeout(
        100
    )  # a size that changes just before ncurses waits for a key is seen by the next look only
    while True:
        rows, columns = screen.getmaxyx()
        screen.erase()
        screen.border()
        screen.addstr(1, 2, f"whole screen of {columns} by {rows}", curses.A_REVERSE)
        screen.addstr(rows - 2, 2, f"typed: {typed}")
        screen.refresh()
        key = screen.getch()
        if key == ord("q"):
            return
        if key not in {curses.KEY_RESIZE, curses.ERR}:
            typed += chr(key)


if __name__ == "__main__":
    curses.wrapper(main)
