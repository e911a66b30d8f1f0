"""What a new port forward leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input, Select, Static

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.ssh.forward_model import ForwardKind, ForwardSpec
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.tick import Tick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

A_BASTION = ""


def spec_of(target: str, *, socks: bool, local: str, via: str, label: str) -> ForwardSpec:
    """What was typed as a forward: `host:port`, `[v6]:port`. Raises `InputError`."""
    bind_port = _port(local, "local port") if local else 0
    if socks:
        return ForwardSpec(ForwardKind.DYNAMIC, bind_port, via=via, label=label)
    host, colon, port = target.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not host or (":" in host and not target.startswith("[")):
        raise InputError(
            f"{target or 'Nothing'} is no target.", todo="Write host:port, for example localhost:2379."
        )
    return ForwardSpec(ForwardKind.LOCAL, bind_port, host, _port(port, "port of the target"), via, label)


def _port(text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise InputError(f"{text!r} is no {what}.", todo="Take one from 1 to 65535.")
    return int(text)


class ForwardDialog(Dialog[ForwardSpec]):
    """Dismisses with what is wanted. It is connected afterwards: the table says how that goes."""

    DEFAULT_CSS = """
    ForwardDialog Select { background: $panel; }
    ForwardDialog .problem { display: none; }
    ForwardDialog.-wrong .problem { display: block; }
    """

    def __init__(self, vias: Sequence[tuple[str, str]]) -> None:
        """`vias` are the ids and names of machines that it may go through."""
        super().__init__()
        self._vias = vias

    def compose(self) -> ComposeResult:
        """Target, way, local port."""
        with Vertical(classes="box") as box:
            yield Static("Forward a port of this computer", classes="title", markup=False)
            yield Static("Target, as the machine it goes through knows it", classes="label")
            yield Input(placeholder="localhost:2379 or 10.80.10.100:10250", id="target", classes="-flat")
            yield Tick("SOCKS proxy: each client says where to", id="socks")
            yield Static("Through", classes="label")
            options = [("a bastion", A_BASTION), *((name, key) for key, name in self._vias)]
            yield Select(options, value=A_BASTION, allow_blank=False, id="via", compact=True)
            yield Static("Local port on 127.0.0.1", classes="label")
            yield Input(placeholder="any free one", id="local", classes="-flat")
            yield Static("Name", classes="label")
            yield Input(placeholder="none", id="label", classes="-flat")
            yield Static("", classes="problem", markup=False)
        box.border_subtitle = "enter in a field starts · tab goes on · esc cancels"

    def on_mount(self) -> None:
        """The target comes first."""
        self.query_one("#target").focus()

    def on_tick_changed(self, event: Tick.Changed) -> None:
        """A proxy has no target."""
        self.query_one("#target", Input).disabled = event.tick.value

    def on_input_submitted(self) -> None:
        """Take it, or say what is wrong."""
        try:
            spec = spec_of(
                self._typed("target"),
                socks=self.query_one("#socks", Tick).value,
                local=self._typed("local"),
                via=str(self.query_one("#via", Select).value),
                label=self._typed("label"),
            )
        except KubeplatError as error:
            self.query_one(".problem", Static).update(f"✖ {error}")
            self.add_class("-wrong")
        else:
            self.dismiss(spec)

    def _typed(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()
