"""kmsctl as its users know it: commands, words, formats, exit codes; and what was mended."""

from __future__ import annotations

import io
import os
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.kmsctl.folder import PARTIAL, Folder
from kubeplat_tui.kmsctl.sync import seconds
from kubeplat_tui.services import crew, state_bucket, whereabouts
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Stop
from tests.unit.kmsctl_support import BUCKET, REGION, Kmsctl, client, get, keys, put

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def kmsctl(
    in_process_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Kmsctl:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    return Kmsctl(home, {"AWS_DEFAULT_REGION": REGION, "HOME": str(home)}, capfd)


def mode(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def names(folder: str | Path) -> list[str]:
    return sorted(each.name for each in Path(folder).iterdir())


def versions(key: str) -> int:
    listed = client("s3").list_object_versions(Bucket=BUCKET, Prefix=key)
    return len(listed.get("Versions", [])) + len(listed.get("DeleteMarkers", []))


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Answer questions with `text`, at a terminal."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(text))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


# --- keys ---------------------------------------------------------------------------------------------------------


def test_a_key_is_made_rotating_and_with_an_alias(kmsctl: Kmsctl) -> None:
    made = kmsctl("kms", "create", "--name", "platform", "--description", "for all of it")
    assert made.code == 0
    assert made.out.startswith("successfully created the key: platform ")
    key_id = made.out.split()[-1]
    found = client("kms").describe_key(KeyId="alias/platform")["KeyMetadata"]
    assert (found["KeyId"], found["Description"]) == (key_id, "for all of it")
    assert client("kms").get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is True
    listed = kmsctl("kms", "ls")
    assert listed.lines[0].split()[:4] == [key_id, "alias/platform", "Enabled", "rotates"]
    assert kmsctl("kms").out == kmsctl("kms", "list").out == listed.out
    again = kmsctl("kms", "create", "-n", "platform")
    assert again.code == 2
    assert "already exists with this name: platform" in again.err
    assert kmsctl("kms", "create", "-n", "aws/s3").code == 2


def test_a_key_is_deleted_after_it_was_asked(kmsctl: Kmsctl, monkeypatch: pytest.MonkeyPatch) -> None:
    kmsctl("kms", "create", "-n", "old")
    refused = kmsctl("kms", "delete", "-n", "old")
    assert refused.code == 2
    assert "no terminal to ask at" in refused.err
    type_in(monkeypatch, "no\n")
    assert kmsctl("kms", "delete", "-n", "old").code == 1
    assert client("kms").describe_key(KeyId="alias/old")["KeyMetadata"]["KeyState"] == "Enabled"
    type_in(monkeypatch, "old\n")
    deleted = kmsctl("kms", "rm", "old", "--days", "12")
    assert deleted.code == 0
    assert "successfully deleted the kms key: old" in deleted.out
    (left,) = kmsctl("--format", "json", "kms", "ls").records
    assert (left["state"], left["alias"]) == ("PendingDeletion", None)
    assert left["deletion"]
    assert kmsctl("kms", "delete", "old", "--yes").code == 1
    assert kmsctl("kms", "delete", "old", "--days", "3").code == 2


def test_only_the_alias_of_a_key_is_deleted_on_request(kmsctl: Kmsctl) -> None:
    kmsctl("kms", "create", "-n", "old")
    assert kmsctl("kms", "delete", "-n", "old", "--no-schedule-deletion").code == 0
    (left,) = kmsctl("--format", "json", "kms", "ls").records
    assert (left["state"], left["alias"]) == ("Enabled", None)


def test_listings_go_through_all_pages(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    kms = client("kms")
    for number in range(60):
        kms.create_alias(AliasName=f"alias/n{number}", TargetKeyId=kmsctl.environ["AWS_KMS_ID"])
    assert len(kmsctl("kms", "ls").lines) == 61
    for number in range(1003):
        put(f"{number:04}", b"")
    assert len(kmsctl("ls").lines) == 1003


# --- buckets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["bucket", "buckets", "s3"])
def test_a_bucket_is_made_safe(kmsctl: Kmsctl, word: str) -> None:
    kmsctl("kms", "create", "-n", "ours")
    made = kmsctl(word, "create", "--bucket", BUCKET, "--kms", "alias/ours")
    assert made.lines == [f"successfully created the bucket: {BUCKET}"]
    s3 = client("s3")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    blocked = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    rule = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"][0]
    arn = client("kms").describe_key(KeyId="alias/ours")["KeyMetadata"]["Arn"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    assert kmsctl(word, "create", "-n", BUCKET, "-k", "alias/ours").code == 2
    assert kmsctl(word).lines[0].startswith(BUCKET)
    assert kmsctl(word, "ls").out == kmsctl(word, "list").out == kmsctl(word).out
    (row,) = kmsctl("--format", "json", word).records
    assert row["bucket"] == BUCKET


def test_a_bucket_that_is_made_before_any_key_is_encrypted_by_s3_until_a_run_sets_the_key(
    kmsctl: Kmsctl,
) -> None:
    made = kmsctl("bucket", "create", "--bucket", BUCKET)
    assert made.lines == [f"successfully created the bucket: {BUCKET}"]
    assert "no KMS key is named" in made.err
    cloud = Cloud(REGION, None)
    found = state_bucket.find_bucket(cloud, cloud.identity(), BUCKET, "demo")
    assert found is not None
    assert found.open == ("encryption by a KMS key",)
    state_bucket.protect_bucket(cloud, BUCKET, f"arn:aws:kms:{REGION}:123456789012:key/1")
    found = state_bucket.find_bucket(cloud, cloud.identity(), BUCKET, "demo")
    assert found is not None
    assert found.open == ()


def test_a_bucket_is_deleted_only_when_empty_or_asked(
    kmsctl: Kmsctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    kmsctl.make()
    put("a")
    kmsctl("rm", "a")
    full = kmsctl("bucket", "delete", "--name", BUCKET)
    assert full.code == 2
    assert "is not empty" in full.err
    assert kmsctl("bucket", "delete", "--name", BUCKET, "--force").code == 2
    type_in(monkeypatch, "yes\n")
    assert kmsctl("bucket", "delete", "--name", BUCKET, "--force").code == 1
    type_in(monkeypatch, f"{BUCKET}\n")
    gone = kmsctl("bucket", "delete", "--name", BUCKET, "--force")
    assert gone.lines == [f"successfully deleted the bucket: {BUCKET}"]
    assert client("s3").list_buckets()["Buckets"] == []
    absent = kmsctl("bucket", "delete", BUCKET)
    assert (absent.code, absent.err.splitlines()[-1][:40]) == (
        1,
        f"error: There is no bucket {BUCKET}. kmsctl"[:40],
    )


# --- listing ------------------------------------------------------------------------------------------------------


def test_a_bucket_is_listed(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    for key in ("a", "folder/b", "folder/deep/c", "folder-2/d"):
        put(key, b"12345")
    everything = ["a", "folder-2/d", "folder/b", "folder/deep/c"]
    assert kmsctl("ls").lines == kmsctl("ls", "/").lines == kmsctl("list", "-r").lines == everything
    assert kmsctl("ls", "--no-recursive").lines == ["a", "folder-2/", "folder/"]
    assert kmsctl("ls", "folder").lines == kmsctl("ls", "/folder/").lines == ["folder/b", "folder/deep/c"]
    assert kmsctl("ls", "a", "folder/deep").lines == ["a", "folder/deep/c"]
    nothing = kmsctl("ls", "fold")
    assert (nothing.code, nothing.out) == (1, "")
    long = kmsctl("ls", "-l", "a").lines[0].split()
    assert (long[1], long[-1]) == ("5", "a")
    (row,) = kmsctl("-f", "json", "ls", "-l", "a").records
    assert (row["key"], row["size"], row["class"]) == ("a", 5, "STANDARD")
    assert list(yaml.safe_load_all(kmsctl("ls", "a", "--format", "yml").out)) == [{"key": "a"}]


# --- getting ------------------------------------------------------------------------------------------------------


def test_files_are_brought_here_for_their_owner_only(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    put("a", b"one")
    put("addons/calico/deployment.yml", b"two")
    got = kmsctl("get", "-r", "-d", "secrets", "/")
    assert got.code == 0
    assert sorted(got.lines) == [
        "retrieved the file: a and wrote to: secrets/a",
        "retrieved the file: addons/calico/deployment.yml and wrote to: secrets/addons/calico/deployment.yml",
    ]
    assert Path("secrets/addons/calico/deployment.yml").read_bytes() == b"two"
    assert mode("secrets/a") == 0o600
    assert {mode(folder) for folder in ("secrets", "secrets/addons", "secrets/addons/calico")} == {0o700}
    assert not list(Path("secrets").rglob(f"{PARTIAL}*"))


def test_what_is_brought_can_be_chosen(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    for key in ("a", "b.crt", "deep/c.crt", "deep/er/d.crt"):
        put(key)
    kmsctl("get")
    assert names("secrets") == ["a", "b.crt"]
    kmsctl("get", "-d", "two", "deep/er/d.crt")
    assert [str(each) for each in Path("two").rglob("*.crt")] == ["two/deep/er/d.crt"]
    kmsctl("get", "--flatten", "-r", "-f", r"\.crt$", "--output-dir", "three", "--perms", "0640")
    assert names("three") == ["b.crt", "c.crt", "d.crt"]
    assert (mode("three/c.crt"), mode("three")) == (0o640, 0o750)
    kmsctl.environ["KMSCTL_OUTPUT_DIR"] = "four"
    kmsctl("get", "deep")
    assert [str(each) for each in Path("four").rglob("*.crt")] == ["four/deep/c.crt"]
    absent = kmsctl("get", "none")
    assert absent.code == 1
    assert "There is nothing to get at none" in absent.err


def test_two_files_never_become_one(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    put("x/key", b"1")
    put("y/key", b"2")
    refused = kmsctl("get", "-r", "--flatten")
    assert refused.code == 2
    assert "would both become secrets/key" in refused.err
    assert not Path("secrets/key").exists()


def test_keys_that_cannot_be_files_are_left_out_and_said(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    for key in ("../outside", "a//b", "folder/", "good"):
        put(key)
    got = kmsctl("get", "-r")
    assert got.code == 3
    assert "'../outside' cannot be a file" in got.err
    assert [each.name for each in Path("secrets").rglob("*")] == ["good"]
    assert not Path("outside").exists()
    assert kmsctl("cat", "../outside").out == "one"


def test_bad_options_are_refused_before_anything_happens(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    for options in (["--filter", "["], ["--perms", "abc"], ["--perms", "0077"], ["--nonsense"]):
        assert kmsctl("get", *options).code == 2
    assert kmsctl("get", "--sync", "--sync-interval", "soon").code == 2
    assert kmsctl("put").code == 2
    assert kmsctl("--format", "xml", "ls").code == 2
    assert kmsctl().code == 2
    kmsctl.environ.pop("AWS_S3_BUCKET")
    unnamed = kmsctl("ls")
    assert unnamed.code == 2
    assert "No bucket was named" in unnamed.err
    assert not Path("secrets").exists()


def test_a_file_that_cannot_be_read_leaves_the_old_one(kmsctl: Kmsctl) -> None:
    key = kmsctl.make()
    put("a", b"new")
    Path("secrets").mkdir()
    Path("secrets/a").write_bytes(b"old")
    client("kms").disable_key(KeyId=key)
    failed = kmsctl("get", "a")
    assert failed.code == 1
    assert "the KMS key is disabled" in failed.err
    assert Path("secrets/a").read_bytes() == b"old"
    assert names("secrets") == ["a"]


def test_what_a_killed_get_left_is_taken_away(tmp_path: Path) -> None:
    here = whereabouts.pid_namespace()
    dead = tmp_path / f"{PARTIAL}99999999.{here}-abc"
    alive = tmp_path / f"{PARTIAL}{os.getpid()}.{here}-abc"
    # In another container the number may be anybody's: only its age tells.
    elsewhere = tmp_path / f"{PARTIAL}99999999.1-abc"
    abandoned = tmp_path / f"{PARTIAL}{os.getpid()}.1-abc"
    for left in (dead, alive, elsewhere, abandoned):
        left.write_bytes(b"half")
    os.utime(abandoned, (0, 0))
    Folder(tmp_path, 0o600).write(tmp_path / "a", [b"whole"])
    assert set(names(tmp_path)) == {alive.name, elsewhere.name, "a"}


def test_a_file_that_ends_half_way_is_not_there(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise crew.Stopped

    folder = Folder(tmp_path, 0o600)
    with pytest.raises(crew.Stopped):
        folder.write(tmp_path / "a", pieces())
    assert names(tmp_path) == []


def test_contents_are_shown_as_they_are(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    put("a", b"one\n")
    put("b", b"two")
    assert kmsctl("cat", "a", "/b").out == "one\ntwo"
    assert kmsctl("cat", "a", "--format", "json").records == [{"key": "a", "content": "one\n"}]
    put("/odd", b"\xff")
    assert kmsctl("cat", "/odd", "--format", "json").records == [{"key": "/odd", "content-base64": "/w=="}]
    absent = kmsctl("cat", "none")
    assert absent.code == 1
    assert f"none is not in the bucket {BUCKET}" in absent.err


# --- putting ------------------------------------------------------------------------------------------------------


def test_files_are_put_encrypted(kmsctl: Kmsctl) -> None:
    key = kmsctl.make()
    Path("folder/deep").mkdir(parents=True)
    Path("folder/a").write_bytes(b"one")
    Path("folder/deep/b").write_bytes(b"two")
    pushed = kmsctl("put", "./folder/a", "folder/deep")
    assert pushed.lines == [
        f"successfully pushed the file: folder/a to s3://{BUCKET}/folder/a",
        f"successfully pushed the file: folder/deep/b to s3://{BUCKET}/folder/deep/b",
    ]
    assert keys() == ["folder/a", "folder/deep/b"]
    found = client("s3").head_object(Bucket=BUCKET, Key="folder/a", ChecksumMode="ENABLED")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"], found["BucketKeyEnabled"]) == (
        "aws:kms",
        key,
        True,
    )
    assert found["ChecksumSHA256"]
    kmsctl("put", "--flatten", "folder")
    kmsctl("put", "--path", "x/y/", "folder/deep/b")
    assert keys() == ["a", "b", "folder/a", "folder/deep/b", "x/y/b"]
    kmsctl("put", "-p", "z", str(Path("folder/a").absolute()), "--format", "json")
    assert get("z/a") == b"one"


def test_nothing_is_put_without_a_key_or_under_two_names(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    for name in ("a", "d/a", "../outside"):
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    for arguments in (["none"], ["--flatten", "--path", "x", "a"], ["--flatten", "a", "d/a"], ["../outside"]):
        assert kmsctl("put", *arguments).code == 2
    client("s3").delete_bucket_encryption(Bucket=BUCKET)
    kmsctl.environ.pop("AWS_KMS_ID")
    refused = kmsctl("put", "a")
    assert refused.code == 2
    assert "Without a KMS key nothing is written" in refused.err
    absent = kmsctl("put", "a", "--kms", "alias/none")
    assert absent.code == 1
    assert "There is no KMS key alias/none" in absent.err
    assert keys() == []
    assert kmsctl("put", "a", "-b", "no-such-bucket", "-k", "alias/ours").code == 1


def test_the_buckets_own_key_is_enough(kmsctl: Kmsctl) -> None:
    key = kmsctl.make()
    kmsctl.environ.pop("AWS_KMS_ID")
    Path("a").write_bytes(b"one")
    assert kmsctl("put", "a").code == 0
    assert client("s3").head_object(Bucket=BUCKET, Key="a")["SSEKMSKeyId"] == key


def test_a_large_file_goes_both_ways(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    content = os.urandom(1 << 20) * 20
    Path("large").write_bytes(content)
    assert kmsctl("put", "large").code == 0
    found = client("s3").head_object(Bucket=BUCKET, Key="large")
    assert (found["ContentLength"], found["ServerSideEncryption"]) == (len(content), "aws:kms")
    assert found["ETag"].endswith('-3"')
    kmsctl("get", "large")
    assert Path("secrets/large").read_bytes() == content


# --- removing -----------------------------------------------------------------------------------------------------


def test_a_removed_file_can_come_back_unless_forced(kmsctl: Kmsctl, monkeypatch: pytest.MonkeyPatch) -> None:
    kmsctl.make()
    put("a", b"one")
    put("a", b"two")
    put("ab", b"other")
    removed = kmsctl("rm", "/a")
    assert removed.lines == [f"successfully deleted the file s3://{BUCKET}/a"]
    assert (keys(), versions("a")) == (["ab"], 4)
    again = kmsctl("delete", "a", "ab")
    assert again.code == 1
    assert f"failed to remove s3://{BUCKET}/a" in again.err
    assert f"successfully deleted the file s3://{BUCKET}/ab" in again.out
    assert kmsctl("rm", "--force", "a").code == 2
    type_in(monkeypatch, "yes\n")
    assert kmsctl("rm", "--force", "a").code == 0
    assert versions("a") == 2  # those of ab
    assert kmsctl("rm", "--force", "ab", "--yes").code == 0
    assert versions("") == 0
    assert kmsctl("-f", "json", "rm", "ab").records[0]["error"]


def test_without_versions_removing_asks(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    put("a")
    assert kmsctl("rm", "a").code == 2
    assert keys() == ["a"]
    assert kmsctl("rm", "a", "--yes").code == 0
    assert keys() == []


# --- whose AWS ----------------------------------------------------------------------------------------------------


def test_keys_on_the_command_line_are_warned_about(kmsctl: Kmsctl, monkeypatch: pytest.MonkeyPatch) -> None:
    kmsctl.make()
    visible = kmsctl("--access-key", "a", "--secret-key", "b", "ls")
    assert visible.code == 0
    assert "others on this computer can read --secret-key" in visible.err
    Path("secret").write_text("b\n")
    hidden = kmsctl("--access-key", "a", "--secret-key", "@secret", "ls")
    assert (hidden.code, hidden.err) == (0, "")
    monkeypatch.setattr(sys, "stdin", io.StringIO("b\ntoken\n"))
    typed = kmsctl("--access-key", "a", "--secret-key", "-", "--session-token", "-", "ls")
    assert (typed.code, typed.err) == (0, "")
    for bad in (["--access-key", "a"], ["--secret-key", "@absent", "--access-key", "a"]):
        assert kmsctl(*bad, "ls").code == 2


def test_a_profile_and_its_file_are_used(kmsctl: Kmsctl) -> None:
    kmsctl.make()
    Path("credentials").write_text("[ours]\naws_access_key_id = a\naws_secret_access_key = b\n")
    assert kmsctl("--credentials", "credentials", "--profile", "ours", "ls").code == 0
    absent = kmsctl("-c", "credentials", "-p", "theirs", "ls")
    assert absent.code == 2
    assert "no AWS profile named theirs" in absent.err
    assert kmsctl("-c", "nowhere", "-p", "ours", "ls").code == 2


def test_an_environment_names_everything_but_not_somebody_elses_account(
    kmsctl: Kmsctl, tmp_path: Path
) -> None:
    key = kmsctl.make()
    kmsctl.environ.pop("AWS_S3_BUCKET")
    kmsctl.environ.pop("AWS_KMS_ID")
    settings = {
        "environment": "prod",
        "aws_region": REGION,
        "aws_account": "123456789012",
        "secrets_bucket_name": BUCKET,
        "terraform_bucket_name": "prod-state",
        "kms_master_id": key.rpartition("/")[2],
        "kubeapi_dns": "kube",
        "kubeapi_internal_dns": "kube",
        "public_zone_name": "example.org",
        "private_zone_name": "example.internal",
    }
    text = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
    text += 'ssh_access_list = ["10.0.0.0/8"]\nkubeapi_access_list = ["10.0.0.0/8"]\n'
    file = tmp_path / "environments" / "prod.tfvars"
    file.parent.mkdir()
    file.write_text(text)
    kmsctl.environ |= {
        "KUBEPLAT_ENVIRONMENTS": str(file.parent),
        "KUBEPLAT_ENVIRONMENT": "prod",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    Path("a").write_bytes(b"one")
    done = kmsctl("put", "a")
    assert done.code == 0, done.err
    assert client("s3").head_object(Bucket=BUCKET, Key="a")["SSEKMSKeyId"] == key
    assert kmsctl("bucket", "create", "prod-state").code == 0
    tags = {
        each["Key"]: each["Value"] for each in client("s3").get_bucket_tagging(Bucket="prod-state")["TagSet"]
    }
    assert (tags["Env"], tags["ManagedBy"]) == ("prod", "kubeplat")
    assert kmsctl("--region", REGION, "ls").code == 2  # an account on the command line: then no environment
    file.write_text(text.replace("123456789012", "210987654321"))
    other = kmsctl("ls")
    assert other.code == 2
    assert "belong to the account 123456789012" in other.err


def test_a_region_that_nobody_named_is_said(kmsctl: Kmsctl) -> None:
    kmsctl.environ.pop("AWS_DEFAULT_REGION")
    assert "no region was named: eu-west-1" in kmsctl("kms", "ls").err
    assert kmsctl("kms", "create", "-n", "elsewhere", "--region", "eu-west-2").code == 0
    assert kmsctl("kms", "ls").out == ""
    assert "alias/elsewhere" in kmsctl("-r", "eu-west-2", "kms", "ls").out


# --- parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"), [("30s", 30), ("1m30s", 90), ("2h", 7200), ("15", 15), ("0.5s", 0.5), ("1h5m", 3900)]
)
def test_durations_are_read(text: str, wanted: float) -> None:
    assert seconds(text) == wanted


@given(st.text(max_size=8))
def test_no_other_text_is_a_duration(text: str) -> None:
    try:
        found = seconds(text)
    except InputError:
        return
    assert found > 0


@given(st.text(min_size=1, max_size=30), st.booleans())
def test_a_key_never_leaves_the_folder(key: str, flatten: bool) -> None:
    root = Path("/out/put")
    place = Folder(root, 0o600).place(key, flatten=flatten)
    if place is not None:
        assert place.is_relative_to(root)
        assert place != root
        assert os.path.normpath(place) == str(place)
        assert flatten or place.relative_to(root).as_posix() == key


def test_work_in_parallel_ends_with_its_first_error_or_a_stop() -> None:
    def fail(number: int) -> int:
        if number == 3:
            raise InputError("three")
        return number

    with pytest.raises(InputError, match="three"):
        list(crew.in_parallel(fail, range(100), Stop()))
    assert sorted(crew.in_parallel(lambda number: number, range(20), Stop())) == list(range(20))
    assert list(crew.in_parallel(fail, [], Stop())) == []

    stop, begun, go_on = Stop(), threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        go_on.wait()

    threading.Thread(target=lambda: (begun.wait(), stop.request()), daemon=True).start()
    with pytest.raises(crew.Stopped):
        crew.waited_for(hang, stop)
    go_on.set()
