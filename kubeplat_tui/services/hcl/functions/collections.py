"""Functions of lists, sets and maps."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl.evaluation_values import (
    Data,
    EvaluationError,
    Number,
    SetValue,
    UndecidedError,
    alike,
    elements,
    equal,
    mapping,
    set_of,
    to_bool,
    to_int,
    to_number,
    to_text,
    unified,
)
from kubeplat_tui.services.hcl.functions.signature import anything, named, not_null, takes, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_RANGE = 1024
"""Terraform's own limit."""


def graphemes(text: str) -> int:
    """How many characters a person sees. Raises `UndecidedError` where marks or joiners decide it."""
    if text.isascii() and "\r" not in text:
        return len(text)
    if all(0xA0 <= ord(character) < 0x300 or 0x20 <= ord(character) < 0x7F for character in text):
        return len(text)
    raise UndecidedError("the length of unusual text")


@takes(not_null)
def length(data: Data) -> Data:
    if isinstance(data, str):
        return graphemes(data)
    return len(data) if isinstance(data, dict) else len(elements(data))


@takes(elements)
def alltrue(items: list[Data]) -> Data:
    checked = [item is not None and to_bool(item) for item in items]  # each must be a bool
    return all(checked)


@takes(elements)
def anytrue(items: list[Data]) -> Data:
    checked = [item is not None and to_bool(item) for item in items]
    return any(checked)


@takes(elements, not_null)
def contains(items: list[Data], value: Data) -> Data:
    found = [equal(item, value) for item in items]
    return any(found)


@takes(mapping)
def keys(data: dict[str, Data]) -> Data:
    return [*sorted(data)]


@takes(mapping)
def values(data: dict[str, Data]) -> Data:
    return [data[key] for key in sorted(data)]


def _flat(items: list[Data]) -> Iterator[Data]:
    for item in items:
        if isinstance(item, list | SetValue):
            yield from _flat(elements(item))
        else:
            yield item


@takes(elements)
def flatten(items: list[Data]) -> Data:
    return [*_flat(items)]


@takes(rest=elements)
def concat(*lists: list[Data]) -> Data:
    if not lists:
        raise EvaluationError("concat takes at least one list")
    return list(itertools.chain(*lists))


@takes(elements)
def distinct(items: list[Data]) -> Data:
    result: list[Data] = []
    for item in unified(items):
        if not any(alike(item, other) for other in result):
            result.append(item)
    return result


def _texts_or_null(data: Data) -> list[str | None]:
    return [None if item is None else to_text(item) for item in elements(data)]


@takes(_texts_or_null)
def compact(items: list[str | None]) -> Data:
    return [item for item in items if item]


@takes(elements, to_int)
def element(items: list[Data], place: int) -> Data:
    if not items:
        raise EvaluationError("element of an empty list")
    if place < 0:
        raise UndecidedError("a negative place, which depends on Terraform's version")
    return items[place % len(items)]


@takes(elements, to_int, to_int)
def slice_(items: list[Data], start: int, end: int) -> Data:
    if not 0 <= start <= end <= len(items):
        raise EvaluationError("the slice lies outside the list")
    return items[start:end]


@takes(texts)
def sort(items: list[str]) -> Data:
    return [*sorted(items)]


@takes(elements)
def reverse(items: list[Data]) -> Data:
    return items[::-1]


@takes(elements, anything)
def index(items: list[Data], value: Data) -> Data:
    for place, item in enumerate(items):
        if equal(item, value):
            return place
    raise EvaluationError("the list does not have this value")


@takes(elements)
def one(items: list[Data]) -> Data:
    if len(items) > 1:
        raise EvaluationError("one takes a list of one or none")
    return items[0] if items else None


@takes(mapping, to_text, anything, optional=1)
def lookup(data: dict[str, Data], key: str, *default: Data) -> Data:
    if key in data:
        return data[key]
    if not default:
        raise EvaluationError(f"the map has no {key}")
    return default[0]


@takes(rest=anything)
def merge(*maps: Data) -> Data:
    result: dict[str, Data] = {}
    for each in maps:
        result |= {} if each is None else mapping(each)
    return result


@takes(texts, elements)
def zipmap(names: list[str], items: list[Data]) -> Data:
    if len(names) != len(items):
        raise EvaluationError("zipmap takes as many keys as values")
    return dict(zip(names, items, strict=True))


@takes(rest=anything)
def coalesce(*items: Data) -> Data:
    for item in unified(items):
        if item is not None and item != "":
            return item
    raise EvaluationError("coalesce found nothing")


@takes(rest=elements)
def setproduct(*sets: list[Data]) -> Data:
    if len(sets) < 2:
        raise EvaluationError("setproduct takes at least two sets")
    return [[*row] for row in itertools.product(*sets)]


def _each_set(sets: tuple[list[Data], ...]) -> list[SetValue]:
    if not sets:
        raise EvaluationError("at least one set is needed")
    every = unified([item for items in sets for item in items])
    result, at = [], 0
    for items in sets:
        result.append(set_of(every[at : at + len(items)]))
        at += len(items)
    return result


@takes(rest=elements)
def setunion(*sets: list[Data]) -> Data:
    return set_of([item for each in _each_set(sets) for item in each.items])


@takes(rest=elements)
def setintersection(*sets: list[Data]) -> Data:
    first, *others = _each_set(sets)
    return set_of([item for item in first.items if all(_has(other, item) for other in others)])


@takes(elements, elements)
def setsubtract(one: list[Data], other: list[Data]) -> Data:
    first, second = _each_set((one, other))
    return set_of([item for item in first.items if not _has(second, item)])


def _has(items: SetValue, value: Data) -> bool:
    return any(alike(item, value) for item in items.items)


@takes(to_number, rest=to_number)
def range_(first: Number, *others: Number) -> Data:
    if len(others) > 2:
        raise EvaluationError("range takes one to three numbers")
    start, end = (first, others[0]) if others else (0, first)
    step: Number = others[1] if len(others) == 2 else (1 if start <= end else -1)
    if step == 0 or (end > start and step < 0) or (end < start and step > 0):
        raise EvaluationError("range with a step that leads nowhere")
    result: list[Data] = []
    while (start < end) if step > 0 else (start > end):
        result.append(start)
        start += step
        if len(result) > LONGEST_RANGE:
            raise EvaluationError("a range of more than 1024 numbers")
    return result


@takes(anything)
def toset(data: Data) -> Data:
    return None if data is None else set_of(elements(data))


@takes(anything)
def tolist(data: Data) -> Data:
    return None if data is None else unified(elements(data))


@takes(anything)
def tomap(data: Data) -> Data:
    if data is None:
        return None
    items = mapping(data)
    return dict(zip(items, unified(list(items.values())), strict=True))


FUNCTIONS = named(
    alltrue,
    anytrue,
    coalesce,
    compact,
    concat,
    contains,
    distinct,
    element,
    flatten,
    index,
    keys,
    length,
    lookup,
    merge,
    one,
    range_,
    reverse,
    setintersection,
    setproduct,
    setsubtract,
    setunion,
    slice_,
    sort,
    tolist,
    tomap,
    toset,
    values,
    zipmap,
)
