"""Dated mails with known truth, made up from a seed: for tests, examples and a first look without any data.

Ham and spam share most of their words, newsletters look like spam, some spam looks like a private note,
and the spam of the last months sells other things than that of the first.
"""

import datetime as dt
import hashlib
from typing import Any, Final

import numpy as np
import pandas as pd

from labelmill.arrays import Gold
from labelmill.sources import vocabulary as vocab
from labelmill.sources.mail import mail_frame

HAM: Final = 0
SPAM: Final = 1
NEWSLETTER: Final = "newsletter"
"""The topic that is a class of its own where three are asked for, with number 2; else newsletters are ham."""
START: Final = dt.date(2024, 1, 1)
DAYS: Final = 182

_ALL_TOPICS = vocab.HAM_TOPICS + vocab.SPAM_TOPICS
_STRAY_SHARE = 0.12  # share of words that belong to another topic

_SPAM_NETWORKS = (61, 200, 211, 218, 220)
_HAM_NETWORKS = (12, 64, 66, 128, 134, 193, 200)


def mails(
    n: int,
    seed: int,
    *,
    start: dt.date = START,
    days: int = DAYS,
    spam_share: float = 0.3,
    age: float | None = None,
    newsletters: bool = False,
) -> tuple[pd.DataFrame, Gold]:
    """Draw `n` mails.

    Parameters
    ----------
    n
        Number of mails.
    seed
        The same seed, number and period give the same mails.
    start, days
        The period over which they are received, evenly; by default 2024-01-01 to 2024-06-30.
    spam_share
        Share of spam.
    age
        What spam sells, from 0 (as at the start of the period) to 1 (as at its end); if absent, it changes with time.
    newsletters
        Whether newsletters are a class of their own: the mails are the same.

    Returns
    -------
    (frame, gold)
        `id` and the columns of `mail.COLUMNS`, in order of `received_at`; the true classes: 0 ham, 1 spam,
        2 newsletter.

    Examples
    --------
    >>> frame, gold = mails(4, seed=1)
    >>> frame["received_at"].is_monotonic_increasing, len(gold)
    (True, 4)
    """
    rows, gold = mail_rows(n, seed, start=start, days=days, spam_share=spam_share, age=age, newsletters=newsletters)
    ids = [hashlib.sha256(render(row)).hexdigest()[:16] for row in rows]
    return mail_frame({"id": id_, **row} for id_, row in zip(ids, rows, strict=True)), gold


def mail_rows(
    n: int,
    seed: int,
    *,
    start: dt.date = START,
    days: int = DAYS,
    spam_share: float = 0.3,
    age: float | None = None,
    newsletters: bool = False,
) -> tuple[list[dict[str, Any]], Gold]:
    """The rows of `mails` as dicts, such as `render` takes."""
    rng = np.random.default_rng(seed)
    begin = dt.datetime.combine(start, dt.time(), tzinfo=dt.UTC)
    seconds = np.sort(rng.integers(0, days * 86_400, size=n))
    gold = (rng.random(n) < spam_share).astype(np.int64)
    ages = seconds / days / 86_400 if age is None else np.full(n, age)
    rows = []
    for i in range(n):
        is_spam = bool(gold[i])
        topic = _topic(rng, is_spam=is_spam, age=ages[i])
        rows.append(_mail(rng, topic, is_spam=is_spam, at=begin + dt.timedelta(seconds=int(seconds[i])), age=ages[i]))
        if newsletters and topic == NEWSLETTER:
            gold[i] = 2
    return rows, gold


def render(row: dict[str, Any]) -> bytes:
    """The row as a raw message (RFC 5322) of an mbox; `parse_mail` gives the row back."""
    at, sent = row["received_at"], row["sent_at"]
    domain = row["sender_domain"]
    headers = [
        f"From {row['return_path']}  {at:%a %b %d %H:%M:%S %Y}",
        f"Return-Path: <{row['return_path']}>",
        f"Received: from mx.{domain} (mx.{domain} [{row['originating_ip']}])",
        f"\tby mail.example.net (Postfix) with ESMTP id {at:%H%M%S}; {at:%a, %d %b %Y %H:%M:%S} +0000",
        f"From: {row['sender_name']} <{row['sender_address']}>",
        *([f"Reply-To: {row['reply_to']}"] if row["reply_to"] else []),
        "To: you@example.net",
        f"Subject: {row['subject']}",
        f"Date: {sent:%a, %d %b %Y %H:%M:%S} +0000",
        *([f"In-Reply-To: <{sent:%j%H%M%S}@example.net>"] if row["is_reply"] else []),
        *([f"List-Id: <{row['list_id']}>"] if row["list_id"] else []),
        "MIME-Version: 1.0",
    ]
    kind, body = "text/plain", row["text"]
    if row["has_html"]:
        kind, body = "text/html", _html(body)
    if row["attachments"]:
        headers.append('Content-Type: multipart/mixed; boundary="=part"')
        parts = [f'Content-Type: {kind}; charset="utf-8"\n\n{body}']
        parts += [
            f'Content-Type: application/octet-stream; name="{name}"\nContent-Transfer-Encoding: base64\n\nAAAA'
            for name in row["attachments"]
        ]
        body = "".join(f"--=part\n{part}\n" for part in parts) + "--=part--"
    else:
        headers.append(f'Content-Type: {kind}; charset="utf-8"')
    return ("\n".join(headers) + "\n\n" + body + "\n").encode("utf-8")


def _html(text: str) -> str:
    lines = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split("\n")
    return "<html><body>" + "<br>\n".join(lines) + "</body></html>"


def _mail(rng: np.random.Generator, topic: str, *, is_spam: bool, at: dt.datetime, age: float) -> dict[str, Any]:
    """One mail; `age` is 0 at the start of the period and 1 at its end."""
    looks_like_spam = is_spam or topic == NEWSLETTER
    shy = rng.random() < 0.25  # says little of what it is about
    chance = dict(zip(("html", "reply", "list", "shout", "reply_to", "file"), rng.random(6), strict=True))
    is_reply = chance["reply"] < (0.04 if is_spam else 0.0 if topic == NEWSLETTER else 0.5)
    list_id = _one(rng, vocab.LISTS) if topic == "list" and chance["list"] < 0.7 else None
    lines = _lines(rng, topic, shy=shy, disguise=0.3 * age if is_spam else 0.0)
    links = []
    domain = _one(rng, vocab.SPAM_DOMAINS if is_spam else vocab.HAM_DOMAINS)
    if chance["html"] < (0.75 if looks_like_spam and topic != "fee" else 0.15):
        links = [f"http://www.{domain}/{_one(rng, vocab.TOPICS[topic])}/{rng.integers(1000)}"]
        lines.append(links[0])
    if is_reply:
        lines = [*(f"> {line}" for line in _lines(rng, topic, shy=True, disguise=0.0)[:4]), *lines]
    name, surname = _one(rng, vocab.NAMES), _one(rng, vocab.SURNAMES)
    address = f"{name}.{surname}".lower() + (str(rng.integers(100, 9999)) if is_spam and rng.random() < 0.5 else "")
    subject = " ".join(_words(rng, topic, int(rng.integers(2, 6)), share=0.1 if shy else 0.4))
    if is_spam and chance["shout"] < 0.3:
        subject = subject.upper() + "!!!"
    network = _one(rng, _SPAM_NETWORKS if is_spam else _HAM_NETWORKS)
    return {
        "received_at": at,
        "date_source": "mbox",
        "sent_at": at - dt.timedelta(seconds=int(rng.integers(1, 600))),
        "sender_name": f"{name} {surname}",
        "sender_address": f"{address}@{domain}",
        "sender_domain": domain,
        "reply_to": f"{name.lower()}@{_one(rng, vocab.SPAM_DOMAINS)}" if is_spam and chance["reply_to"] < 0.3 else None,
        "return_path": f"{address}@{domain}",
        "originating_ip": f"{network}.{'.'.join(str(part) for part in rng.integers(1, 255, size=3))}",
        "subject": f"Re: {subject}" if is_reply else subject,
        "text": "\n".join(lines),
        "has_html": bool(chance["html"] < (0.6 if looks_like_spam else 0.08)),
        "links": links,
        "attachments": ["draft.doc"] if topic == "work" and chance["file"] < 0.2 else [],
        "is_reply": bool(is_reply),
        "list_id": list_id,
        "decode_problems": [],
    }


def _topic(rng: np.random.Generator, *, is_spam: bool, age: float) -> str:
    if not is_spam:
        return _one(rng, vocab.HAM_TOPICS, np.array([0.3, 0.3, 0.28, 0.12]))
    late = 0.02 + 0.55 / (1 + np.exp(-14 * (age - 0.65)))  # the share of the new topics climbs in month four
    return _one(rng, vocab.SPAM_TOPICS, np.array([*[(1 - late) / 4] * 4, late / 2, late / 2]))


def _lines(rng: np.random.Generator, topic: str, *, shy: bool, disguise: float) -> list[str]:
    lines = []
    for _ in range(int(rng.integers(2, 7))):
        words = _words(rng, topic, int(rng.integers(6, 14)), share=0.02 if shy else 0.15)
        if disguise and rng.random() < disguise:
            words = [vocab.DISGUISED.get(word, word) for word in words]
        lines.append(" ".join(words).capitalize() + ".")
    phrases = vocab.PHRASES[topic]
    for _ in range(0 if shy and rng.random() < 0.7 else int(rng.integers(1, 4))):
        lines.insert(int(rng.integers(len(lines) + 1)), _one(rng, phrases))
    return lines


def _words(rng: np.random.Generator, topic: str, n: int, *, share: float) -> list[str]:
    own, stray = vocab.TOPICS[topic], vocab.TOPICS[_one(rng, _ALL_TOPICS)]
    # Squaring makes the first words of each list the frequent ones.
    places = rng.random(n) ** 2
    pools = [own if u < share else stray if u < share + _STRAY_SHARE else vocab.COMMON for u in rng.random(n)]
    return [words[int(place * len(words))] for words, place in zip(pools, places, strict=True)]


def _one(rng: np.random.Generator, items: Any, weights: np.ndarray | None = None) -> Any:
    if weights is None:
        return items[int(rng.integers(len(items)))]
    return items[int(np.searchsorted(np.cumsum(weights), rng.random(), side="right").clip(0, len(items) - 1))]
