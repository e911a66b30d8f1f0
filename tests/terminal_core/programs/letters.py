# ruff: noqa: RUF001  # letters that look like others are what this is about
"""A table of scripts and symbols, then wide characters at every edge."""

import sys

TABLE = (
    ("Latin", "ÀÉÎÕÜ ßæøå ŁżŹ naïve"),
    ("combining", "e\u0301 n\u0303 o\u0302\u0323 Z\u0335\u0327 क\u094d"),
    ("Greek", "Ελληνικά ἀρχή"),
    ("Cyrillic", "Съешь же ещё"),
    ("Hebrew", "שלום"),
    ("Arabic", "سلام"),
    ("CJK", "日本語 漢字 かな 한국어"),
    ("fullwidth", "ＡＢＣ １２３"),
    ("halfwidth", "ｱｲｳ ﾊﾝｶｸ"),
    ("emoji", "😀 🚀 🎉 🐍 🍣"),
    ("symbols", "● ◐ ○ ✔ ✖ ▲ → ← ⇒ ∀ ∑ √"),
    ("box", "┌─┬─┐ ╔═╦═╗ ┣━╋━┫"),
    ("blocks", "▁▂▃▄▅▆▇█ ░▒▓ ▌▐"),
    ("braille", "⠁⠃⠇⡇⣇⣧⣷⣿"),
    ("powerline", "\ue0b0\ue0b2\uf113"),
    ("ambiguous", "± × ÷ § ¶ ° … — “”"),
    ("math", "𝒜𝓑 𝟙𝟚"),
)


def wait() -> None:
    """For a key."""
    sys.stdout.flush()
    sys.stdin.readline()


def main() -> None:
    """Two screens."""
    write = sys.stdout.write
    write("\x1b[1;4mUnicode\x1b[0m\r\n")
    for name, text in TABLE:
        write(f"\x1b[33m{name:<12}\x1b[0m|\x1b[44m{text}\x1b[0m|\x1b[60Gx\r\n")
    wait()
    write("\x1b[H\x1b[2J")
    for index in range(60):
        write("日本語テキストが右端で折り返す" if index % 3 else "e\u0301a\u0308 wrapped combining ")
    write("\r\n")
    for column in (1, 2, 3):
        write(f"\x1b[20;1H漢字漢字漢字\x1b[20;{column}Hx")
        write(f"\x1b[21;1H漢字漢字漢字\x1b[21;{column}H\x1b[2P")
        write(f"\x1b[22;1H漢字漢字\x1b[22;{column}H\x1b[1@")
    wait()


if __name__ == "__main__":
    main()
