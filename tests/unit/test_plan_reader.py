"""A saved plan becomes what a person reviews: changes only, riskiest first, nothing sensitive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import Root
from kubeplat_tui.services.terraform.plan import Action, AttributeChange, Plan
from kubeplat_tui.services.terraform.plan_reader import attribute_changes, read_plan
from tests.unit.fake_terraform import change


def plan_of(*changes: dict[str, Any], **more: Any) -> Plan:
    body = {"format_version": "1.2", "resource_changes": list(changes), **more}
    return read_plan(body, root=Root.CLUSTER, file=Path("p"), destroy=False, digest="d")


def attributes(**sides: Any) -> list[AttributeChange]:
    return list(attribute_changes(sides))


def test_the_riskiest_comes_first_then_module_and_address() -> None:
    plan = plan_of(
        change("aws_a.add", "create"),
        change("module.b.aws_a.edit", "update"),
        change("aws_a.edit", "update"),
        change("aws_a.swap", "replace"),
        change("aws_a.gone", "delete", after=None),
        change("aws_a.forgotten", "forget"),
    )
    assert [one.address for one in plan.changes] == [
        "aws_a.gone",
        "aws_a.swap",
        "aws_a.forgotten",
        "aws_a.edit",
        "module.b.aws_a.edit",
        "aws_a.add",
    ]
    assert plan.summary() == "2 to add, 2 to change, 2 to destroy"


def test_what_stays_and_what_is_read_is_left_out() -> None:
    plan = plan_of(change("aws_a.same", "no-op"), change("data.aws_a.read", "read"))
    assert plan.empty


def test_an_action_of_a_later_terraform_is_shown() -> None:
    assert plan_of(change("aws_a.x", "transmute")).changes[0].action is Action.UPDATE


def test_only_what_differs_is_listed() -> None:
    found = attributes(
        before={"name": "a", "size": 1, "tags": {"Env": "x", "Role": "y"}},
        after={"name": "a", "size": 2, "tags": {"Env": "x", "Role": "z"}},
    )
    assert [(one.path, one.before, one.after) for one in found] == [("size", 1, 2), ("tags.Role", "y", "z")]


def test_blocks_are_looked_into_and_plain_lists_are_one_value() -> None:
    found = attributes(
        before={"cidrs": ["a", "b"], "ebs": [{"size": 1, "type": "gp3"}]},
        after={"cidrs": ["a", "c"], "ebs": [{"size": 2, "type": "gp3"}, {"size": 5}]},
    )
    assert [(one.path, one.before, one.after) for one in found] == [
        ("cidrs", ["a", "b"], ["a", "c"]),
        ("ebs[0].size", 1, 2),
        ("ebs[1].size", None, 5),
    ]


def test_what_is_known_after_apply_has_no_value() -> None:
    (found,) = attributes(before={"id": "i-1"}, after={}, after_unknown={"id": True})
    assert (found.path, found.before, found.after, found.unknown) == ("id", "i-1", None, True)


def test_a_mask_over_the_whole_resource_is_one_over_each_attribute() -> None:
    (found,) = attributes(before={"id": "i-1"}, after={"id": None}, after_unknown=True)
    assert (found.path, found.before, found.after, found.unknown) == ("id", "i-1", None, True)
    assert attributes(before={}, after={}, after_unknown=True) == []


def test_sensitive_values_are_named_and_not_shown() -> None:
    (found,) = attributes(
        before={"auth": {"password": "old-secret"}},
        after={"auth": {"password": "new-secret"}},
        before_sensitive={"auth": {"password": True}},
        after_sensitive={"auth": True},
    )
    assert (found.path, found.before, found.after, found.sensitive) == ("auth", None, None, True)


def test_a_whole_object_that_goes_hides_its_sensitive_part() -> None:
    found = attributes(
        before={"auth": {"user": "u", "password": "old-secret"}},
        after={"auth": None},
        before_sensitive={"auth": {"password": True}},
        after_sensitive={},
    )
    assert "old-secret" not in repr(found)
    assert [(one.path, one.sensitive) for one in found] == [("auth.password", True), ("auth.user", False)]


def test_what_forces_the_replacement_is_marked() -> None:
    found = attributes(
        before={"subnet": "a", "ebs": [{"size": 1}], "name": "n"},
        after={"subnet": "b", "ebs": [{"size": 2}], "name": "m"},
        replace_paths=[["subnet"], ["ebs", 0, "size"]],
    )
    assert {one.path: one.forces_replacement for one in found} == {
        "subnet": True,
        "ebs[0].size": True,
        "name": False,
    }


def test_true_is_not_one() -> None:
    assert [one.path for one in attributes(before={"on": True}, after={"on": 1})] == ["on"]


def test_keys_with_dots_are_quoted_in_paths() -> None:
    (found,) = attributes(before={"tags": {"a.b/c": "1"}}, after={"tags": {"a.b/c": "2"}})
    assert found.path == 'tags["a.b/c"]'


def test_drift_and_outputs_are_read() -> None:
    plan = plan_of(
        resource_drift=[change("aws_a.x", "update", before={"size": 1}, after={"size": 3})],
        output_changes={
            "dns": {"actions": ["create"], "before": None, "after": "a.b", "after_unknown": False},
            "token": {"actions": ["update"], "before": "s1", "after": "s2", "after_sensitive": True},
            "same": {"actions": ["no-op"], "before": 1, "after": 1},
        },
    )
    assert [(one.address, one.attributes[0].path) for one in plan.drift] == [("aws_a.x", "size")]
    assert [(one.name, one.after, one.sensitive) for one in plan.outputs] == [
        ("dns", "a.b", False),
        ("token", None, True),
    ]
    assert not plan.empty


def test_another_format_is_refused() -> None:
    with pytest.raises(KubeplatError, match="could not be read"):
        read_plan({"format_version": "2.0"}, root=Root.CLUSTER, file=Path("p"), destroy=False, digest="d")


LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pqr"), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from("pqrs"), VALUES, max_size=4)


@given(OBJECTS)
def test_equal_sides_have_no_changes(value: Any) -> None:
    assert attributes(before=value, after=value) == []


@given(before=OBJECTS, after=OBJECTS)
def test_every_difference_is_listed_once(before: Any, after: Any) -> None:
    found = attributes(before=before, after=after)
    paths = [one.path for one in found]
    assert len(paths) == len(set(paths))
    if not found:
        assert _bare(before) == _bare(after)


@given(before=OBJECTS, after=OBJECTS, key=st.sampled_from("pqrs"))
def test_nothing_below_a_sensitive_mark_is_ever_shown(before: Any, after: Any, key: str) -> None:
    before = {**before, key: ["hidden", before.get(key)]}
    after = {**after, key: {"hidden": after.get(key)}}
    found = attributes(before=before, after=after, before_sensitive={key: True}, after_sensitive={})
    assert "hidden" not in repr(found)


@given(before=OBJECTS | st.none(), after=OBJECTS | st.none(), masks=st.tuples(VALUES, VALUES, VALUES))
def test_any_masks_are_survived(before: Any, after: Any, masks: tuple[Any, Any, Any]) -> None:
    for one in attributes(
        before=before,
        after=after,
        before_sensitive=masks[0],
        after_sensitive=masks[1],
        after_unknown=masks[2],
    ):
        assert one.path or not (isinstance(before, dict) and isinstance(after, dict))


def _bare(value: Any) -> Any:
    """Without what a plan does not tell apart: absent, null and empty."""
    if isinstance(value, dict):
        kept = {key: _bare(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, [], {})} or None
    if isinstance(value, list):
        kept_list = [_bare(item) for item in value]
        while kept_list and kept_list[-1] in (None, [], {}):
            kept_list.pop()
        return [("bool", item) if isinstance(item, bool) else item for item in kept_list] or None
    return ("bool", value) if isinstance(value, bool) else value
