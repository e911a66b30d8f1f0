"""How a correction takes hold of moto: it says what it expects there, and fails loudly where that changed."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable


class MotoChangedError(KubeplatError):
    """Moto does not look as a correction expects it."""

    def __init__(self, thing: str, problem: str) -> None:
        super().__init__(
            f"The sandbox does not fit the installed moto: {thing} {problem}.",
            why="Its corrections reach into moto's internals and are written for one version.",
            todo="Install the version that the sandbox extra names: pip install 'kubeplat[sandbox]'",
        )


def attribute(owner: type, name: str) -> Any:
    """The attribute as the class has it (a property stays a property). Raises `MotoChangedError` where it is
    gone.
    """
    try:
        return inspect.getattr_static(owner, name)
    except AttributeError:
        raise MotoChangedError(_called(owner, name), "is gone") from None


def method(owner: type, name: str, *parameters: str) -> Callable[..., Any]:
    """The method `name` of `owner`, which must still have these `parameters`, in this order, first (after
    self).
    """
    found = attribute(owner, name)
    if not callable(found):
        raise MotoChangedError(_called(owner, name), "is no method any more")
    has = tuple(inspect.signature(found).parameters)[1:]
    if has[: len(parameters)] != parameters:
        raise MotoChangedError(
            _called(owner, name), f"takes {', '.join(has)} instead of {', '.join(parameters)}"
        )
    result: Callable[..., Any] = found
    return result


def mentions(owner: type, name: str, *words: str) -> None:
    """Check that the method still works the way a correction counts on: its code names all of `words`."""
    names = _names(attribute(owner, name))
    for word in words:
        if word not in names:
            raise MotoChangedError(_called(owner, name), f"does not use {word} any more")


def replace(owner: type, name: str, new: object) -> None:
    """Put `new` in the place of an attribute that must be there."""
    attribute(owner, name)
    setattr(owner, name, new)


def _names(function: Any) -> set[str]:
    if isinstance(function, property):
        function = function.fget
    code = inspect.unwrap(function).__code__
    return {*code.co_names, *code.co_varnames, *(text for text in code.co_consts if isinstance(text, str))}


def _called(owner: type, name: str) -> str:
    return f"{owner.__module__}.{owner.__qualname__}.{name}"
