"""What stands between an AWS client and moto: refusals that are final, and repetitions that do no harm."""

from __future__ import annotations

import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from kubeplat_tui.sandbox.door import LocalSandbox, stop
from kubeplat_tui.sandbox.retries import KEPT, KEPT_BYTES, AnswerRepetitionsAlike
from kubeplat_tui.sandbox.unimplemented import RefuseUnimplemented
from kubeplat_tui.services.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Counting:
    """An application that answers how often it was asked."""

    def __init__(self, status: str = "200 OK", size: int = 0) -> None:
        self.asked = 0
        self.status = status
        self.size = size

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        start_response(self.status, [("X-Asked", str(self.asked))])
        return [str(self.asked).encode().ljust(self.size)]


def ask(application: Any, call: str = "", method: str = "POST", **environ: str) -> tuple[str, bytes]:
    answers: list[str] = []
    if call:
        environ["HTTP_AMZ_SDK_INVOCATION_ID"] = call
    body = application({"REQUEST_METHOD": method, **environ}, lambda status, _: answers.append(status))
    return answers[0], b"".join(body)


def test_a_repetition_gets_the_first_answer() -> None:
    moto = Counting()
    application = AnswerRepetitionsAlike(moto)
    assert ask(application, "a") == ask(application, "a") == ("200 OK", b"1")
    assert ask(application, "b") == ("200 OK", b"2")
    assert moto.asked == 2


@pytest.mark.parametrize(
    ("moto", "request_"),
    [
        (Counting(), {"call": "a", "method": "GET"}),
        (Counting(), {"call": ""}),
        (Counting("500 Error"), {"call": "a"}),
        (Counting("400 Bad"), {"call": "a"}),
        (Counting(size=KEPT_BYTES + 1), {"call": "a"}),
    ],
    ids=["reading", "unmarked", "failed", "refused", "long"],
)
def test_everything_else_is_asked_again(moto: Counting, request_: dict[str, str]) -> None:
    application = AnswerRepetitionsAlike(moto)
    ask(application, **request_)
    ask(application, **request_)
    assert moto.asked == 2


def test_it_forgets_old_calls() -> None:
    moto = Counting()
    application = AnswerRepetitionsAlike(moto)
    for number in range(KEPT + 1):
        ask(application, str(number))
    ask(application, "0")
    assert moto.asked == KEPT + 2


def test_a_repetition_waits_for_the_first_attempt() -> None:
    begun, go_on = threading.Event(), threading.Event()
    asked: list[str] = []

    def slow(environ: Any, start_response: Any) -> Iterable[bytes]:
        asked.append("")
        begun.set()
        assert go_on.wait(30)
        start_response("200 OK", [])
        return [b"made"]

    application = AnswerRepetitionsAlike(slow)
    answers: list[tuple[str, bytes]] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(application, "a"))) for _ in range(2)]
    threads[0].start()
    assert begun.wait(30)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert answers == [("200 OK", b"made")] * 2
    assert len(asked) == 1


def test_a_first_attempt_that_broke_is_not_repeated_blindly() -> None:
    calls: list[int] = []

    def broken_once(environ: Any, start_response: Any) -> Iterable[bytes]:
        calls.append(1)
        if len(calls) == 1:
            raise NotImplementedError
        start_response("200 OK", [])
        return [b"made"]

    application = AnswerRepetitionsAlike(broken_once)
    with pytest.raises(NotImplementedError):
        ask(application, "a")
    assert ask(application, "a") == ("200 OK", b"made")


SIGNED = "AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host"


@pytest.mark.parametrize(("service", "path"), [("ec2", "Errors/Error"), ("iam", "Error")])
def test_what_moto_cannot_is_refused_in_the_services_form(service: str, path: str) -> None:
    def moto(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise NotImplementedError("fly & swim")

    status, body = ask(RefuseUnimplemented(moto), HTTP_AUTHORIZATION=SIGNED.format(service))
    assert status.startswith("501")
    error = ET.fromstring(body).find(path)  # noqa: S314 - our own document
    assert error is not None
    assert error.findtext("Code") == "NotImplemented"
    assert error.findtext("Message") == "The sandbox cannot do this: fly & swim"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    opened = Cloud("eu-west-1", None, LocalSandbox(tmp_path).open())
    yield opened
    opened.close()
    stop(tmp_path)


def send_twice(client: Any) -> None:
    """Let each request of `client` arrive once more before it is sent: as though its first answer had been
    lost.
    """

    def send(request: Any, **_: Any) -> None:
        again = urllib.request.Request(  # noqa: S310 - the sandbox on loopback
            request.url,
            data=request.body.encode(),
            headers=dict(request.headers.items()),
            method=request.method,
        )
        with urllib.request.urlopen(again) as answer:  # noqa: S310 - see above
            answer.read()

    client.meta.events.register("before-send", send)


def test_a_lost_answer_does_not_break_a_call(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="one", Description="d", VpcId=vpc)["GroupId"]
    send_twice(ec2)
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    listed = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    ingress = [each for each in listed["SecurityGroupRules"] if not each["IsEgress"]]
    assert [each["SecurityGroupRuleId"] for each in ingress] == [
        each["SecurityGroupRuleId"] for each in answer["SecurityGroupRules"]
    ]
    before = len(ec2.describe_volumes()["Volumes"])
    ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1)
    assert len(ec2.describe_volumes()["Volumes"]) == before + 1


def test_many_at_once_are_all_answered(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")

    def make(_: int) -> str:
        return str(ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1)["VolumeId"])

    with ThreadPoolExecutor(12) as pool:
        made = set(pool.map(make, range(120)))
    assert made == {each["VolumeId"] for each in ec2.describe_volumes()["Volumes"]}
