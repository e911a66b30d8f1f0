"""Whom to log in as on a machine: the environment's `ssh_user`, else the user that the image's makers chose.

Source of the users: "Default user names" of the EC2 user guide; Flatcar's and Fedora CoreOS's documentation.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from kubeplat_tui.services.aws_errors import aws_call
from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site

DEFAULT_USER = "ec2-user"
BY_IMAGE = (
    ("flatcar", "core"),
    ("coreos", "core"),
    ("fcos", "core"),
    ("ubuntu", "ubuntu"),
    ("debian", "admin"),
)
"""A word in the image's name, and its user."""

_images: WeakKeyDictionary[Cloud, dict[str, str]] = WeakKeyDictionary()
_lock = threading.Lock()


def user_for(site: Site, instance: Instance) -> str:
    """The user to log in as on `instance`. Asks EC2 once for each image; where that fails it is `ec2-user`."""
    named = str(site.environment.values.get("ssh_user") or "")
    if named:
        return named
    if not instance.image:
        return DEFAULT_USER
    with _lock:
        known = _images.setdefault(site.cloud, {})
        if instance.image in known:
            return known[instance.image]
    try:
        name = _image_name(site.cloud, instance.image)
    except KubeplatError:  # not kept: it may be answered the next time
        return DEFAULT_USER
    user = by_image(name)
    with _lock:
        known[instance.image] = user
    return user


def by_image(name: str) -> str:
    """The user of an image by its name (EC2 DescribeImages); `ec2-user`, Amazon Linux's, for any other."""
    lower = name.lower()
    return next((user for word, user in BY_IMAGE if word in lower), DEFAULT_USER)


def _image_name(cloud: Cloud, image: str) -> str:
    """Name, place and description of the image in one; "" where it is gone."""
    with aws_call(f"Looking up the image {image}"):
        answer: dict[str, Any] = cloud.client("ec2").describe_images(ImageIds=[image])
    found = answer.get("Images") or [{}]
    return " ".join(str(found[0].get(part) or "") for part in ("Name", "ImageLocation", "Description"))
