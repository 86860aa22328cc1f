import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_tui.commands import jsonedit

PATH = ("env", "HEADERS")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(), VALUES, max_size=4)
STYLES = st.sampled_from([None, 2, 4, "\t", 0])


def test_a_member_is_added_in_the_indentation_of_the_file() -> None:
    before = '{\n    "model": "opus",\n    "env": {\n        "A": "1"\n    }\n}\n'
    after = jsonedit.put(before, PATH, "x")
    assert after == '{\n    "model": "opus",\n    "env": {\n        "HEADERS": "x",\n        "A": "1"\n    }\n}\n'


def test_a_missing_object_is_made_first_so_that_no_other_line_changes() -> None:
    before = '{\n\t"model": "opus"\n}'
    assert jsonedit.put(before, PATH, "x") == '{\n\t"env": {\n\t\t"HEADERS": "x"\n\t},\n\t"model": "opus"\n}'


def test_an_empty_document_becomes_an_indented_one() -> None:
    assert jsonedit.put("{}\n", PATH, "x") == '{\n  "env": {\n    "HEADERS": "x"\n  }\n}\n'


def test_the_last_of_two_members_with_one_name_is_the_one_that_counts() -> None:
    before = '{"env": {"HEADERS": "a", "HEADERS": "b"}}'
    assert jsonedit.get(before, PATH) == "b"
    assert jsonedit.put(before, PATH, "c") == '{"env": {"HEADERS": "a", "HEADERS": "c"}}'


@given(DOCUMENTS, STYLES, st.text())
def test_an_addition_changes_one_value_and_nothing_else(document: dict[str, Any], indent: int, value: str) -> None:
    document.pop("env", None)
    text = json.dumps(document, indent=indent)
    after = jsonedit.put(text, PATH, value)
    assert json.loads(after) == {"env": {"HEADERS": value}, **document}
    assert jsonedit.get(after, PATH) == value
    assert jsonedit.put(after, PATH, value) == after
    assert jsonedit.take(after, PATH) == text


@given(DOCUMENTS, st.dictionaries(st.text(), st.text(), max_size=3), STYLES, st.text())
def test_a_removal_leaves_every_other_member_of_the_object(
    document: dict[str, Any], others: dict[str, str], indent: int, value: str
) -> None:
    others.pop("HEADERS", None)
    document["env"] = {**others, "HEADERS": value}
    expected = {name: other for name, other in document.items() if name != "env" or others}
    if others:
        expected["env"] = others
    assert json.loads(jsonedit.take(json.dumps(document, indent=indent), PATH)) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1"),
        ("[]", "expected an object"),
        ('{\n"a": 1,\n}', "line 3"),
        ('{"env": 3}', "'env' is no object"),
        ('{"env": [1]}', "'env' is no object"),
    ],
)
def test_a_file_that_cannot_take_the_member_is_refused_with_the_place(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        jsonedit.put(text, PATH, "x")


def test_a_value_that_is_no_string_is_refused_when_read() -> None:
    with pytest.raises(ValueError, match=r"env.HEADERS is not a string"):
        jsonedit.get('{"env": {"HEADERS": 3}}', PATH)
