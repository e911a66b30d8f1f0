"""The real application on made-up secrets: `python -m tests.terminal.secrets_program FOLDER`.

The admin's kubeconfig carries a token that no other file has.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kubeplat_tui.app import KubeplatApp
from tests.screens.fakes import FakeIntents
from tests.unit.secret_files import kubeconfig

KEY = "locked/admin.kubeconfig"
TOKEN = "q7Xq-hunter2-correct-horse"


def main() -> int:
    """Open the playground's overview; `6` leads to its secrets."""
    from tests.screens import fake_secrets

    intents = FakeIntents(Path(sys.argv[1]))
    store = intents.secret_store = fake_secrets.playground(intents.behaviour)
    store.put_both(KEY, kubeconfig(token=TOKEN))
    return KubeplatApp(intents, start="play-jest").run() or 0


if __name__ == "__main__":
    sys.exit(main())
