"""A new environment from `example.tfvars`, to be completed by hand: every setting there is, described."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubeplat_tui.services.environments.files import create_file, load
from kubeplat_tui.services.environments.model import SUFFIX, Environment, check_free
from kubeplat_tui.services.environments.templates import located
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.hcl.document import Document

if TYPE_CHECKING:
    from kubeplat_tui.services.workplace import Workplace

_EXAMPLE = re.compile(r"\bexample\b(?!\.(?:com|net|org)\b)")
"""The example's name within a value; RFC 2606 domains are left for a person to change."""


def create(workplace: Workplace, name: str) -> Environment:
    """Make the file of a new environment from `example.tfvars`, with its name in it and no key yet.

    Raises `InputError` where the name cannot be one or is taken: an existing file is never overwritten.
    """
    path = check_free(workplace.environments, name)
    template = located(workplace, f"example{SUFFIX}")
    try:
        document = Document.parse(template.read_bytes(), template.name)
    except OSError as error:
        raise KubeplatError(f"The template {template} could not be read.", why=f"{error}.") from error
    create_file(path, _renamed(document, name).data)
    return load(workplace.environments, name)


def _renamed(document: Document, name: str) -> Document:
    """The example under another name: two environments must not share a bucket, a zone or a key."""
    for attribute in document.attributes:
        value = attribute.value
        if isinstance(value, str):
            document = document.with_value(attribute.name, _EXAMPLE.sub(name, value))
    return document.with_value("kms_master_id", "")  # the first run makes one
