"""Votes from how a mail talks to its reader: the sales pitch."""

import re

from labelmill import labeling_function
from lfs.labels import Label
from lfs.word_lists import dense, distinct, is_digest, words_of

ADVANCE_FEE = words_of("gazetteers/advance_fee.txt")
STRANGER = words_of("gazetteers/dear_stranger.txt")
URGENCY = words_of("gazetteers/urgency.txt")
PROMISES = words_of("gazetteers/promises.txt")
OPT_OUT = words_of("gazetteers/opt_out.txt")
EXCUSES = words_of("gazetteers/excuses.txt")
MONEY = re.compile(
    r"\$ ?\d|\d\$|\$ave|\$\$|\d ?%|\b(?:free|cash|save|money|income|debts?|credit|rates?|loans?)\b", re.IGNORECASE
)
CLICK = re.compile(r"\bclick\s+(?:here|below|now|this|(?:on\s+)?the\s+(?:link|url))\b", re.IGNORECASE)


@labeling_function
def money_in_subject(mail):
    """A subject is short: who spends it on money, and begins the talk about it, wants the reader's."""
    return Label.SPAM if not mail.is_reply and not is_digest(mail) and MONEY.search(mail.subject or "") else None


@labeling_function(resources=["gazetteers/dear_stranger.txt", "gazetteers/advance_fee.txt"])
def dear_stranger(mail):
    """Who writes "Dear Sir or Madam", or a letter about a dead minister's millions, does not know to whom."""
    greets = STRANGER.search(mail.text[:300].lower())
    return Label.SPAM if greets or (distinct(ADVANCE_FEE, mail) >= 4 and dense(ADVANCE_FEE, mail)) else None


@labeling_function(resources=["gazetteers/urgency.txt"])
def act_now(mail):
    """Spam has one chance to be read, so it presses."""
    return Label.SPAM if dense(URGENCY, mail) and not is_digest(mail) else None


@labeling_function(resources=["gazetteers/promises.txt"])
def promises(mail):
    """Guaranteed, free, without risk or obligation: nobody swears so much who is trusted."""
    return Label.SPAM if dense(PROMISES, mail) and not is_digest(mail) else None


@labeling_function(resources=["gazetteers/opt_out.txt", "gazetteers/excuses.txt"])
def opt_out(mail):
    """Who was not asked for offers to "remove" and explains why it is no spam; lists say "unsubscribe"."""
    return Label.SPAM if dense(OPT_OUT, mail) or dense(EXCUSES, mail) else None


@labeling_function
def click_here(mail):
    """One link that everything drives at; a newsletter has many, and a friend does not say "click here"."""
    return Label.SPAM if not is_digest(mail) and CLICK.search(mail.text[:5000]) else None
