"""Dates and the Received chain."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill.sources.mail_route import envelope, originating_ip, parse_date, received_at

DAY = dt.datetime(2002, 8, 22, 11, 26, 25, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value",
    [
        "Thu, 22 Aug 2002 18:26:25 +0700",
        "Thu, 22 Aug 2002 11:26:25 GMT",
        "22 Aug 02 07:26:25 EDT",
        "Thu Aug 22 11:26:25 2002",
        "Thu, 22 Aug 2002 11:26:25 -0000",
    ],
)
def test_dates_of_every_form_are_utc(value):
    assert parse_date(value) == DAY


@pytest.mark.parametrize(
    "value",
    [None, "", "yesterday", "Mon, 99 Foo 2002 00:00:00", "1 Jan 1930 00:00:00 GMT", "1 Jan 2999 00:00:00 GMT",
     "Fri, 31 Dec 9999 23:59:00 -2359", "1 Jan 2002 00:00:00 +99999999999"],
)  # fmt: skip
def test_what_is_no_date_or_no_plausible_year_is_null(value):
    assert parse_date(value) is None


@given(st.text(max_size=60))
def test_no_date_raises(text):
    parse_date(text)


def test_received_at_prefers_mbox_then_the_topmost_hop_then_the_date():
    hops = ["from a by b; Fri, 23 Aug 2002 00:00:00 +0000", "from c by d; Sat, 24 Aug 2002 00:00:00 +0000"]
    assert received_at("From x  Thu Aug 22 11:26:25 2002", hops, None) == (DAY, "mbox")
    assert received_at("From x", hops, DAY) == (dt.datetime(2002, 8, 23, tzinfo=dt.UTC), "received")
    assert received_at(None, ["from a by b"], DAY) == (DAY, "date")
    assert received_at(None, [], None) == (None, None)


def test_the_envelope_address():
    assert envelope("From A@B.example  Thu Aug 22 11:26:25 2002") == "a@b.example"
    assert envelope("From MAILER-DAEMON  Thu Aug 22 11:26:25 2002") is None
    assert envelope(None) is None


def test_the_ip_is_of_the_hop_next_to_the_sender():
    hops = [
        "from relay ([9.9.9.9]) by us [8.8.8.8]",
        "from mid (mid [65.1.2.3]) by relay",
        "from pc ([192.168.1.2]) by mid [64.9.9.9]",
    ]
    assert originating_ip({"received": hops}) == "65.1.2.3"
    assert originating_ip({"received": hops, "x-originating-ip": ["[66.1.1.1]"]}) == "66.1.1.1"
    assert originating_ip({"received": hops, "x-originating-ip": ["[10.1.1.1]"]}) == "65.1.2.3"
    assert originating_ip({"received": ["from x ([999.1.1.1] 127.0.0.1 1.2.3.4.5) by y"]}) is None
    assert originating_ip({}) is None


def test_hops_of_the_collectors_never_give_the_ip():
    hops = ["from mine.collector.test ([9.9.9.9]) by us"]
    assert originating_ip({"received": hops}) == "9.9.9.9"
    assert originating_ip({"received": hops}, re.compile("collector")) is None
