"""Votes from what a mail is about."""

import re

from labelmill import keyword_lf, labeling_function
from lfs.labels import Label
from lfs.word_lists import dense, words_of

ADULT = words_of("gazetteers/adult.txt")
LOANS = words_of("gazetteers/loans.txt")
EASY_MONEY = words_of("gazetteers/easy_money.txt")
BULK_GOODS = words_of("gazetteers/bulk_goods.txt")
TECHNICAL = words_of("gazetteers/technical.txt")
CODE = re.compile(r"(?m)^(?:diff |@@ |\+\+\+ |Index: |#!/|#include)|\w\(\)|\w::\w|(?:/usr|/etc|/var|/home|/dev)/\w")

# Medicine without a doctor is spam's oldest trade; hardly anybody else names these drugs.
drug_names = keyword_lf("drug_names", "gazetteers/prescription_drugs.txt", column=("subject", "text"), label=Label.SPAM)


@labeling_function(resources=["gazetteers/adult.txt"])
def adult(mail):
    """Nobody talks to acquaintances like that, page after page."""
    return Label.SPAM if dense(ADULT, mail) else None


@labeling_function(resources=["gazetteers/loans.txt"])
def loans(mail):
    """It is strangers who offer to lend, insure and consolidate."""
    return Label.SPAM if dense(LOANS, mail) else None


@labeling_function(resources=["gazetteers/easy_money.txt"])
def easy_money(mail):
    """Work at home, hot stocks, casinos: whoever knew how to get rich would not write to all the world."""
    return Label.SPAM if dense(EASY_MONEY, mail) else None


@labeling_function(resources=["gazetteers/bulk_goods.txt"])
def bulk_goods(mail):
    """Toner, diplomas, lists of addresses: goods that no shop with a street would advertise."""
    return Label.SPAM if dense(BULK_GOODS, mail) else None


@labeling_function(resources=["gazetteers/technical.txt"])
def technical_talk(mail):
    """Spam is neither written by nor for people who compile their kernels."""
    return Label.HAM if CODE.search(mail.text) or dense(TECHNICAL, mail, per_page=2) else None
