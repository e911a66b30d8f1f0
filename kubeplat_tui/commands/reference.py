"""The reference of every verb, made from the command line itself.

`python -m kubeplat_tui.commands.reference` prints it, and a test holds `docs/commands.md` to it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os

from kubeplat_tui import cli
from kubeplat_tui.intents import Intents
from kubeplat_tui.services import events, inventory, kubeconfig, prerequisites, runs
from kubeplat_tui.services.environments import standing
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.pki import findings, rotation
from kubeplat_tui.services.pki import text as certificate_text
from kubeplat_tui.services.replacement import events as replacement_events
from kubeplat_tui.services.secrets import model as secret_files
from kubeplat_tui.services.ssh import forward_model, transfer_model
from kubeplat_tui.services.terraform import plan
from kubeplat_tui.services.variables import declarations as variables

WIDTH = "88"
VERBS = (
    ("run",),
    ("plan",),
    ("cleanup",),
    ("output",),
    ("instances",),
    ("volumes",),
    ("elbs",),
    ("terminate",),
    ("terminate-bastion",),
    ("terminate-compute",),
    ("terminate-masters",),
    ("terminate-layer",),
    ("scale-compute",),
    ("unlock",),
    ("environments",),
    ("environments", "list"),
    ("environments", "show"),
    ("environments", "create"),
    ("environments", "new"),
    ("environments", "copy"),
    ("environments", "rename"),
    ("environments", "delete"),
    ("environments", "check"),
    ("environments", "checklist"),
    ("variables",),
    ("variables", "list"),
    ("variables", "get"),
    ("variables", "set"),
    ("variables", "check"),
    ("fetch-secrets",),
    ("upload-secrets",),
    ("secrets",),
    ("secrets", "list"),
    ("secrets", "diff"),
    ("secrets", "show"),
    ("secrets", "edit"),
    ("secrets", "history"),
    ("secrets", "restore"),
    ("secrets", "delete"),
    ("certs",),
    ("certs", "check"),
    ("certs", "show"),
    ("certs", "renew"),
    ("certs", "rotate-ca"),
    ("certs", "rotate-encryption"),
    ("show-cert",),
    ("tokens",),
    ("tokens", "list"),
    ("tokens", "add"),
    ("tokens", "revoke"),
    ("tokens", "show"),
    ("ssh",),
    ("scp",),
    ("forward",),
    ("ssh-config",),
    ("ssh-hosts",),
    ("ssh-hosts", "list"),
    ("ssh-hosts", "forget"),
    ("agent-setup",),
    ("ssh-key",),
    ("ssh-key", "show"),
    ("ssh-key", "protect"),
    ("ssh-key", "unprotect"),
    ("credentials",),
    ("sandbox",),
    ("sandbox", "start"),
    ("sandbox", "status"),
    ("sandbox", "stop"),
    ("rehearse",),
    ("shell",),
    ("terraform",),
    ("completion",),
    ("man",),
    ("version",),
    ("help",),
)
EXIT_CODES = {
    ExitCode.DONE: "done (also where nothing had to be changed)",
    ExitCode.FAILED: "failed, declined or interrupted; the last lines say what exists now",
    ExitCode.BAD_INPUT: "bad usage or input; nothing was changed",
    ExitCode.LEFT_OVER: "done, but something is left over that a person should look at",
    ExitCode.NO_CONNECTION: "`ssh` only: kubeplat itself failed; every other code of `ssh` is the remote command's, "
    "128 and the signal's number where a signal ended it",
}
DOCUMENTS = (
    ("output", '{"environment", "sandbox", "outputs": [Output]}'),
    ("instances", '{"environment", "sandbox", "instances": [Instance]}'),
    ("volumes", '{"environment", "sandbox", "volumes": [Volume]}'),
    ("elbs", '{"environment", "sandbox", "load_balancers": [LoadBalancer]}'),
    ("unlock", '{"environment", "released": [{"root", "id", "who", "created"}]}'),
    (
        "environments list",
        '{"environments": [{"name", "path", "sandbox", "region", "account", "problem", '
        '"standing": Standing or null, "last_run": RunRecord or null}]}',
    ),
    ("environments create", '{"environment", "path", "done": what was made beside the file, ""}'),
    ("environments copy", '{"environment", "path"}'),
    ("environments rename", '{"environment", "path", "renamed": its old name}'),
    ("environments delete", '{"environment", "deleted"}'),
    ("environments checklist", '{"environment", "sandbox", "prerequisites": [Prerequisite], "done": [TEXT]}'),
    ("environments show", '{"environment", "sandbox", "path", "values": {NAME: value}}'),
    (
        "environments check, variables check",
        '{"environment", "path", "problems": [Problem]}; of several: {"files": [such documents]}',
    ),
    ("environments new", '{"environment", "path"}'),
    (
        "variables list",
        '{"environment", "variables": [{"name", "type", "description", "required", "sensitive", "default", '
        '"set", "value", "roots", "group"}]}',
    ),
    ("variables get", '{"environment", "variable": as in the list}'),
    ("variables set", '{"environment", "path", "changed"}'),
    (
        "fetch-secrets",
        '{"environment", "sandbox", "dry_run", "fetched": [KEY], "deleted": [KEY], "conflicts": [KEY], "size", '
        '"stopped", "kubeconfig": Merged or null, "problem", "ssh_key"}',
    ),
    (
        "upload-secrets",
        '{"environment", "sandbox", "dry_run", "uploaded": [KEY], "deleted": [KEY], "conflicts": [KEY], "size", '
        '"stopped"}',
    ),
    (
        "secrets, secrets list",
        '{"environment", "sandbox", "secrets": [{"key", "state", "known", "here": LocalFile or null, '
        '"there": Stored or null, "expires"}]}',
    ),
    (
        "secrets diff",
        '{"environment", "sandbox", "differences": [{"key", "state", "known", "here", "there", "added", "removed", '
        '"lines"}]}',
    ),
    (
        "secrets show",
        '{"environment", "sandbox", "key", "side", "kind", "title", "hides", "revealed", "lines"}',
    ),
    ("secrets edit", '{"environment", "sandbox", "saved", "uploaded"}'),
    ("secrets history", '{"environment", "sandbox", "versions": [Version]}'),
    ("secrets restore", '{"environment", "sandbox", "restored": Stored}'),
    ("secrets delete", '{"environment", "sandbox", "deleted_there": [KEY], "deleted_here": [KEY]}'),
    ("certs, certs check", '{"environment", "sandbox", "findings": [Finding], "rotation": Rotation or null}'),
    ("certs show, show-cert", '{"file", "certificates": [CertificateText]}'),
    ("certs renew", '{"environment", "sandbox", "renewed": [KEY], "uploaded"}'),
    (
        "certs rotate-ca, certs rotate-encryption",
        '{"environment", "sandbox", "subject", "step", "number", "files": [KEY], "uploaded", "before_the_next": '
        '[sentence]}; where an earlier upload was finished, "step" is null',
    ),
    ("tokens, tokens list", '{"environment", "sandbox", "tokens": [TOKEN]}'),
    ("tokens add, tokens show", '{"environment", "sandbox", …TOKEN, "token"}'),
    ("TOKEN", '{"user", "uid", "groups", "expires", "state": valid, due or expired, "sha256"}'),
    ("tokens revoke", '{"environment", "sandbox", "revoked": [sha256]}'),
    (
        "ssh",
        '{"environment", "sandbox", "machines": [{"id", "short", "name", "layer", "state", "private_ip", '
        '"public_ip", "zone", "host_key": HOST or null}]}',
    ),
    ("scp", '{"environment", "sandbox", "copied": [Transferred]}'),
    ("forward", "a ForwardStatus a line, at every change"),
    ("ssh-config", '{"environment", "sandbox", "config", "path", "unknown": [ID]}'),
    ("ssh-hosts, ssh-hosts list", '{"environment", "hosts": [HOST]}'),
    ("HOST", '{"id", "name", "address", "kind", "fingerprint", "accepted"}'),
    ("ssh-hosts forget", '{"environment", "forgotten": [ID]}'),
    ("agent-setup", '{"environment", "sandbox", "fingerprint", "seconds", "until"}'),
    ("ssh-key, ssh-key show", '{"environment", "path", "fingerprint", "public_key", "protected"}'),
    ("ssh-key protect, ssh-key unprotect", '{"environment", "protected", "remembered"}'),
    (
        "sandbox, sandbox status, sandbox start",
        '{"running", "sandbox": {"endpoint", "port", "pid", "container", "started", "memory_bytes", "leases", "kept", '
        '"log"} or null}',
    ),
    ("sandbox stop", '{"stopped"}'),
    (
        "rehearse",
        '{"held", "interrupted", "seconds", "steps": [{"title", "held", "seconds", "detail"}], "folder", '
        '"left"}',
    ),
    ("completion", '{"shell", "script"}'),
    ("version", '{"version"}'),
    ("every verb that fails", '{"error": {"what", "why", "todo", "exit_code"}}'),
)
SHAPES: tuple[type, ...] = (
    inventory.Instance,
    inventory.Volume,
    inventory.LoadBalancer,
    inventory.Listener,
    inventory.Target,
    events.Output,
    runs.RunRecord,
    standing.Standing,
    prerequisites.Prerequisite,
    variables.Problem,
    secret_files.LocalFile,
    secret_files.Stored,
    secret_files.Version,
    forward_model.ForwardStatus,
    forward_model.ForwardSpec,
    transfer_model.Transferred,
    transfer_model.Skipped,
    kubeconfig.Merged,
    findings.Finding,
    rotation.Rotation,
    certificate_text.CertificateText,
)
EVENTS: tuple[type, ...] = (
    events.PipelineStarted,
    events.StepStarted,
    events.StepFinished,
    events.CheckFinished,
    events.LogLine,
    events.DiagnosticRaised,
    events.PlanReady,
    events.QuestionAnswered,
    events.ResourceProgress,
    events.SettingWritten,
    events.StopRequested,
    events.PipelineFinished,
)
REPLACEMENT_EVENTS: tuple[type, ...] = (
    replacement_events.MachineChanged,
    replacement_events.GroupActed,
    replacement_events.Waiting,
)
EVENT_PARTS: tuple[type, ...] = (
    events.Step,
    events.Diagnostic,
    plan.Plan,
    plan.ResourceChange,
    plan.AttributeChange,
    plan.OutputChange,
)

HEAD = """# The commands

What the screen does, `kubeplat` does too. `./play.kube VERB` is `kubeplat --playground VERB`, and
`./run.kube -e ENV VERB` is `kubeplat --environment ENV VERB`.

This page is made by `python -m kubeplat_tui.commands.reference`.

## What holds for every verb

- The environment is named by `--environment`, else by `KUBEPLAT_ENVIRONMENT`; `--playground` is yours.
  None is guessed: without a name a verb that needs one lists them and ends with 2.
- The result goes to stdout; notes, questions and the line that says *sandbox* go to stderr.
- Tables fit the terminal. In a pipe they are plain text: no colours, no symbols, nothing cut, the titles
  kept.
- A question is asked at the terminal. Where there is none, give `--yes`; without it nothing starts, and
  the exit code is 2. Outside a playground `--yes` destroys only with `--confirm NAME`, the environment's
  name.
- `kubeplat completion bash` and `kubeplat completion zsh` print what completes verbs, options, environments and
  machines, where `kubeplat` itself is on PATH; `kubeplat shell` has it already.
- `kubeplat man VERB` shows the same help as a manual page.
- ctrl+c once asks Terraform to stop cleanly, which can take a minute. Again, it does nothing: a second
  signal would kill Terraform while it writes its state.
- `run` leaves the sandbox running once something was approved, so that the next verb finds what was
  built. `cleanup` stops it when nothing is left, nobody else uses it and no other environment was built
  in it. In between it is stopped with `kubeplat sandbox stop`. A verb that only reads starts a sandbox
  where none runs, and stops it again.
"""


def text() -> str:
    """The whole page, as Markdown."""
    parts = [HEAD, "## Exit codes\n", "| code | meaning |\n|---|---|"]
    parts += [f"| {int(code)} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    parts += ["\n## Verbs\n", _block(_help())]
    parts += [f"### {' '.join(words)}\n\n{_block(_help(*words))}" for words in VERBS]
    parts += [
        "## `--json`\n",
        "One document, but not for `run`, `plan`, `cleanup`, `forward`, `terminate…` and `scale-compute`. Times are"
        " ISO 8601 in UTC; a sensitive value is null.\n",
        "| verb | document |\n|---|---|",
    ]
    parts += [f"| {verb} | `{shape}` |" for verb, shape in DOCUMENTS]
    parts += ["", *(_shape(shape) for shape in SHAPES)]
    parts += [
        "## `--json` of `run`, `plan` and `cleanup`\n",
        "One event a line, as it happens; the journal of the run has the same, but a plan without values."
        ' Each has `"event"`, its name, and `"at"`, its time. The last one is always `PipelineFinished`.\n',
        *(_shape(shape) for shape in (*EVENTS, *EVENT_PARTS)),
        "## `--json` of `terminate…` and `scale-compute`\n",
        "One event a line, too, with `PipelineFinished` as the last one. `standing` is `pending`, `in service`,"
        " `terminating` or `gone`.\n",
        *(_shape(shape) for shape in REPLACEMENT_EVENTS),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _shape(shape: type) -> str:
    names = [field.name for field in dataclasses.fields(shape) if field.name != "at"]
    summary = (shape.__doc__ or "").strip().partition("\n")[0]
    listed = ", ".join(f"`{name}`" for name in names) or "nothing more"
    return f"**{shape.__name__}**: {summary}\n{listed}\n"


def _help(*words: str) -> str:
    """The verb's own help, at a width that does not depend on the terminal."""
    os.environ["COLUMNS"] = WIDTH
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        cli.main([*words, "--help"], make_intents=Intents, open_application=lambda _: 0)
    return printed.getvalue().strip()


def _block(lines: str) -> str:
    return f"```text\n{lines}\n```\n"


if __name__ == "__main__":
    print(text(), end="")
