"""Votes from how people write to each other."""

from labelmill import labeling_function, regex_lf
from lfs.labels import Label
from lfs.word_lists import dense, words_of

HEDGES = words_of("gazetteers/hedges.txt")

# Lines behind > or | and "X wrote:" are half of a conversation.
quotes = regex_lf(
    "quotes",
    r"(?m)^[A-Za-z]{0,3}[>|] ?.*\n(?:.*\n){0,3}?[A-Za-z]{0,3}[>|]|\b(?:wrote|writes|said) ?: *$"
    r"|^-+ ?(?:Original Message|(?:[Bb]egin )?[Ff]orwarded)",
    column="text",
    label=Label.HAM,
)

# A line of "-- " sets off a signature; whoever signs with a key has a name to lose.
signed = regex_lf("signed", r"(?m)^-- ?$|^-----BEGIN PGP", column="text", label=Label.HAM)


@labeling_function
def answers(mail):
    """Spam begins conversations; it seldom takes part in one, and then in HTML."""
    return Label.HAM if mail.is_reply and not mail.has_html else None


@labeling_function(resources=["gazetteers/hedges.txt"])
def hedges(mail):
    """People say "I think" and "maybe", and smile; advertisers are sure."""
    return Label.HAM if dense(HEDGES, mail, per_page=2) and mail.text.count("!") < 5 else None


@labeling_function
def list_post(mail):
    """What people post to lists is plain text. Spam reaches lists too, but mostly as HTML."""
    return Label.HAM if mail.list_id and not mail.has_html else None


@labeling_function
def note_with_link(mail):
    """Someone points out something: a page of plain text, up to three links, no price and no exclamation."""
    calm = not set("!$%") & set((mail.subject or "") + mail.text)
    return Label.HAM if calm and not mail.has_html and 1 <= len(mail.links) <= 3 and len(mail.text) < 2500 else None
