"""Expressions that the evaluator and a real Terraform must agree on, be it a value or a failure."""

from __future__ import annotations

EXPRESSIONS: tuple[str, ...] = tuple(
    line.strip()
    for line in r"""
1 + 2 * 3 - 4
(1 + 2) * 3
-2 - -3
7 / 2
1 / 3 * 3 == 1
7 % 3
-7 % 3
7 % -3
5.5 % 2
1 / 0
1 % 0
2 * 3 > 5
1 < 2 == true
1 <= 1 && 2 >= 2
!true || false
!false && true || false
true && "true"
"1" + 1
"a" + 1
"10" > 9
"1" == 1
1 == 1.0
true == "true"
null == null
null == 1
null + 1
"a" == "a"
"a" != "b"
[1] == 1
[1, 2] != [1, 3]
{ a = 1 } == { a = 2 }
true ? 1 : 2
false ? "a" : "b"
true ? 1 : "b"
true ? true : "b"
true ? 1 : true
true ? null : 1
null ? 1 : 2
true ? "a" : [1]
true ? 1 : (1 / 0)
true ? ["a"] : ["b", "c"]
true ? [] : ["b"]
"${1}"
"a${1}b${true}c"
"${"x"}${2.5}"
"x${null}"
"x${[1]}"
"a\n\t\"\\"
"\u00e9\U0001F600"
"$${x} %%{y} 100% $5"
"a  ${~ "b" ~}  c"
[1, 2, 3][1]
[1, 2, 3][3]
[1, 2, 3][-1]
[1, 2, 3]["1"]
["a"].0
{ a = 1 }.a
{ a = 1 }["a"]
{ a = 1 }["b"]
{ a = 1 }.b
{ "1" = 2 }[1]
{ (upper("a")) = 1 }
{ a : 1, "b c" = 2 }
{ true = 1, null = 2, 5 = 3 }
null[0]
"text"[0]
[for x in [1, 2, 3] : x * 2 if x > 1]
[for k, v in { b = 1, a = 2 } : "${k}=${v}"]
[for i, x in ["a", "b"] : i]
[for x in toset(["b", "a", "b"]) : x]
[for k, v in toset(["b", "a"]) : k == v]
{ for k, v in { a = 1, b = 2 } : v => k }
{ for x in ["a", "b", "a"] : x => 1 }
{ for i, x in ["a", "b", "a"] : x => i... }
[for x in null : x]
[for x in "text" : x]
[for x in [1] : x if null]
[{ a = 1 }, { a = 2 }][*].a
[{ a = { b = 1 } }, { a = { b = 2 } }].*.a.b
[{ a = [1, 2] }, { a = [3, 4] }].*.a[0]
[{ a = [1, 2] }, { a = [3, 4] }][*].a[0]
null[*]
"x"[*]
{ a = 1 }[*].a
can(1 / 0)
can(regex("^a+$", "aaa"))
can(regex("^a+$", "aab"))
try(1 / 0, "b")
try({ a = 1 }.b, { a = 1 }.a, 3)
try(1 / 0)
regex("[a-z]+", "53453453.345345aaabbbccc23454")
regex("(\\d\\d\\d\\d)-(\\d\\d)-(\\d\\d)", "2019-02-01")
regex("^(?:(?P<scheme>[^:/?#]+):)?(?://(?P<authority>[^/?#]*))?", "https://terraform.io/docs/")
regex("(a)|(b)", "b")
regex("(?P<x>a)(b)", "ab")
regex("[[:alpha:]]+", "12ab")
regex("[[:foo:]]", "a")
regex("a$", "a\n")
regex("(?m)a$", "a\n")
regex("\\z", "a")
regex("a(?=b)", "ab")
regex("(a)\\1", "aa")
regex("a++", "aa")
regex("a{1001}", "a")
regex("a{,3}", "a{,3}")
regex("a{2,3}?", "aaaa")
regex("a{2", "a{2")
regex("[]a]+", "a]")
regex("[^]a]+", "a]b")
regex("[a-", "a")
regex("[z-a]", "a")
regex("a\\", "a")
regex("\\q", "q")
regex("\\-\\.\\/", "-./")
regex("(", "a")
regex("*", "a")
regex("\\s+", " \t\u000b")
regex("[\\s\\d]+", "x 1\t2")
regex("[\\w.-]+", "!a-b.c!")
regex("\\bfoo\\b", "a foo b")
regex("\\Afoo", "foo")
regex("\\x41\\x{42}", "AB")
regex("[&|~]+", "a&&b")
regex("[[a]+", "[a[")
regex("é+", "éé")
regex("\\w", "é")
regex("(?s)a.b", "a\nb")
regex("(?i)AB", "ab")
regex("a.b", "a\nb")
regex("(?<n>a)", "a")
regex("^$", "")
regexall("[a-z]+", "1234abcd5678efgh9")
regexall("x", "abc")
regexall("", "ab")
length("hello")
length("")
length("héllo")
length([1, 2])
length({ a = 1 })
length(toset(["a", "a"]))
length(5)
length(null)
alltrue([])
alltrue([true, "true"])
alltrue([true, null])
alltrue(["x"])
anytrue([])
anytrue([false, true])
anytrue([null])
contains(["a", "b"], "a")
contains(["1"], 1)
contains([1, 2], "1")
contains([1, "a"], "1")
contains(["a"], null)
contains([], "a")
contains({ a = 1 }, "a")
keys({ b = 1, a = 2 })
values({ b = 1, a = 2 })
keys([1])
flatten([[1, [2]], 3, []])
flatten(["a", toset(["c", "b"])])
concat([1], ["a"])
concat()
concat([1], null)
distinct(["a", "b", "a"])
distinct([1, "1", 1])
compact(["a", "", null, "b"])
compact([1, ""])
cidrhost("10.12.112.0/20", 16)
cidrhost("10.12.112.0/20", -1)
cidrhost("10.1.2.3/8", 0)
cidrhost("10.0.0.0/30", 3)
cidrhost("10.0.0.0/30", 4)
cidrhost("10.0.0.0/30", -4)
cidrhost("10.0.0.0/30", -5)
cidrhost("10.0.0.0/32", 0)
cidrhost("010.0.0.08/8", 1)
cidrhost("10.0.0/8", 0)
cidrhost("10.0.0.0", 0)
cidrhost("10.0.0.0/33", 0)
cidrhost("10.0.0.0/08", 0)
cidrhost("10.0.0.0/ 8", 0)
cidrhost(" 10.0.0.0/8", 0)
cidrhost("10.0.0.256/8", 0)
cidrhost("10.0.0.0/8", 1.5)
cidrhost("10.0.0.0/8", "3")
cidrhost("fd00:fd12:3456:7890:00a2::/72", 34)
cidrhost("::ffff:10.0.0.0/104", 1)
cidrhost("", 0)
cidrhost(null, 0)
cidrnetmask("172.16.0.0/12")
cidrnetmask("10.0.0.0/0")
cidrnetmask("fe80::/10")
cidrnetmask("a")
cidrsubnet("172.16.0.0/12", 4, 2)
cidrsubnet("10.1.2.0/24", 4, 15)
cidrsubnet("10.1.2.0/24", 4, 16)
cidrsubnet("10.1.2.0/24", 9, 0)
cidrsubnet("10.1.2.0/24", 0, 0)
cidrsubnet("10.1.2.0/24", -1, 0)
cidrsubnet("10.1.2.0/24", 4, -1)
cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)
split(",", "foo,bar,baz")
split(",", "")
split("", "abc")
split(",", null)
join("-", ["a", 1, true])
join("-", ["a", null])
join("-", [["a"]])
join("-", ["a"], ["b"])
tonumber("1.50")
tonumber("1e3")
tonumber(" 1")
tonumber("0x1")
tonumber("")
tonumber("+1")
tonumber("1_000")
tonumber("inf")
tonumber("nan")
tonumber(".5")
tonumber("5.")
tonumber("٣")
tonumber(true)
tonumber(null)
tostring(1.50)
tostring(1000000000000000000000)
tostring(0.1 + 0.2)
tostring(true)
tostring([1])
tobool("true")
tobool("1")
tobool("yes")
tobool(1)
toset(["b", "a", "a"])
toset([3, 1, 20])
toset(["a", 1, true])
tolist(toset(["b", "a"]))
tolist({ a = 1 })
tomap({ a = 1, b = "x" })
tomap([1])
lower("ABC")
upper("abc")
title("hello world-x foo_bar don't")
min(3, 1, 2)
max("3", 10)
max()
min([1, 2]...)
pow(2, 10)
pow(2, -1)
floor(-1.5)
ceil(-1.5)
abs(-3.5)
signum(-3)
signum(0)
setproduct(["a", "b"], [1, 2])
setproduct(["a"])
setintersection(["a", "b"], ["b", "c"])
setunion(["a"], ["b", "a"])
setunion(["a"], [1])
setsubtract(["a", "b"], ["a"])
range(3)
range(1, 4)
range(1, 8, 3)
range(3, 0)
range(0)
range(4, 1, -2)
range(1, 4, 0)
range(1, 4, -1)
range(0, 1, 0.25)
range(2000)
startswith("hello", "he")
endswith("hello", "lo")
strcontains("hello", "ell")
lookup({ a = "x" }, "a", "d")
lookup({ a = "x" }, "b", "d")
lookup({ a = "x" }, "b")
merge({ a = 1, b = 2 }, { b = 3 }, null)
merge()
merge({ a = 1 }, [1])
coalesce("", null, "b")
coalesce(null, null)
coalesce(1, "a")
trimspace("  a\n ")
trim("??a?", "?")
trimprefix("helloworld", "hello")
trimprefix("hellohello", "hello")
trimsuffix("helloworld", "world")
chomp("a\n\r\n")
format("%s-%d-%v", "a", 5, true)
format("%05d|%-5s|%5s|%+d", 42, "a", "b", 3)
format("%q %%", "a\"b")
format("%x %X %o %b", 255, 255, 8, 5)
format("%f %.2f %.0f", 1.5, 2.345, 2.5)
format("%2.1f|%6.2f", 3.14159, 2.5)
format("%t", true)
format("%v", [1, "a"])
format("%s", [1])
format("%d", "12")
format("%d", "x")
format("%[2]s %[1]s", "a", "b")
format("%s")
format("a", 1)
format("%z", 1)
format("%", 1)
format("%s/%d", "10.0.0.0", 8)
format("%v %v", 1.5, 1000000)
format("%v", 10000000000000000000000)
formatlist("%s!", ["a", "b"])
formatlist("%s-%s", "x", ["a", "b"])
formatlist("%s-%s", ["x"], ["a", "b"])
parseint("100", 10)
parseint("FF", 16)
parseint("0xFF", 16)
parseint("-1011", 2)
parseint("0b1", 2)
parseint("12", 2)
parseint("1_0", 10)
parseint(" 1", 10)
parseint("", 10)
parseint("1", 1)
parseint("+5", 10)
element(["a", "b"], 3)
element([], 0)
slice(["a", "b", "c"], 1, 3)
slice(["a"], 0, 2)
slice(["a", "b"], 2, 1)
sort(["b", "a", "C"])
sort([10, 9])
reverse([1, 2])
sum([1, 2.5])
sum([])
sum(["1", 2])
sum(["x"])
zipmap(["a", "b"], [1, 2])
zipmap(["a"], [1, 2])
one([])
one(["a"])
one(["a", "b"])
one(toset(["a"]))
one(null)
index(["a", "b"], "b")
index(["a"], "z")
index([], "z")
substr("hello world", 1, 4)
substr("hello", -3, 2)
substr("hello", 1, -1)
substr("hello", 10, 1)
substr("hello", 0, 100)
replace("1 + 2 + 3", "+", "-")
replace("hello world", "/w.*d/", "everybody")
replace("hello", "/(h)(e)/", "${2}${1}")
replace("hello", "", "x")
strrev("abc")
jsonencode({ b = [1, 2.5, true, null], a = "<&>\"é" })
jsonencode("a\u2028")
jsonencode(1e3)
1e3
1E-2
0.1
123456789012345678901234567890
""".strip().splitlines()
)
