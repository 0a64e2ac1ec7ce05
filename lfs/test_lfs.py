"""Every labeling function on single mails, one on which it votes and one on which it does not: `pytest lfs`."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from labelmill import ABSTAIN
from labelmill.labeling.loading import load_lfs
from lfs.labels import Label

HAM, SPAM = Label.HAM, Label.SPAM
LFS = {lf.name: lf for lf in load_lfs(Path(__file__).parent, cardinality=len(Label))}
EMPTY_MAIL = {
    "sender_name": None,
    "sender_address": None,
    "sender_domain": None,
    "reply_to": None,
    "originating_ip": None,
    "subject": None,
    "text": "",
    "has_html": False,
    "links": [],
    "attachments": [],
    "is_reply": False,
    "list_id": None,
    "decode_problems": [],
}
LINKS = [f"http://news.example/{i}" for i in range(15)]
LETTER = "I write from Lagos. The sum of ten million dollars is for my foreign partner, strictly confidential."
CASES = {
    # name: the mails on which it votes and how, the mails on which it does not
    "drug_names": ([({"subject": "Cheap VIAGRA"}, SPAM)], [{"text": "The pharmacist was kind."}]),
    "adult": ([({"text": "Hardcore xxx pictures"}, SPAM)], [{"text": "The children had a party."}]),
    "loans": ([({"text": "Refinance now, bad\ncredit is fine"}, SPAM)], [{"text": "Could you lend me the book?"}]),
    "easy_money": ([({"text": "Be your own boss!"}, SPAM)], [{"text": "My boss is ill today."}]),
    "bulk_goods": ([({"subject": "Toner for less"}, SPAM)], [{"text": "toner " + "and much else " * 200}]),
    "technical_talk": (
        [({"text": "The kernel does not compile."}, HAM), ({"text": "It calls main() twice."}, HAM)],
        [{"text": "The corn has a kernel."}],
    ),
    "money_in_subject": (
        [({"subject": "Earn $500"}, SPAM)],
        [{"subject": "Minutes"}, {"subject": "Re: rates", "is_reply": True}],
    ),
    "dear_stranger": (
        [({"text": "Dear Sir or Madam,"}, SPAM), ({"text": LETTER}, SPAM)],
        [{"text": "Dear Ann,"}, {"text": "We flew to Lagos on business."}],
    ),
    "act_now": ([({"text": "Act now!"}, SPAM)], [{"text": "We react nowhere."}]),
    "promises": ([({"text": "100% free, no obligation"}, SPAM)], [{"text": "I promise to be there."}]),
    "opt_out": (
        [({"text": "To be removed, reply."}, SPAM), ({"text": "This is not spam."}, SPAM)],
        [{"text": "To unsubscribe, use the page of the list."}],
    ),
    "click_here": ([({"text": "Click\nhere"}, SPAM)], [{"text": "Click here", "links": LINKS}, {"text": "click"}]),
    "disguised": (
        [({"text": "buy v1agra"}, SPAM), ({"subject": "Low prices 7781hQx2-903"}, SPAM)],
        [{"subject": "Meeting at noon"}, {"subject": "Re: issue 1140", "is_reply": True}],
    ),
    "shouts": (
        [
            ({"subject": "MAKE HISTORY TODAY"}, SPAM),
            ({"text": "THIS WILL CHANGE YOUR LIFE"}, SPAM),
            ({"subject": "Look!"}, SPAM),
            ({"text": "Yes! Yes! Yes! Yes!"}, SPAM),
        ],
        [
            {"subject": "[LISTNAME] The NASA budget"},
            {"subject": "Re: look!", "is_reply": True},
            {"text": "Thanks!"},
            {"subject": "Look!", "links": LINKS},
        ],
    ),
    "foreign_script": (
        [({"text": "\ud55c\uad6d\uc5b4" * 3}, SPAM), ({"decode_problems": ["charset:ks_c_5601-1987"]}, SPAM)],
        [{"text": "a caf\u00e9 in a long line of plain letters"}],
    ),
    "leaflet": (
        [({"has_html": True, "links": ["http://shop.example"]}, SPAM)],
        [{"has_html": True, "links": LINKS}, {"has_html": True, "is_reply": True}, {}],
    ),
    "domain": (
        [({"sender_domain": "cs.example.edu"}, HAM), ({"sender_domain": "mail.example.kr"}, SPAM)],
        [{"sender_domain": "edu.example.com"}],
    ),
    "network": ([({"originating_ip": "211.0.2.1"}, SPAM)], [{"originating_ip": "192.0.2.211"}]),
    "throwaway_sender": (
        [
            ({"sender_domain": "hotmail.com", "sender_address": "ann@hotmail.com"}, SPAM),
            ({"sender_address": "win4you77821@shop.example"}, SPAM),
        ],
        [
            {"sender_domain": "hotmail.com", "sender_address": "ann@hotmail.com", "list_id": "talk.example.org"},
            {"sender_domain": "shop.example", "sender_address": "ann@shop.example"},
            {"sender_domain": "hotmail.com", "sender_address": "ann99182@hotmail.com", "is_reply": True},
        ],
    ),
    "sender_name": (
        [({"sender_name": "Ann B. Carter"}, HAM), ({"sender_name": None}, SPAM)],
        [{"sender_name": "Best Offers 24"}, {"sender_name": "Ann Carter", "has_html": True}, {"is_reply": True}],
    ),
    "quotes": (
        [({"text": "> one\n> two\nNo."}, HAM), ({"text": "Ann wrote:\nwell"}, HAM)],
        [{"text": ">>> Click <<<"}, {"text": "She wrote a book."}],
    ),
    "signed": ([({"text": "Bye\n-- \nAnn"}, HAM)], [{"text": "Bye -- Ann"}]),
    "answers": ([({"is_reply": True}, HAM)], [{"is_reply": True, "has_html": True}, {}]),
    "hedges": ([({"text": "I think it is, maybe."}, HAM)], [{"text": "It is!"}]),
    "list_post": ([({"list_id": "talk.example.org"}, HAM)], [{"list_id": "talk.example.org", "has_html": True}, {}]),
    "note_with_link": (
        [({"text": "A fine essay.", "links": LINKS[:1]}, HAM)],
        [{"text": "Only $5", "links": LINKS[:1]}, {"text": "A fine essay.", "links": []}],
    ),
    "dated_issue": (
        [({"subject": "Headlines of July 23"}, HAM), ({"text": "June 3, 2002\nIn this issue: an editorial"}, HAM)],
        [{"subject": "See you in July"}, {"text": "The meeting is on June 3."}],
    ),
    "editorial": (
        [({"text": "In this issue: the top stories, our sponsor, back issues"}, HAM)],
        [{"text": "I read the story."}],
    ),
    "news_desk": (
        [({"sender_name": "Weekly Digest", "subject": "Issue 12"}, HAM)],
        [{"sender_name": "Weekly Digest", "subject": "Hello"}, {"sender_name": "Ann", "subject": "Issue 12"}],
    ),
    "many_links": (
        [({"links": LINKS}, HAM)],
        [{"links": LINKS[1:]}, {"links": LINKS, "subject": "Sale!"}],
    ),
}


def vote(name, columns):
    """The vote on a mail that has only the given columns; all else is empty."""
    return LFS[name](SimpleNamespace(**{**EMPTY_MAIL, **columns}))


@pytest.mark.parametrize("name", sorted(LFS))
def test_each_votes_and_abstains(name):
    """A labeling function without both kinds of examples fails too."""
    fires, abstains = CASES[name]
    assert fires and abstains
    assert [vote(name, mail) for mail, _ in fires] == [label for _, label in fires]
    assert [vote(name, mail) for mail in abstains] == [ABSTAIN] * len(abstains)


def test_examples_are_of_labeling_functions():
    assert set(CASES) == set(LFS)


def test_an_empty_mail_says_nothing_but_that_it_names_nobody():
    assert [name for name in LFS if vote(name, {}) != ABSTAIN] == ["sender_name"]
