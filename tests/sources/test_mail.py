"""One raw mail to one row: what is found, and that nothing ever raises."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill.sources.mail import COLUMNS, looks_like_mail, mail_frame, parse_mail

MAIL = b"""From ann@list.example.com  Thu Aug 22 12:36:23 2002
Return-Path: <Ann-Bounce@Example.COM>
Delivered-To: me@collector.example.net
Received: from localhost [127.0.0.1] by collector.example.net; Thu, 22 Aug 2002 07:36:16 -0400 (EDT)
Received: from relay.example.com (relay.example.com [9.9.9.9])
\tby collector.example.net with ESMTP; Thu, 22 Aug 2002 11:30:00 +0000
Received: from home ([10.0.0.3] [64.5.6.7]) by relay.example.com; Thu, 22 Aug 2002 11:29:00 +0000
X-Spam-Status: Yes, hits=20
From: =?iso-8859-1?Q?Ann_M=FCller?= <Ann@Example.COM>
Reply-To: "A. M." <Other@Example.org>
To: me@collector.example.net
Subject: =?utf-8?B?w4RwZmVs?= and
 pears
Date: Thu, 22 Aug 2002 18:26:25 +0700
In-Reply-To: <1@x>
List-Id: The List <The-List.Example.org>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain; charset=us-ascii

Hello, see http://one.example/a?b=1.
--c
Content-Type: text/html

<p>Hello, see <a href="http://two.example/&amp;x">this</a></p>
--c--
--b
Content-Type: application/msword; name="r=?utf-8?Q?=C3=A9?=port.doc"
Content-Transfer-Encoding: base64

AAAA
--b--
"""


def test_every_column_of_a_mail():
    row = parse_mail(MAIL)
    assert row == {
        "received_at": dt.datetime(2002, 8, 22, 12, 36, 23, tzinfo=dt.UTC),
        "date_source": "mbox",
        "sent_at": dt.datetime(2002, 8, 22, 11, 26, 25, tzinfo=dt.UTC),
        "sender_name": "Ann Müller",
        "sender_address": "ann@example.com",
        "sender_domain": "example.com",
        "reply_to": "other@example.org",
        "return_path": "ann-bounce@example.com",
        "originating_ip": "64.5.6.7",
        "subject": "Äpfel and pears",
        "text": "Hello, see http://one.example/a?b=1.",
        "has_html": True,
        "links": ["http://one.example/a?b=1", "http://two.example/&x"],
        "attachments": ["réport.doc"],
        "is_reply": True,
        "list_id": "the-list.example.org",
        "decode_problems": [],
    }
    assert list(row) == list(COLUMNS)


def test_what_the_receiving_side_wrote_is_in_no_column_but_the_date():
    row = parse_mail(MAIL)
    del row["received_at"], row["date_source"]
    assert "collector" not in str(row)
    other_host = MAIL.replace(b"collector.example.net", b"mx.other.test").replace(b"X-Spam-Status: Yes", b"X-Spam: No")
    other = parse_mail(other_host)
    del other["received_at"], other["date_source"]
    assert other == row


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Subject: Re: x\n\n", True),
        (b"Subject: RE[2]: x\n\n", True),
        (b"Subject: AW: x\n\n", True),
        (b"References: <1@x>\nSubject: x\n\n", True),
        (b"Subject: Really: x\n\n", False),
        (b"Subject: x re: y\n\n", False),
        (b"\n\n", False),
    ],
)
def test_replies_are_recognised(raw, expected):
    assert parse_mail(raw)["is_reply"] is expected


def test_a_mail_without_headers_has_nulls_and_its_text():
    row = parse_mail(b"\nonly a body\n")
    assert row["subject"] is row["sender_address"] is row["received_at"] is row["list_id"] is None
    assert row["links"] == row["attachments"] == row["decode_problems"] == []


def test_html_only_mail_becomes_text():
    raw = b"Subject: x\nContent-Type: text/html\n\n<b>Buy</b> <i>now</i><br>for &euro;5<script>evil()</script>"
    row = parse_mail(raw)
    assert row["text"] == "Buy now\nfor €5"
    assert row["has_html"]


def test_of_alternatives_the_html_counts_when_the_plain_part_says_little():
    raw = (
        b"Subject: x\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nUse HTML."
        b"\n--b\nContent-Type: text/html\n\n<p>A long advertisement with many words</p>\n--b--\n"
    )
    assert parse_mail(raw)["text"] == "A long advertisement with many words"


def test_a_multipart_without_its_boundary_is_read_as_text():
    raw = b"Subject: x\nContent-Type: multipart/alternative\n\nstill readable\n"
    row = parse_mail(raw)
    assert (row["text"], row["attachments"]) == ("still readable", [])


def test_nesting_without_end_keeps_the_headers():
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (i, i) for i in range(3000))
    row = parse_mail(b"Subject: deep\n" + deep)
    assert row["subject"] == "deep"
    assert "mime" in row["decode_problems"]


def test_broken_base64_and_nuls_are_named():
    raw = b"Subject: x\nContent-Transfer-Encoding: base64\n\n!!!AAAB\n"
    assert parse_mail(raw)["decode_problems"] == ["base64", "nul"]
    assert parse_mail(b"Subject: a\x00b\n\nc\x00d")["text"] == "cd"


def test_the_frame_has_the_types_of_the_schema():
    frame = mail_frame([{"id": "a", **parse_mail(MAIL)}, {"id": "b", **parse_mail(b"\n")}])
    kinds = {"date": "datetime64[us, UTC]", "flag": "bool", "list": "object", "text": "str"}
    assert {name: str(frame[name].dtype) for name in COLUMNS} == {name: kinds[kind] for name, kind in COLUMNS.items()}
    assert list(frame.columns) == ["id", *COLUMNS]
    assert len(mail_frame([])) == 0


def test_what_is_no_mail_is_told_from_one():
    assert looks_like_mail(MAIL)
    assert looks_like_mail(b"\xef\xbb\xbfSubject: x\n\n")
    assert not looks_like_mail(b"\x89PNG\r\n\x1a\n\x00\x00")
    assert not looks_like_mail(b"just a sentence, no header\n")
    assert not looks_like_mail(b"")


@given(
    st.one_of(
        st.binary(max_size=500),
        st.lists(
            st.sampled_from([line + b"\n" for line in MAIL.split(b"\n")])
            | st.binary(max_size=20)
            | st.sampled_from(
                [b"Content-Type: text/html; charset=utf-7\n", b"Content-Type: t\xff/\xff\n", b"+2AA-\xed\xa0\x80"]
            ),
            max_size=40,
        ).map(b"".join),
    )
)
def test_any_bytes_give_a_row_that_can_be_stored(raw):
    row = parse_mail(raw)
    table = pa.Table.from_pandas(mail_frame([row]))
    assert table.num_rows == 1
    assert "\x00" not in str(row)
