"""Control sequences, each with the screen that it must make: from ECMA-48 and xterm's ctlseqs, our own examples.

A screen has ten columns and five rows; `rows` are the first ones, without blanks at their ends.
"""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS, ROWS = 10, 5


@dataclass(frozen=True, slots=True)
class Check:
    """Bytes, the rows they make and where the cursor is. `tmux`: why tmux 3.3a shows something else."""

    name: str
    data: str
    rows: tuple[str, ...]
    cursor: tuple[int, int]
    tmux: str = ""


def _lines(count: int = ROWS) -> str:
    return "\r\n".join(str(index) * 3 for index in range(1, count + 1))


_FIVE = _lines()
_AB = "abcdefghij"

CHECKS = (
    Check("text", "hello", ("hello",), (5, 0)),
    Check("cr lf", "ab\r\ncd\nef", ("ab", "cd", "  ef"), (4, 2)),
    Check("vt and ff as lf", "a\x0bb\x0cc", ("a", " b", "  c"), (3, 2)),
    Check("bs", "abc\b\bX", ("aXc",), (2, 0)),
    Check("bs stops at the edge", "a\b\b\bX", ("X",), (1, 0)),
    Check("ht", "\tX", ("        X",), (9, 0)),
    Check("ht stops at the last column", "\t\t\tX", ("         X",), (9, 0)),
    Check("hts and tbc", "\x1b[3g\x1b[4G\x1bH\r\tX", ("   X",), (4, 0)),
    Check("cht", "\x1b[3g\x1b[3G\x1bH\x1b[6G\x1bH\r\x1b[2IX", ("     X",), (6, 0), tmux="CHT is not known to it"),
    Check("cbt", "123456789\x1b[ZX", ("12345678X",), (9, 0)),
    Check("autowrap", _AB + "kl", (_AB, "kl"), (2, 1)),
    Check("wrap waits", _AB + "\rX", ("Xbcdefghij",), (1, 0)),
    Check("wrap waits with lf", _AB + "\nX", (_AB, "         X"), (9, 1), tmux="its wrap still waits after LF"),
    Check("no autowrap", "\x1b[?7l" + _AB + "klm", ("abcdefghim",), (9, 0)),
    Check("bs after the last column", _AB + "\bX", ("abcdefghXj",), (9, 0), tmux="a waiting wrap is a column to it"),
    Check("scroll", _FIVE + "\r\n666", ("222", "333", "444", "555", "666"), (3, 4)),
    Check("ri scrolls down", _FIVE + "\x1b[H\x1bM0", ("0", "111", "222", "333", "444"), (1, 0)),
    Check("ind and nel", "ab\x1bDcd\x1bEef", ("ab", "  cd", "ef"), (2, 2)),
    Check("cup", "\x1b[3;4HX", ("", "", "   X"), (4, 2)),
    Check("cup beyond", "\x1b[99;99HX", ("", "", "", "", "         X"), (9, 4)),
    Check("cup of zeros", "abc\x1b[0;0HX", ("Xbc",), (1, 0)),
    Check("hvp", "\x1b[2;3fX", ("", "  X"), (3, 1)),
    Check("cuu cud cuf cub", "\x1b[3;3H\x1b[2AA\x1b[2B\x1b[2CB\x1b[3DC", ("  A", "", "   C B"), (4, 2)),
    Check("moves stop at the edges", "\x1b[99A\x1b[99D\x1b[99B\x1b[99CX", ("", "", "", "", "         X"), (9, 4)),
    Check("cnl cpl", "\x1b[2;4H\x1b[2EA\x1b[3FB", ("B", "", "", "A"), (1, 0)),
    Check("cha hpa vpa", "\x1b[3GA\x1b[6`B\x1b[3dC", ("  A  B", "", "      C"), (7, 2)),
    Check("hpr vpr", "a\x1b[2aX\x1b[2eY", ("a  X", "", "    Y"), (5, 2), tmux="HPR and VPR are not known to it"),
    Check("save and restore", "ab\x1b7\x1b[3;3HX\x1b8Y", ("abY", "", "  X"), (3, 0)),
    Check("sco save and restore", "ab\x1b[s\x1b[3;3HX\x1b[uY", ("abY", "", "  X"), (3, 0)),
    Check("el", _AB + "\x1b[5G\x1b[K", ("abcd",), (4, 0)),
    Check("el to the start", _AB + "\x1b[5G\x1b[1K", ("     fghij",), (4, 0)),
    Check("el all", _AB + "\x1b[5G\x1b[2K", ("",), (4, 0)),
    Check("el after the last column", _AB + "\x1b[K", (_AB,), (9, 0)),
    Check("ed below", _FIVE + "\x1b[3;2H\x1b[J", ("111", "222", "3"), (1, 2)),
    Check("ed above", _FIVE + "\x1b[3;2H\x1b[1J", ("", "", "  3", "444", "555"), (1, 2)),
    Check("ed all", _FIVE + "\x1b[3;2H\x1b[2J", ("",), (1, 2)),
    Check("ech", _AB + "\x1b[3G\x1b[4X", ("ab    ghij",), (2, 0)),
    Check("ich", _AB + "\x1b[3G\x1b[2@XY", ("abXYcdefgh",), (4, 0)),
    Check("dch", _AB + "\x1b[3G\x1b[3P", ("abfghij",), (2, 0)),
    Check("insert mode", "abc\r\x1b[4hXY\x1b[4lZ", ("XYZbc",), (3, 0)),
    Check("il", _FIVE + "\x1b[2;3H\x1b[2LX", ("111", "X", "", "222", "333"), (1, 1),
          tmux="the cursor stays in its column"),
    Check("dl", _FIVE + "\x1b[2;3H\x1b[2MX", ("111", "X44", "555"), (1, 1), tmux="the cursor stays in its column"),
    Check("su", _FIVE + "\x1b[2S", ("333", "444", "555"), (3, 4)),
    Check("sd", _FIVE + "\x1b[2T", ("", "", "111", "222", "333"), (3, 4)),
    Check("region scrolls", _FIVE + "\x1b[2;4r\x1b[4;1H\nX", ("111", "333", "444", "X", "555"), (1, 3)),
    Check("region scrolls down", _FIVE + "\x1b[2;4r\x1b[2;1H\x1bMX", ("111", "X", "222", "333", "555"), (1, 1)),
    Check("region and il", _FIVE + "\x1b[2;4r\x1b[3;1H\x1b[LX", ("111", "222", "X", "333", "555"), (1, 2)),
    Check("region and dl", _FIVE + "\x1b[2;4r\x1b[2;1H\x1b[M", ("111", "333", "444", "", "555"), (0, 1)),
    Check("lf below the region", _FIVE + "\x1b[1;3r\x1b[5;1H\nX", ("111", "222", "333", "444", "X55"), (1, 4)),
    Check("il outside the region", _FIVE + "\x1b[1;2r\x1b[4;1H\x1b[L", ("111", "222", "333", "444", "555"), (0, 3),
          tmux="it inserts outside the region, too"),
    Check("region homes", "ab\x1b[2;3rX", ("Xb",), (1, 0)),
    Check("region of one line is none", _FIVE + "\x1b[3;3r\x1b[5;1H\nX", ("222", "333", "444", "555", "X"), (1, 4)),
    Check("origin mode", "\x1b[2;4r\x1b[?6h\x1b[1;1HA\x1b[9;1HB", ("", "A", "", "B"), (1, 3)),
    Check("origin mode ends", "\x1b[2;4r\x1b[?6h\x1b[?6lA", ("A",), (1, 0)),
    Check("rep", "a\x1b[3b", ("aaaa",), (4, 0)),
    Check("rep ends with the line", "a\x1b[99999999bX", ("aaaaaaaaaa", "X"), (1, 1)),
    Check("rep of nothing", "a\r\x1b[3b", ("a",), (0, 0)),
    Check("decaln", "\x1b#8", ("EEEEEEEEEE",) * 5, (0, 0)),
    Check("ris", _FIVE + "\x1b[2;3r\x1b[?6h\x1bcX", ("X",), (1, 0)),
    Check("decstr", "\x1b[2;3r\x1b[?6h\x1b[4h\x1b[!p\x1b[5;1HX", ("", "", "", "", "X"), (1, 4),
          tmux="DECSTR leaves its origin mode on"),
    Check("graphics", "\x1b(0lqk\x1b(Bx", ("┌─┐x",), (4, 0)),
    Check("graphics by so and si", "\x1b)0\x0elqk\x0fx", ("┌─┐x",), (4, 0)),
    Check("single shift", "\x1b*0\x1bNqq", ("─q",), (2, 0), tmux="single shifts are not known to it"),
    Check("alternate screen", "main\x1b[?1049hother\x1b[?1049lX", ("mainX",), (5, 0)),
    Check("alternate screen is empty", "\x1b[?1049hold\x1b[?1049l\x1b[?1049h", ("",), (0, 0)),
    Check("alternate screen 47", "main\x1b[?47h\x1b[Hother\x1b[?47l", ("main",), (5, 0)),
    Check("cursor of 1048", "ab\x1b[?1048h\x1b[3;3H\x1b[?1048lX", ("abX",), (3, 0), tmux="1048 is not known to it"),
    Check("newline mode", "ab\x1b[20h\ncd", ("ab", "cd"), (2, 1), tmux="newline mode is not known to it"),
    Check("wide", "日本x", ("日本x",), (5, 0)),
    Check("wide at the edge", "abcdefghi日", ("abcdefghi", "日"), (2, 1)),
    Check("wide cut by a narrow one", "日本\x1b[2GX", (" X本",), (2, 0), tmux="it leaves both in the row, overlapping"),
    Check("wide cut at its head", "日本\x1b[1GX", ("X 本",), (1, 0)),
    Check("wide cut by a wide one", "日本\x1b[2G語", (" 語",), (3, 0)),
    Check("wide and dch", "日本語\x1b[2G\x1b[P", (" 本語",), (1, 0), tmux="it takes out half a character only"),
    Check("wide and ech", "日本語\x1b[2G\x1b[2X", ("    語",), (1, 0), tmux="it leaves half a character"),
    Check("wide and ich falls off", "日本語日本\x1b[G\x1b[@", (" 日本語日",), (0, 0),
          tmux="it leaves half a character"),
    Check("combining", "e\u0301x", ("e\u0301x",), (2, 0)),
    Check("combining after wide", "日\u0301x", ("日\u0301x",), (3, 0)),
    Check("combining in the last column", "abcdefghij\u0301k", ("abcdefghij\u0301", "k"), (1, 1)),
    Check("combining at the start", "\u0301x", ("x",), (1, 0)),
    Check("combining after a move", "ab\x1b[2G\u0301", ("a\u0301b",), (1, 0)),
    Check("control inside a sequence", "abc\x1b[\r2CX", ("abX",), (3, 0)),
    Check("can ends a sequence", "\x1b[3\x18X", ("X",), (1, 0)),
    Check("sub ends a sequence", "\x1b[3\x1aX", ("X",), (1, 0)),
    Check("esc begins anew", "\x1b[3\x1b[2CX", ("  X",), (3, 0)),
    Check("esc esc", "\x1b\x1b[2CX", ("  X",), (3, 0)),
    Check("unknown sequences", "\x1b[?2X\x1b[5;5z\x1b[>1q\x1b%Ga", ("a",), (1, 0)),
    Check("malformed sequence", "\x1b[1 2CX", ("X",), (1, 0)),
    Check("too many parameters", "\x1b[" + "1;" * 40 + "5HX", ("X",), (1, 0)),
    Check("osc ends with bel", "\x1b]2;title\x07X", ("X",), (1, 0)),
    Check("osc ends with st", "\x1b]2;title\x1b\\X", ("X",), (1, 0)),
    Check("osc is aborted", "\x1b]2;title\x18X", ("X",), (1, 0)),
    Check("dcs apc pm sos show nothing", "\x1bPdcs\x1b\\\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\X", ("X",), (1, 0)),
    Check("dcs with bel inside", "\x1bP1;2|ab\x07cd\x1b\\X", ("X",), (1, 0)),
    Check("c1 controls of utf-8", "a\u009b2Cb", ("a2Cb",), (4, 0)),
    Check("nul and del", "a\x00b\x7fc", ("abc",), (3, 0)),
)  # fmt: skip
