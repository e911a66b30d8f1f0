"""The keys we log in with: which, in what order, and how a passphrase is come by."""

from __future__ import annotations

import base64
import io
import os
import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import paramiko
import pytest
from keyring.errors import KeyringLocked
from paramiko.message import Message

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.ssh.identity import MOST
from kubeplat_tui.services.ssh.model import AuthenticationError, NoKeyError, Passphrase
from kubeplat_tui.services.ssh_passphrase import protect
from tests.unit.keyrings import MemoryKeyring, using
from tests.unit.ssh_machines import Lab, Person
from tests.unit.ssh_servers import ed25519

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORD = "correct horse battery"
ENTRY = ("kubeplat", "demo/ssh-passphrase")


class Agent:
    """A running ssh-agent with these keys (draft-miller-ssh-agent)."""

    def __init__(self, path: Path, held: list[paramiko.PKey]) -> None:
        self.held = held
        self.signed = 0
        self.refuses: list[paramiko.PKey] = []
        self.path = path
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(os.fspath(path))
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as file:
            while head := file.read(4):
                request = Message(file.read(int.from_bytes(head, "big")))
                answer = self._to(request).asbytes()
                client.sendall(len(answer).to_bytes(4, "big") + answer)

    def _to(self, request: Message) -> Message:
        answer = Message()
        if request.get_byte() == b"\x0b":  # SSH_AGENTC_REQUEST_IDENTITIES
            answer.add_byte(b"\x0c")
            answer.add_int(len(self.held))
            for key in self.held:
                answer.add_string(key.asbytes())
                answer.add_string("a key of mine")
            return answer
        blob, data = request.get_binary(), request.get_binary()
        key = next(each for each in self.held if each.asbytes() == blob)
        if key in self.refuses:
            answer.add_byte(b"\x05")  # SSH_AGENT_FAILURE
            return answer
        answer.add_byte(b"\x0e")  # SSH_AGENT_SIGN_RESPONSE
        answer.add_string(key.sign_ssh_data(data).asbytes())
        self.signed += 1
        return answer


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path, environ={"SSH_AUTH_SOCK": os.fspath(tmp_path / "agent")})
    yield made
    made.close()


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with using(backend):
        yield backend


def own(lab: Lab) -> paramiko.PKey:
    """The environment's key, as an agent may have it."""
    return paramiko.Ed25519Key.from_private_key(io.StringIO(lab.private.decode()))


def connect(lab: Lab, person: Person) -> list[str]:
    """Log in to the bastion; what was said meanwhile."""
    steps: list[str] = []
    lab.connections.connect(lab.bastion.instance, person, say=steps.append)
    return steps


def offered(lab: Lab) -> list[bytes]:
    return [blob for _, blob in lab.bastion.offered]


def test_the_environment_s_key_is_enough_and_nothing_is_asked(lab: Lab, memory: MemoryKeyring) -> None:
    person = Person()
    connect(lab, person)
    assert offered(lab) == [lab.public]
    assert not person.asked_for_passphrase


def test_a_protected_key_is_asked_for_once_and_stays_open(lab: Lab, memory: MemoryKeyring) -> None:
    lab.put_key(protect(lab.private, WORD))
    person = Person(passphrases=[Passphrase(WORD)])
    connect(lab, person)
    connect(lab, person)
    (question,) = person.asked_for_passphrase
    assert (question.environment, question.can_remember, question.wrong) == ("demo", True, False)
    fingerprint = keys.ssh_public("key", lab.private).split()[1]
    assert base64.b64decode(fingerprint) == lab.public
    assert question.fingerprint.startswith("SHA256:")
    assert not memory.entries


def test_a_wrong_passphrase_is_said_and_asked_again(lab: Lab, memory: MemoryKeyring) -> None:
    lab.put_key(protect(lab.private, WORD))
    person = Person(passphrases=[Passphrase("wrong"), Passphrase(WORD, remember=True)])
    connect(lab, person)
    assert [question.wrong for question in person.asked_for_passphrase] == [False, True]
    assert memory.entries == {ENTRY: WORD}


def test_a_remembered_passphrase_is_used_and_a_stale_one_is_asked_anew(
    lab: Lab, memory: MemoryKeyring
) -> None:
    lab.put_key(protect(lab.private, WORD))
    memory.entries[ENTRY] = WORD
    person = Person()
    connect(lab, person)
    assert not person.asked_for_passphrase
    lab.connections.close()
    memory.entries[ENTRY] = "an older one"
    lab.connections = lab.connect_with()
    person = Person(passphrases=[Passphrase(WORD)])
    connect(lab, person)
    assert len(person.asked_for_passphrase) == 1


def test_three_wrong_passphrases_end_it(lab: Lab, memory: MemoryKeyring) -> None:
    lab.put_key(protect(lab.private, WORD))
    person = Person(passphrases=[Passphrase("wrong")] * 4)
    with pytest.raises(NoKeyError, match="None of 3 passphrases opened demo's ssh key"):
        connect(lab, person)
    assert len(person.asked_for_passphrase) == 3
    assert not lab.bastion.offered


def test_who_gives_no_passphrase_sends_nothing(lab: Lab, memory: MemoryKeyring) -> None:
    lab.put_key(protect(lab.private, WORD))
    with pytest.raises(NoKeyError, match="was not given"):
        connect(lab, Person())
    assert not lab.bastion.offered


def test_a_keyring_that_fails_is_said_and_nothing_more(lab: Lab, memory: MemoryKeyring) -> None:
    lab.put_key(protect(lab.private, WORD))
    memory.error = KeyringLocked("locked")
    steps = connect(lab, Person(passphrases=[Passphrase(WORD, remember=True)]))
    said = [step for step in steps if "keyring" in step]
    assert len(said) == 2
    assert all("It is locked." in sentence for sentence in said)


def test_several_at_once_ask_for_one_passphrase(lab: Lab, memory: MemoryKeyring) -> None:
    lab.put_key(protect(lab.private, WORD))
    person = Person(passphrases=[Passphrase(WORD)])
    threads = [threading.Thread(target=connect, args=(lab, person)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(person.asked_for_passphrase) == 1
    assert offered(lab) == [lab.public] * 4


def test_the_agent_s_copy_spares_the_passphrase(lab: Lab, tmp_path: Path) -> None:
    lab.put_key(protect(lab.private, WORD))
    with closing(Agent(tmp_path / "agent", [ed25519(), own(lab)])) as agent:
        person = Person()
        connect(lab, person)
        assert offered(lab) == [lab.public]
        assert agent.signed == 1
    assert not person.asked_for_passphrase


def test_the_agent_s_other_keys_come_after_our_own_and_only_a_few(lab: Lab, tmp_path: Path) -> None:
    lab.bastion.accepted = []
    others = [ed25519() for _ in range(8)]
    with closing(Agent(tmp_path / "agent", others)), pytest.raises(AuthenticationError) as refusal:
        connect(lab, Person())
    assert offered(lab) == [lab.public, *(key.asbytes() for key in others[: MOST - 1])]
    assert refusal.value.why.count("SHA256:") == MOST < lab.bastion.most_tries
    assert "(a key of mine)" in refusal.value.why


def test_an_agent_s_key_that_the_machine_knows_lets_in(lab: Lab, tmp_path: Path) -> None:
    known = ed25519()
    lab.bastion.accepted = [known.asbytes()]
    with closing(Agent(tmp_path / "agent", [ed25519(), known])) as agent:
        connect(lab, Person())
        assert agent.signed == 2


def test_a_key_whose_owner_says_no_does_not_keep_the_next_from_being_tried(lab: Lab, tmp_path: Path) -> None:
    asks, known = ed25519(), ed25519()
    lab.bastion.accepted = [asks.asbytes(), known.asbytes()]
    with closing(Agent(tmp_path / "agent", [asks, known])) as agent:
        agent.refuses = [asks]
        connect(lab, Person())
        assert agent.signed == 1
        agent.refuses = [asks, known]
        with pytest.raises(AuthenticationError) as refusal:
            connect(lab, Person())
    assert refusal.value.why.count("the agent did not sign") == 2


def test_without_any_key_it_says_where_it_looked(lab: Lab) -> None:
    (lab.site.folders.secrets / "locked" / "id_ed25519").unlink()
    with pytest.raises(NoKeyError) as refusal:
        connect(lab, Person())
    assert "the agent has no keys" in refusal.value.why
    assert "demo has no KMS key yet" in refusal.value.why
    assert "fetch-secrets" in refusal.value.todo


def test_without_our_own_key_the_agent_s_are_tried(lab: Lab, tmp_path: Path) -> None:
    (lab.site.folders.secrets / "locked" / "id_ed25519").unlink()
    with closing(Agent(tmp_path / "agent", [own(lab)])):
        connect(lab, Person())
    assert offered(lab) == [lab.public]


def test_an_agent_that_is_gone_or_speaks_nonsense_is_none(lab: Lab, tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(os.fspath(tmp_path / "agent"))
        connect(lab, Person())
    (tmp_path / "agent").unlink()
    connect(lab, Person())
    assert offered(lab) == [lab.public] * 2


def test_a_key_of_another_kind_is_refused_with_a_sentence(lab: Lab) -> None:
    lab.put_key(b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n")
    with pytest.raises(KubeplatError, match="locked/id_ed25519"):
        connect(lab, Person())


def test_what_the_file_says_now_counts(lab: Lab, memory: MemoryKeyring) -> None:
    """A key that was rotated while the program ran."""
    connect(lab, Person())
    fresh = keys.generate_ssh()
    lab.put_key(fresh)
    lab.bastion.accepted = [base64.b64decode(keys.ssh_public("key", fresh).split()[1])]
    connect(lab, Person())
    assert len(offered(lab)) == 2


def test_the_agent_is_lent_only_on_request_and_only_while_the_session_lives(lab: Lab, tmp_path: Path) -> None:
    lent = ed25519()
    with closing(Agent(tmp_path / "agent", [lent])):
        connection = lab.connections.connect(lab.bastion.instance, Person())
        without = connection.command("ask-agent")
        assert b"".join(iter(without.read, b"")) == b"no agent"
        shell = connection.command("ask-agent", agent=True)
        assert base64.b64decode(b"".join(iter(shell.read, b""))) == lent.asbytes()
        shell.close()
