"""Every action of the application: its keys, its title, its help.

Footer, help, palette and the user's keymap are made from this table. A screen or widget says which of these
it handles: `BINDINGS = bindings("table.sort", "table.mark")`. Which of them can be used right now is decided
by its `check_action`, as Textual has it; the footer shows no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from textual.binding import Binding, BindingType

from kubeplat_tui.settings.key_names import NAMED_SIGNS
from kubeplat_tui.settings.model import PREFIX


class Group(StrEnum):
    """Headings of the help screen, in its order."""

    HERE = "On this screen"
    TABLE = "In a table"
    GO = "Go to"
    ALWAYS = "Everywhere"


class Footer(IntEnum):
    """Whether the footer shows an action while it can be used."""

    NEVER = 0
    WHERE_THERE_IS_ROOM = 1
    ALWAYS = 2


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do. `id` is what the keymap of `config.toml` names; `keys` are Textual's.

    `call` is Textual's action string: a method `action_<call>` of whoever binds it.
    """

    id: str
    keys: tuple[str, ...]
    call: str
    title: str
    help: str
    group: Group = Group.HERE
    footer: Footer = Footer.ALWAYS


def _move(name: str, keys: tuple[str, ...], title: str) -> Action:
    return Action(f"move.{name}", keys, f"move('{name}')", title, f"{title}.", Group.TABLE, Footer.NEVER)


def _go(key: str, section: str, title: str, what: str) -> Action:
    words = f"{title}: {what}"
    return Action(f"go.{section}", (key,), f"go('{section}')", title, words, Group.GO, Footer.NEVER)


ACTIONS: tuple[Action, ...] = (
    # Environments
    Action(
        "environments.playground",
        ("n", "enter"),
        "playground",
        "New playground",
        "Make your playground environment, once; its file is never overwritten.",
    ),
    Action(
        "environments.new",
        ("N",),
        "new",
        "New",
        "Make a new environment: its settings are asked for, with suggestions, and its file is shown first.",
    ),
    Action(
        "environments.copy",
        ("c",),
        "copy_environment",
        "New from it",
        "Make a new environment with the settings of the one under the cursor.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "environments.rename",
        ("R",),
        "rename",
        "Rename",
        "Give the environment under the cursor another name, while nothing of it is built.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "environments.delete",
        ("D",),
        "delete",
        "Delete",
        "Delete the environment under the cursor, once nothing of it is left; its name is typed.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    # A new environment's settings
    Action("wizard.go_on", ("ctrl+s",), "go_on", "Go on", "Show the file that would be written."),
    Action("wizard.make", ("ctrl+s",), "make", "Make it", "Write the file and open the environment."),
    Action(
        "wizard.down",
        ("down", "tab"),
        "field(1)",
        "Next field",
        "To the next field; in a field Enter does the same.",
        footer=Footer.NEVER,
    ),
    Action(
        "wizard.up",
        ("up", "shift+tab"),
        "field(-1)",
        "Field before",
        "To the field before.",
        footer=Footer.NEVER,
    ),
    Action(
        "wizard.problem",
        ("ctrl+n",),
        "problem",
        "Next problem",
        "To the next field that is wrong or missing.",
    ),
    # Overview
    Action("overview.build", ("b",), "go('build')", "Build", "Go to Build: plan, build, clean up."),
    Action(
        "overview.checklist",
        ("c",),
        "checklist",
        "Checklist",
        "What must be there before a first build, and one key to do each.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action("checklist.do", ("enter",), "do", "Do it", "Do what the row says; it is asked for first."),
    # Credentials
    Action(
        "credentials.renew",
        ("r",),
        "renew",
        "Renew",
        "Renew the credentials; a code is asked for where needed.",
    ),
    Action(
        "credentials.forget",
        ("f",),
        "forget",
        "Forget",
        "Forget the session that is kept in the keyring or in kubeplat; the next use begins a new one.",
    ),
    Action("credentials.copy", ("y",), "copy", "Copy ARN", "Copy the ARN of the identity (OSC 52)."),
    # Variables
    Action(
        "variables.edit",
        ("enter",),
        "screen.edit",
        "Edit",
        "Edit the value of the variable under the cursor.",
    ),
    Action(
        "variables.toggle",
        ("space",),
        "screen.switch",
        "Switch",
        "Switch a yes-or-no value, or take the next of a choice.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action("variables.save", ("ctrl+s",), "save", "Save", "Show what changed, then write the file."),
    Action("editor.take", ("ctrl+s",), "take", "Take it", "Take the value into the form."),
    Action("editor.cancel", ("escape",), "cancel", "Leave it", "Leave the value as it was."),
    Action(
        "variables.reset",
        ("r",),
        "reset",
        "Default",
        "Take the variable out of the file: its default holds again.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "variables.problem",
        ("p",),
        "problem",
        "Next problem",
        "Go to the next variable that is wrong or missing.",
    ),
    Action("variables.undo", ("u",), "undo", "Undo", "Take back what is not saved of this variable."),
    Action(
        "variables.text",
        ("ctrl+t",),
        "text",
        "Form/text",
        "Change between the form and the file's own text.",
    ),
    # Build
    Action("build.approve", ("a",), "approve", "Approve", "Say yes to the question; it is asked once more."),
    Action("build.decline", ("x",), "decline", "Decline", "Say no to the question; nothing is changed."),
    Action(
        "build.run",
        ("b",),
        "run",
        "Build",
        "Bring the environment to its plan; every change is shown and asked for first.",
    ),
    Action("build.plan", ("p",), "plan", "Plan", "Show what a build would change; changes nothing."),
    Action(
        "build.stop",
        ("ctrl+c",),
        "stop",
        "Stop",
        "Ask Terraform to stop cleanly after the resources at work.",
    ),
    Action("build.view", ("v",), "view(1)", "View", "The next view: checks, plan, resources, summary."),
    Action("build.view_before", ("V",), "view(-1)", "View before", "The view before.", footer=Footer.NEVER),
    Action(
        "build.log", ("L",), "log", "Log", "The log small, large, or away.", footer=Footer.WHERE_THERE_IS_ROOM
    ),
    Action(
        "build.cleanup",
        ("D",),
        "cleanup",
        "Clean up",
        "Destroy everything of the environment; its name is asked for.",
    ),
    Action("build.yes", ("y",), "yes", "Yes", "Yes: apply what was reviewed."),
    Action("build.no", ("n", "escape"), "no", "Not yet", "Back to the question."),
    # The plan's tree
    Action(
        "plan.toggle",
        ("enter",),
        "fold",
        "Open/close",
        "Open or close the row: its attributes, a long value whole.",
    ),
    Action(
        "plan.into",
        ("l", "right"),
        "into",
        "Open",
        "Open the row, or go to its first one.",
        footer=Footer.NEVER,
    ),
    Action(
        "plan.out", ("h", "left"), "out", "Close", "Close the row, or go to its heading.", footer=Footer.NEVER
    ),
    Action(
        "plan.open_all",
        ("plus",),
        "open_all",
        "Open all",
        "Open every resource.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "plan.close_all",
        ("minus",),
        "close_all",
        "Close all",
        "Close everything.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    # Lines that can be copied: plan, resources, summary
    Action(
        "line.copy",
        ("y",),
        "copy",
        "Copy",
        "Copy what the row says, whole (OSC 52).",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    # The log
    Action(
        "log.next",
        ("n",),
        "hit(True)",
        "Next hit",
        "To the next line that matches.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "log.previous",
        ("N",),
        "hit(False)",
        "Hit before",
        "To the line before that matches.",
        footer=Footer.NEVER,
    ),
    Action(
        "log.hits",
        ("f",),
        "only_hits",
        "Matches/all",
        "Show only lines that match, or all lines with the matches marked.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "log.context",
        ("c",),
        "context",
        "Context",
        "Show 0, 2, 5 or 10 lines around each match.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "log.wrap",
        ("w",),
        "wrap",
        "Wrap",
        "Show long lines whole, or cut.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "log.save",
        ("s",),
        "save",
        "Save",
        "Write the lines shown to a file.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    # Instances and volumes
    Action(
        "instances.terminate",
        ("T",),
        "terminate",
        "Terminate",
        "Terminate the instance, or the marked ones, and follow the replacement; the name is asked for.",
    ),
    Action(
        "instances.layer",
        ("L",),
        "terminate_layer",
        "Terminate layer",
        "Terminate the whole layer of the instance under the cursor: masters one after the other.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "instances.scale",
        ("S",),
        "scale",
        "Scale",
        "Give a pool of workers another size, within its bounds.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "instances.stop",
        ("x",),
        "stop",
        "Stop/close",
        "Stop waiting for replacements (AWS goes on by itself), or close the line that says how it ended.",
    ),
    Action(
        "instances.volumes", ("v",), "other", "Volumes/instances", "Change between instances and volumes."
    ),
    Action(
        "instances.shell",
        ("s",),
        "machine_shell",
        "Shell",
        "Open a shell on the machine in a tab of the SSH screen, through the bastion.",
    ),
    # Secrets
    Action(
        "secrets.open",
        ("enter",),
        "open",
        "Open",
        "Open or close the folder; on a file go into its preview.",
    ),
    Action(
        "secrets.fetch",
        ("f",),
        "fetch",
        "Fetch",
        "Bring from the bucket what differs: of the marked files, else of the row and everything below it.",
    ),
    Action(
        "secrets.upload",
        ("u",),
        "upload",
        "Upload",
        "Bring to the bucket what differs: of the marked files, else of the row and everything below it.",
    ),
    Action(
        "secrets.edit",
        ("e",),
        "edit",
        "Edit",
        "Edit the file of the working copy here; uploading it is a step of its own.",
    ),
    Action(
        "secrets.editor",
        ("E",),
        "editor",
        "$EDITOR",
        "Edit the file in $VISUAL or $EDITOR; no copy of it is left behind.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.versions",
        ("v",),
        "versions",
        "Versions",
        "Every version in the bucket, what changed between them, and restoring one.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.reveal",
        ("r",),
        "reveal",
        "Reveal",
        "Show what is masked in the preview; it hides again after 30 seconds.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.copy_value",
        ("c",),
        "copy_value",
        "Copy value",
        "Copy a value of the file without showing it (OSC 52).",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.renew",
        ("R",),
        "renew",
        "Renew",
        "Make a new key and certificate for this one, here; then they can be uploaded.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.make",
        ("m",),
        "make",
        "Make",
        "Make what a cluster needs and is missing, here; nothing that is there is touched.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.delete",
        ("D",),
        "delete",
        "Delete",
        "Delete the marked files, or the file under the cursor: here, in the bucket, or both; typed.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.save_list",
        ("s",),
        "save_list",
        "Save list",
        "Write the list of the files, never their contents, to a CSV or JSON file.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.copy_key",
        ("y",),
        "copy_key",
        "Copy key",
        "Copy the object's key (OSC 52).",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "secrets.open_all",
        ("plus",),
        "open_all",
        "Open all",
        "Open every folder.",
        footer=Footer.NEVER,
    ),
    Action(
        "secrets.close_all",
        ("minus",),
        "close_all",
        "Close all",
        "Close every folder.",
        footer=Footer.NEVER,
    ),
    Action(
        "secrets.stop",
        ("ctrl+c",),
        "stop",
        "Stop",
        "Stop the transfer after the files under way; what was there stays whole.",
    ),
    Action("moves.choose", ("space",), "choose", "Other choice", "Choose another way for this file."),
    Action("moves.choose_all", ("a",), "choose_all", "For all", "Take this file's choice for every file."),
    Action(
        "moves.deletions",
        ("d",),
        "deletions",
        "Deletions",
        "Delete what was deleted on the other side too, or leave it.",
    ),
    # A secret's versions, and editing it
    Action(
        "history.against",
        ("a",),
        "against",
        "Compare with",
        "Compare with the version before, with the newest, or with the working copy.",
    ),
    Action(
        "history.reveal",
        ("r",),
        "reveal",
        "Reveal",
        "Show what is masked in the difference; it hides again after 30 seconds.",
    ),
    Action(
        "history.restore",
        ("R",),
        "restore",
        "Restore",
        "Make this version the newest one in the bucket; it is asked for, and every version stays.",
    ),
    Action("secret_editor.save", ("ctrl+s",), "save", "Save", "Check it, show the difference, then save."),
    Action("secret_editor.leave", ("escape",), "leave", "Leave", "Close; what is not saved is asked about."),
    # SSH: the machines and the sessions
    Action(
        "ssh.connect",
        ("s",),
        "connect(False)",
        "Shell",
        "Open a shell on the machine in a tab of its own, through the bastion.",
        footer=Footer.NEVER,
    ),
    Action(
        "ssh.connect_agent",
        ("A",),
        "connect(True)",
        "With agent",
        "Open a shell with your SSH agent forwarded: whoever is root there can use its keys meanwhile.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.keys",
        (PREFIX,),
        "leave_typing",
        "kubeplat's keys",
        "Leave the keys to kubeplat; Enter goes back to typing, the same key again is sent to the machine.",
    ),
    Action("ssh.type", ("enter",), "type", "Type", "Go back to typing into the session."),
    Action(
        "ssh.literal",
        (PREFIX,),
        "literal",
        "Send it",
        "Send this key itself to the machine, and go back to typing.",
        footer=Footer.NEVER,
    ),
    Action("ssh.reconnect", ("r",), "reconnect", "Reconnect", "Connect again in this tab; its text stays."),
    Action("ssh.close", ("x",), "close", "Close", "Close the tab; a shell that still runs is asked about."),
    Action("ssh.new", ("n",), "new", "New session", "Choose a machine for another session."),
    Action(
        "ssh.duplicate",
        ("N",),
        "duplicate",
        "Another one",
        "Open another session on the same machine.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.next",
        ("tab", "ctrl+pagedown"),
        "tab(1)",
        "Next tab",
        "Go to the next tab.",
    ),
    Action(
        "ssh.previous",
        ("shift+tab", "ctrl+pageup"),
        "tab(-1)",
        "Tab before",
        "Go to the tab before.",
        footer=Footer.NEVER,
    ),
    Action(
        "ssh.split",
        ("v",),
        "split",
        "Split",
        "Show two sessions: side by side on a wide screen, above each other on a narrow one; again: one.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.broadcast",
        ("B",),
        "broadcast",
        "Broadcast",
        "Choose tabs that all get what is typed into one of them; again: end it.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.search",
        ("slash",),
        "search",
        "Search",
        "Search the text of the session, its history too.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.copy",
        ("y",),
        "copy",
        "Copy",
        "Copy what is selected, else what is seen (OSC 52).",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.save",
        ("w",),
        "save",
        "Save text",
        "Write the session's text with its history to a file of your own.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.rename",
        ("R",),
        "rename",
        "Rename",
        "Give the tab another name.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.forwards",
        ("f",),
        "forwards",
        "Forwards",
        "The port forwards: add, stop, restart.",
    ),
    Action(
        "ssh.api",
        ("K",),
        "api",
        "Kubernetes API",
        "Forward a local port to the Kubernetes API, and make a kubeconfig that uses it.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.put",
        ("u",),
        "put",
        "Upload",
        "Copy a file or folder to the machine (SFTP).",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "ssh.get",
        ("d",),
        "get",
        "Download",
        "Copy a file or folder from the machine (SFTP).",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action("ssh.stop", ("ctrl+c",), "stop", "Stop", "Stop what is being copied; no half file stays."),
    # A terminal's text, read by keyboard
    Action(
        "terminal.walk",
        ("c",),
        "walk",
        "Mark text",
        "Walk through the text by keyboard, its history too: mark, copy, search.",
        footer=Footer.WHERE_THERE_IS_ROOM,
    ),
    Action("terminal.mark", ("space", "v"), "mark('CELL')", "Mark", "Begin to mark here; again: stop."),
    Action("terminal.mark_lines", ("V",), "mark('LINE')", "Lines", "Mark whole lines from here."),
    Action(
        "terminal.copy", ("y", "enter"), "copy_marked", "Copy", "Copy what is marked (OSC 52), and go back."
    ),
    Action(
        "terminal.find", ("slash",), "find", "Search", "Search the text; the matches are marked as you type."
    ),
    Action("terminal.next", ("n",), "match(True)", "Next match", "To the next match."),
    Action(
        "terminal.previous",
        ("N",),
        "match(False)",
        "Match before",
        "To the match before.",
        footer=Footer.NEVER,
    ),
    Action("terminal.leave", ("escape", "q"), "leave", "Done", "Back to the end of the text."),
    Action("terminal.word", ("w",), "word(True)", "Next word", "To the next word.", footer=Footer.NEVER),
    Action("terminal.word_before", ("b",), "word(False)", "Word before", "Back a word.", footer=Footer.NEVER),
    Action("terminal.word_end", ("e",), "word_end", "Word's end", "To the word's end.", footer=Footer.NEVER),
    Action(
        "terminal.row_start", ("0",), "row_start", "Row's start", "To the row's start.", footer=Footer.NEVER
    ),
    Action(
        "terminal.row_end", ("dollar_sign",), "row_end", "Row's end", "To the row's end.", footer=Footer.NEVER
    ),
    # SSH: port forwards
    Action("forwards.add", ("a",), "add", "Add", "Add a forward: a port of a machine, or a SOCKS proxy."),
    Action("forwards.stop", ("x",), "stop_forward", "Stop", "Stop the forward; its port is closed."),
    Action(
        "forwards.restart",
        ("r",),
        "restart",
        "Restart",
        "Connect the forward again on the same local port.",
    ),
    Action("tick.switch", ("space", "enter"), "flip", "Switch", "Switch it on or off.", footer=Footer.NEVER),
    Action("broadcast.start", ("enter",), "start", "Start", "Send what is typed to every marked tab."),
    Action("broadcast.mark", ("space",), "mark", "Mark", "Take the tab in, or leave it out."),
    Action("broadcast.all", ("a",), "all", "All", "Take every tab in, or none."),
    # Yes or no
    Action("confirm.yes", ("y",), "yes", "Yes", "Yes."),
    Action("confirm.no", ("n",), "cancel", "No", "No: nothing happens."),
    # Tables
    _move("down", ("j", "down"), "Next row"),
    _move("up", ("k", "up"), "Row before"),
    _move("first", ("g", "home"), "First row"),
    _move("last", ("G", "end"), "Last row"),
    _move("half_down", ("ctrl+d",), "Half a page down"),
    _move("half_up", ("ctrl+u",), "Half a page up"),
    _move("page_down", ("pagedown",), "A page down"),
    _move("page_up", ("pageup",), "A page up"),
    _move("left", ("h", "left"), "Column before"),
    _move("right", ("l", "right"), "Next column"),
    Action(
        "table.open", ("enter",), "open", "Open", "Open or describe the row under the cursor.", Group.TABLE
    ),
    Action(
        "table.mark", ("space",), "mark", "Mark", "Mark the row, or take its mark.", Group.TABLE, Footer.NEVER
    ),
    Action(
        "table.sort",
        ("o",),
        "sort",
        "Sort",
        "Sort by the column under the cursor; again: reversed.",
        Group.TABLE,
        Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "table.copy",
        ("y",),
        "copy",
        "Copy",
        "Copy the whole value under the cursor (OSC 52).",
        Group.TABLE,
        Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "table.copy_row",
        ("Y",),
        "copy_row",
        "Copy row",
        "Copy the row, or every marked row, with tabs between.",
        Group.TABLE,
        Footer.NEVER,
    ),
    Action(
        "table.export",
        ("e",),
        "export",
        "Export",
        "Write the rows shown to a CSV or JSON file.",
        Group.TABLE,
        Footer.WHERE_THERE_IS_ROOM,
    ),
    # Sections of an environment
    _go("1", "overview", "Overview", "what it is and what to do next."),
    _go("2", "variables", "Variables", "its settings, as a form and as text."),
    _go("3", "build", "Build", "plan, build, clean up, watch it happen."),
    _go("4", "instances", "Instances", "its machines and volumes."),
    _go("5", "load_balancers", "Load balancers", "and the health of their targets."),
    _go("6", "secrets", "Secrets", "the bucket beside the working copy."),
    _go("7", "ssh", "SSH", "shells on the machines, port forwards, files."),
    Action(
        "environment.credentials",
        ("C",),
        "credentials",
        "Credentials",
        "Credentials: what is used, from where, until when; renew or forget them.",
        Group.GO,
        Footer.NEVER,
    ),
    # Everywhere
    Action(
        "screen.refresh",
        ("ctrl+r",),
        "refresh",
        "Refresh",
        "Read everything on this screen anew.",
        Group.ALWAYS,
        Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "screen.filter",
        ("slash",),
        "filter",
        "Filter",
        "Show only rows that match; ! first: only those that do not.",
        Group.ALWAYS,
    ),
    Action(
        "screen.shell",
        ("exclamation_mark",),
        "shell",
        "Shell",
        "Lend the terminal to a shell in the environment: every verb is a command there, and exit comes back.",
        Group.ALWAYS,
        Footer.NEVER,
    ),
    Action(
        "app.go_to",
        ("colon",),
        "app.go_to",
        "Go to",
        "Go to a screen or an environment by name.",
        Group.ALWAYS,
    ),
    Action(
        "app.palette",
        ("ctrl+p",),
        "app.command_palette",
        "Commands",
        "Search everything that can be done here.",
        Group.ALWAYS,
        Footer.NEVER,
    ),
    Action(
        "app.theme", ("t",), "app.change_theme", "Theme", "Choose another theme.", Group.ALWAYS, Footer.NEVER
    ),
    Action("app.help", ("question_mark",), "app.help", "Help", "Show the keys of this screen.", Group.ALWAYS),
    Action(
        "screen.back",
        ("escape",),
        "back",
        "Back",
        "One level back.",
        Group.ALWAYS,
        Footer.WHERE_THERE_IS_ROOM,
    ),
    Action(
        "screen.quit",
        ("q",),
        "leave",
        "Quit",
        "One level back; from the list of environments: quit.",
        Group.ALWAYS,
    ),
    Action("app.quit", ("ctrl+q",), "app.quit", "Quit", "Quit from anywhere.", Group.ALWAYS, Footer.NEVER),
    Action("difference.save", ("enter",), "agree", "Save", "Write the file."),
    # The filter's line, dialogs
    Action("filter.keep", ("enter",), "keep", "Keep", "Keep the filter and go back to the table."),
    Action("filter.clear", ("escape",), "clear", "Take away", "Take the filter away."),
    Action("goto.complete", ("tab",), "complete", "Complete", "Write the best match out."),
    Action("goto.older", ("up",), "history(-1)", "Older", "What was typed before."),
    Action("goto.newer", ("down",), "history(1)", "Newer", "What was typed after that."),
    Action("dialog.cancel", ("escape",), "cancel", "Cancel", "Close the dialog; nothing happens."),
    Action("dialog.close", ("escape", "q", "question_mark"), "cancel", "Close", "Close this."),
)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}


def bindings(*ids: str) -> list[BindingType]:
    """Textual's bindings of these actions. Raises `KeyError` for an id the table does not have."""
    return [
        Binding(
            ",".join(action.keys),
            action.call,
            action.title,
            show=action.footer is not Footer.NEVER,
            tooltip=action.help,
            id=action.id,
        )
        for action in (BY_ID[one] for one in ids)
    ]


_SHOWN = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "slash": "/",
    "colon": ":",
    "plus": "+",
    "minus": "-",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "upper_g": "G",
    "upper_y": "Y",
    **NAMED_SIGNS,
}


def shown(key: str) -> str:
    """A key as people write it: `?` for `question_mark`, `^r` for `ctrl+r`."""
    if key.startswith("ctrl+"):
        return f"^{shown(key.removeprefix('ctrl+'))}"
    return _SHOWN.get(key, key)
