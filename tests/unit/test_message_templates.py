"""Templates of people, and the words that stand in where there are none or they are broken."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.notices import make_notice

from heliograph.kernel.errors import FileInvalid
from heliograph.notifications.models import MessageTemplate
from heliograph.notifications.templates import (
    CONTEXT_NAMES,
    check_template,
    describe_duration,
    unique_names,
    write_words,
)

THREE = "1/3 1;2/3 2;3/3 3;"
PAIRS = "id=1 amount=812.50 note=late"
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def body_of(template: str, **changes: object) -> str:
    words = write_words(make_notice(**changes), MessageTemplate(body=template))
    assert not words.notes, words.notes
    return words.body


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "Large refunds is firing: 3 rows"),
        ({"value": "1", "row_count": 1}, "Large refunds is firing: 1 row"),
        ({"value": None, "row_count": 1234}, "Large refunds is firing: 1,234 rows"),
        ({"value": "812.50", "threshold": "1000"}, "Large refunds is firing: 812.50"),
        ({"value": "3", "threshold": "2"}, "Large refunds is firing: 3"),
        ({"key": "DE"}, "Large refunds [DE] is firing: 3 rows"),
        ({"repeat": 2}, "Large refunds is still firing: 3 rows"),
        (
            {"type": "alert.resolved", "previous_state": "alerting"},
            "Large refunds is back to normal",
        ),
        (
            {"type": "alert.resolved", "since": AT - timedelta(hours=2)},
            "Large refunds is back to normal after 2 h",
        ),
        (
            {"type": "alert.resolved", "previous_state": "error"},
            "Large refunds can be evaluated again",
        ),
        ({"type": "alert.resolved", "previous_state": "no_data"}, "Large refunds has data again"),
        ({"type": "alert.error"}, "Large refunds could not be evaluated"),
        ({"type": "alert.no_data"}, "Large refunds has no data"),
        ({"type": "alert.no_data", "repeat": 1}, "Large refunds still has no data"),
        ({"type": "digest", "row_count": 12}, "Large refunds: 12 rows"),
    ],
)
def test_a_default_title_says_what_happened(changes: dict[str, object], title: str) -> None:
    assert write_words(make_notice(**changes), MessageTemplate()).title == title


def test_a_default_body_gives_the_reason_and_the_numbers() -> None:
    notice = make_notice(reason="812.50 is below 1000.", value="812.50", threshold="1000")
    body = write_words(notice, MessageTemplate()).body
    assert body == "812.50 is below 1000.\nValue: 812.50, threshold: 1000."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (7200, "2 h"),
        (5400, "1 h 30 min"),
        (86_400, "24 h"),
        (3 * 86_400, "3 days"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: int, text: str) -> None:
    assert describe_duration(timedelta(seconds=seconds)) == text


def test_every_name_of_the_context_can_be_used() -> None:
    for name in CONTEXT_NAMES - {"rows", "columns"}:
        assert body_of(f"[{{{{ {name} }}}}]") != "[]" or name == "key"
    assert body_of("{{ rows[1].amount }} {{ columns|join('/') }}") == "1000.00 id/amount/note"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Revenue {{ value }} below {{ threshold }}", "Revenue 812.50 below 1000"),
        ("{{ value * 2 }} {{ (value / 8)|round(2) }}", "1625.00 101.56"),
        ("{{ value + 0.1 }}", "812.60"),
        ("{% if value < threshold %}low{% else %}high{% endif %}", "low"),
        ("{{ rows|map(attribute='amount')|map('number')|max }}", "1000.00"),
        ("{{ rows|sum(attribute='amount') }}", "2313.60"),
        ("{% for r in rows %}{{ loop.index }}/{{ loop.length }} {{ r.id }};{% endfor %}", THREE),
        ("{% for k, v in rows[0]|items %}{{ k ~ '=' ~ v }} {% endfor %}", PAIRS),
        ("{{ rows[1].note }}|{{ rows[2].note }}|", "NULL||"),
        ("{{ at|date('%d.%m.') }} {{ at }}", "02.03. 2026-03-02 09:30:00+00:00"),
        ("{{ rows|length }} {{ row_count > 2 }}", "3 true"),
        ("{% set x = alert|upper %}{{ x|replace('LARGE', 'Big') }}", "Big REFUNDS"),
        ("{{ link|default('none') }}", "https://heliograph.example/alerts/7?tab=rows"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", "012"),
        ("{{ 'yes' if state in ('alerting', 'error') else 'no' }}", "yes"),
        ("{# a comment #}plain <b>&</b>", "plain <b>&</b>"),
    ],
)
def test_a_template_renders(template: str, text: str) -> None:
    check_template(template)
    assert body_of(template, value="812.50", threshold="1000") == text


def test_a_column_called_like_a_method_is_the_column() -> None:
    notice = {"columns": ("count", "items"), "rows": (("7", "x"),)}
    assert body_of("{{ rows[0].count }} {{ rows[0].items }}", **notice) == "7 x"


def test_columns_of_the_same_name_are_told_apart() -> None:
    assert unique_names(["a", "a", "", "a_2"]) == ["a", "a_3", "column", "a_2"]


def test_a_value_keeps_its_exact_text() -> None:
    assert body_of("{{ value }}", value="12.500") == "12.500"
    assert body_of("{{ value }}", value="1" * 60 + ".10") == "1" * 60 + ".10"
    assert body_of("{{ value }}", value="0.00000001") == "0.00000001"


BROKEN = [
    ("{{ valeu }}", 1, "'valeu'"),
    ("line\n{{ rows[0].nope }}", 2, "nope"),
    ("{{ rows[9].id }}", 1, "no element 9"),
    ("\n\n{% if %}", 3, "expression"),
    ("{{", 1, "unexpected"),
    ("{{ 1 / 0 }}", 1, "division"),
    ("{{ rows[0].amount * 2 }}", 1, "numbers"),
    ("{{ rows[0].note|number }}", 1, "'late' is no number"),
    ("{{ rows }}", 1, "does not print"),
    ("{{ ''.__class__.__mro__ }}", 1, "unsafe"),
    ("{{ alert.__init__ }}", 1, "unsafe"),
    ("{{ rows|attr('__class__') }}", 1, "no filter"),
    ("{{ rows|map('attr', '__class__')|list|length }}", 1, "attr"),
    ("{{ alert.upper() }}", 1, "only range"),
    ("{{ cycler('a') }}", 1, "only range"),
    ("{% include '/etc/passwd' %}", 1, "include"),
    ("{% import 'os' as os %}", 1, "import"),
    ("{% extends 'x' %}", 1, "extends"),
    ("{% macro m() %}{% endmacro %}", 1, "macro"),
    ("{{ {'a': 1} }}", 1, "dict"),
]


@pytest.mark.parametrize(("template", "line", "reason"), BROKEN)
def test_a_broken_template_gives_way_to_the_default_and_says_so(
    template: str, line: int, reason: str
) -> None:
    default = write_words(make_notice(), MessageTemplate())
    words = write_words(make_notice(), MessageTemplate(title="{{ alert }}!", body=template))
    assert words.title == "Large refunds!"
    assert words.body.startswith(default.body)
    assert len(words.notes) == 1
    assert f"template of the body is broken, line {line}" in words.notes[0]
    assert reason in words.notes[0]
    assert words.notes[0] in words.body
    broken_title = write_words(make_notice(), MessageTemplate(title=template, body="fine"))
    assert broken_title.title == default.title
    assert broken_title.body.startswith("fine")
    assert "template of the title is broken" in broken_title.body


BOMBS = [
    "{{ 'a' * 10**9 }}",
    "{{ 'a' * 1000000000 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ [0] * 1000000000 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ 'a'|indent(1000000000) }}",
    "{{ lipsum(100000) }}",
    "{{ range(1000000000)|list|length }}",
    "{{ range(1000000000)|join }}",
    "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 40,
    "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x + x %}" * 40,
    "{% set x = ['a'] %}" + "{% set x = [x, x] %}" * 40 + "{{ x|join }}",
    "{% set x = ('a',) %}" + "{% set x = (x, x) %}" * 40 + "{{ x == x }}",
    "{% set x = [1] %}" + "{% set x = x + x %}" * 40,
    "{% set x = 99999999 %}" + "{% set x = x * x %}" * 30 + "{{ x }}",
    "{{ 'a'|replace('a', '" + "b" * 4000 + "')|replace('b', '" + "c" * 4000 + "') }}",
    "{{ value|round(1000000000) }}",
    "{% for i in range(1000) %}{{ 'x' ~ 'y' ~ i }}{% endfor %}" * 10,
    "{% for i in range(999) %}" * 3 + "{% endfor %}" * 3,
    "{% for a in rows recursive %}{{ loop(rows) }}{% endfor %}",
    "{{" + "(" * 4000 + "1" + ")" * 4000 + "}}",
    "{{" + "1+" * 4000 + "1}}",
    "{% if 1 %}" * 900 + "{% endif %}" * 900,
    "x" * 10_001,
]


@pytest.mark.parametrize("template", BOMBS, ids=range(len(BOMBS)))
def test_a_template_cannot_use_up_memory_or_time(template: str) -> None:
    started = time.thread_time()
    words = write_words(make_notice(), MessageTemplate(body=template))
    assert "template of the body is broken" in words.notes[0]
    assert time.thread_time() - started < 3


def test_a_long_text_is_allowed_and_a_longer_one_is_not() -> None:
    loop = "{{% for i in range({}) %}}0123456789{{% endfor %}}"
    assert len(body_of(loop.format(1000) * 2)) == 20_000
    words = write_words(make_notice(), MessageTemplate(body=loop.format(1000) * 2 + "x"))
    assert "longer than 20,000 characters" in words.notes[0]


def test_a_title_is_one_line_and_cut_visibly() -> None:
    template = MessageTemplate(title="{{ alert }}\r\nBcc: all@example.com", body="x")
    words = write_words(make_notice(), template)
    assert words.title == "Large refunds Bcc: all@example.com"
    assert write_words(make_notice(), MessageTemplate(title=" \0\n")).title.startswith("Large")
    words = write_words(make_notice(), MessageTemplate(title="x" * 201))
    assert words.title == "x" * 199 + "…"
    assert words.notes == ("The title is cut at 200 characters.",)


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("fine\n{{ valeu }}", 2),
        ("{% for x in rows %}\n{{ x.id }}", 2),
        ("{{ value|nope }}", 1),
        ("\n{{ value is nope }}", 2),
        ("{{ value.as_tuple() }}", 1),
        ("{% include 'x' %}", 1),
        ("{{ 2 ** 3 }}", 1),
    ],
)
def test_check_finds_what_can_never_be_rendered(template: str, line: int) -> None:
    with pytest.raises(FileInvalid, match="The template is broken") as caught:
        check_template(template)
    assert caught.value.line == line
    check_template("{{ value }}\n{{ rows[0].whatever }}")


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_text_renders_or_falls_back(template: str, cell: str) -> None:
    notice = make_notice(value=cell, columns=("a",), rows=((cell,),), alert=cell)
    words = write_words(notice, MessageTemplate(title=template, body=template + "{{ value }}"))
    assert "\n" not in words.title
    assert words.title.strip()
