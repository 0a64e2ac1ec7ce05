"""Votes from what a mail says about its way."""

from labelmill import labeling_function
from lfs.labels import Label


@labeling_function
def mailing_list(mail):
    """Discussion lists name themselves."""
    return Label.HAM if mail.list_id else None


@labeling_function
def answers(mail):
    """People answer each other; spam rarely does."""
    return Label.HAM if mail.is_reply else None
