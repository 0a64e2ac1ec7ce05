"""No trace of who collected the corpus is left in what a filter may see."""

import pytest

from labelmill.sources.collectors import HOST, RECIPIENT, neutralise, neutralise_text
from labelmill.sources.mail import parse_mail

ME = f"{RECIPIENT}@{HOST}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to zzzz@spamassassin.taint.org!", f"write to {ME}!"),
        ("jm@netnoteinc.com", ME),
        ("email=qqqqqqqqqq-zdnet@spamassassin.taint.org&x=1", f"email={ME}&x=1"),
        (
            "list-return-9-yyyy=spamassassin.taint.org@lists.example.com",
            f"list-return-9-recipient={HOST}@lists.example.com",
        ),
        ("yyyyason@users.sourceforge.net", "recipient@users.sourceforge.net"),
        ("jmason@users.sourceforge.net", "recipient@users.sourceforge.net"),
        ("rpm-zzzlist@freshrpms.net", "rpm-list@freshrpms.net"),
        ("[zzzzteana] news", "[teana] news"),
        ("exmh-workers@spamassassin.taint.org", f"exmh-workers@{HOST}"),
        ("exmh-workers.spamassassin.taint.org", f"exmh-workers.{HOST}"),
        ("nobody@dogma.slashnull.org", f"nobody@{HOST}"),
        ("razor-users@example.sourceforge.net", "razor-users@lists.sourceforge.net"),
        ("legit-lists-secfocus", "recipient-secfocus"),
    ],
)
def test_names_and_hosts_become_placeholders(text, expected):
    assert neutralise_text(text) == expected


@pytest.mark.parametrize(
    "text", ["certainty", "the jam jar", "www.example.com", "pizza and jazz", "dogma", "yyyy-mm-dd", None, ""]
)
def test_other_text_stays(text):
    assert neutralise_text(text) == text


@pytest.mark.parametrize("text", ["jm@netnoteinc.com", "xx zzzz yyyyason rpm-zzzlist legit-lists-a", "a.taint.org"])
def test_a_second_pass_changes_nothing(text):
    assert neutralise_text(neutralise_text(text)) == neutralise_text(text)


def test_every_text_column_is_cleaned():
    token = "zzzz@spamassassin.taint.org"
    raw = (
        f"Return-Path: <{token}>\nFrom: zzzz <{token}>\nReply-To: {token}\nSubject: {token}\n"
        "List-Id: <zzzz.taint.org>\n"
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhttp://taint.org/?m={token}\n"
        f'--b\nContent-Type: application/x; name="{token}"\n\n--b--\n'
    )
    row = neutralise(parse_mail(raw.encode()))
    assert "taint" not in str(row)
    assert "zzz" not in str(row)
    assert row["sender_domain"] == HOST
    assert row["links"] == [f"http://{HOST}/?m={ME}"]
