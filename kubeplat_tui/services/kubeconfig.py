"""The user's own kubeconfig, into which an environment's admin context is merged, and out of which it is taken again.

Source: Kubernetes' "Organizing Cluster Access Using kubeconfig Files", client-go `tools/clientcmd` (which file is
written, the `.lock` beside it). What kubeplat put there carries an extension named `kubeplat`, as minikube marks its
own: nothing else is ever changed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import PRIVATE_FILE, PRIVATE_FOLDER, cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubeplat_tui.services.kubeconfig_text import Entry, KubeconfigText

MARK = "kubeplat"

PATIENCE = 2.0
"""Seconds that another program's lock is waited for; kubectl holds it for milliseconds."""

POLL = 0.05


@dataclass(frozen=True, slots=True)
class Merged:
    """The context as it is in the file `path` now. `current`: kubectl uses it unless told otherwise."""

    path: Path
    context: str
    current: bool
    changed: bool


def merge(environment: str, admin: bytes, environ: Mapping[str, str]) -> Merged:
    """Merge the admin kubeconfig as a context of its own; everything else in the file stays as it is.

    It becomes the current context only where there is none. Raises `KubeplatError` where the file cannot be read, is
    broken, locked, or has a context of that name that is somebody else's: then nothing was changed.
    """
    paths = places(environ)
    with _locked(paths[0]):
        before = _read(paths[0])
        text = _merged(before, environment, admin, paths[0])
        context = next(each.name for each in _ours(text, environment) if each.section == "contexts")
        current = next((found.current for found in (before, *map(_read, paths[1:])) if found.current), "")
        if not current:
            text, current = text.with_current(context), context
        changed = text.text != before.text
        if changed:
            _write(paths[0], text.text)
    return Merged(paths[0], context, current == context, changed)


def remove(environment: str, environ: Mapping[str, str]) -> Path | None:
    """Take out what `merge` put there, where it still is; the file, or None where nothing of it was there."""
    path = places(environ)[0]
    if not path.exists():
        return None
    with _locked(path):
        before = text = _read(path)
        contexts = {each.name for each in _ours(text, environment) if each.section == "contexts"}
        while entry := next(_ours(text, environment), None):
            text = text.without(entry)
        if text.current in contexts:
            text = text.with_current("")
        if text.text == before.text:
            return None
        _write(path, text.text)
    return path


def places(environ: Mapping[str, str]) -> list[Path]:
    """The user's kubeconfig files; the first is the one that is written.

    `$KUBECONFIG` names them, else it is `$HOME/.kube/config`. Raises `InputError` where neither is set.
    """
    named = [Path(each) for each in environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    if named:
        return named
    home = environ.get("HOME", "")
    if not home:
        raise InputError(
            "There is no place for the kubeconfig: neither KUBECONFIG nor HOME is set.",
            todo="Set one of them, or print the kubeconfig: kubeplat fetch-secrets --print",
        )
    return [Path(home) / ".kube" / "config"]


def _merged(before: KubeconfigText, environment: str, admin: bytes, path: Path) -> KubeconfigText:
    from kubeplat_tui.services.kubeconfig_text import SECTIONS, text_of

    new = _wanted(environment, admin)
    mine = {entry.section: entry for entry in _ours(before, environment)}
    others = {
        entry.section: entry
        for entry in before.entries()
        if entry.section not in mine and entry.name == new[entry.section][0]
    }
    if others:
        cluster = mine.get("clusters") or others.get("clusters")
        server = text_of(cluster.node, "cluster", "server") if cluster else ""
        if server != new["clusters"][1]["server"]:
            section, entry = next(iter(others.items()))
            raise KubeplatError(
                f"{path} has a {SECTIONS[section]} named {entry.name} already, and kubeplat did not put it there.",
                why="It would be lost, or lead to another cluster.",
                todo=f"Rename it (kubectl config rename-context {entry.name} NEW), or print the kubeconfig: "
                "kubeplat fetch-secrets --print",
            )
    found = others | mine
    # They may have been given other names here: the context leads to them.
    leads = {kind: found[of].name for of, kind in (("clusters", "cluster"), ("users", "user")) if of in found}
    text = before
    for section, (name, content) in new.items():
        old = next((each for each in text.entries() if _same(each, found.get(section))), None)
        text = text.put(section, name, content | leads if section == "contexts" else content, old)
    return text


def _same(entry: Entry, wanted: Entry | None) -> bool:
    return wanted is not None and (entry.section, entry.name) == (wanted.section, wanted.name)


def _wanted(environment: str, admin: bytes) -> dict[str, tuple[str, dict[str, object]]]:
    """The entries to put: by list, their names and contents."""
    import yaml

    try:
        document = yaml.safe_load(admin)
        context = document["contexts"][0]["context"]
        cluster = document["clusters"][0]["cluster"]
        user = document["users"][0]
        mark = {"extensions": [{"name": MARK, "extension": {"environment": environment}}]}
        return {
            "clusters": (environment, {**cluster, **mark}),
            "users": (str(user["name"]), {**user["user"], **mark}),
            "contexts": (
                environment,
                {**context, "cluster": environment, "user": str(user["name"]), **mark},
            ),
        }
    except (yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise KubeplatError(
            f"The admin kubeconfig of {environment} cannot be read.",
            why="It is no kubeconfig with one cluster, user and context.",
            todo="See kubeplat certs check; kubeplat certs renew admin makes it anew.",
        ) from error


def _ours(text: KubeconfigText, environment: str) -> Iterator[Entry]:
    """The entries that kubeplat put there for the environment, whatever they are called by now."""
    import yaml

    from kubeplat_tui.services.kubeconfig_text import child, text_of

    for entry in text.entries():
        marks = None if entry.content is None else child(entry.content, "extensions")
        if isinstance(marks, yaml.SequenceNode):
            for mark in marks.value:
                named = text_of(mark, "name") == MARK
                if named and text_of(mark, "extension", "environment") == environment:
                    yield entry


def _read(path: Path) -> KubeconfigText:
    from kubeplat_tui.services.kubeconfig_text import KubeconfigText, NoKubeconfigError

    try:
        return KubeconfigText(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return KubeconfigText("")
    except (OSError, UnicodeDecodeError, NoKubeconfigError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise KubeplatError(
            f"The kubeconfig {path} cannot be read: {why}.",
            todo="Repair it or move it away; it was left as it is. kubeplat fetch-secrets --print prints the new one.",
        ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock that kubectl respects, too: a file beside it that exists while somebody writes."""
    lock = path.with_name(f"{path.name}.lock")
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
            break
        except FileExistsError:
            if time.monotonic() >= give_up:
                raise KubeplatError(
                    f"The kubeconfig {path} is locked by another program.",
                    why=f"{lock} is there.",
                    todo="Wait for it; where none is at work, remove that file. Nothing was changed.",
                ) from None
            time.sleep(POLL)
        except OSError as error:
            raise cannot_write(path, error) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    """Replace the file in one step (what a link leads to, where it is one), readable by its owner only."""
    place = path.resolve()
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise cannot_write(place, error) from error
