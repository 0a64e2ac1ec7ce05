"""Votes from the words of a mail."""

from labelmill import keyword_lf, labeling_function, regex_lf
from lfs.labels import Label

medicines = keyword_lf("medicines", "gazetteers/medicines.txt", column=("subject", "text"), label=Label.SPAM)
quick_money = keyword_lf("quick_money", "gazetteers/quick_money.txt", column=("subject", "text"), label=Label.SPAM)
act_now = regex_lf("act_now", r"\b(act|order|apply|claim) now\b", column="text", label=Label.SPAM, ignore_case=True)
dear_stranger = regex_lf("dear_stranger", r"(?i)\bdear (sir|madam|friend|customer)\b", column="text", label=Label.SPAM)
disguised = regex_lf(
    "disguised", r"(?i)\b(v1agra|c1alis|m0ney|m0rtgage|w1nner)\b|ca\$h|pharm@cy", column="text", label=Label.SPAM
)
technical = keyword_lf("technical", "gazetteers/technical.txt", column="text", label=Label.HAM)
office = keyword_lf(
    "office", ["meeting", "agenda", "minutes", "attached draft", "slides"], column="text", label=Label.HAM
)
private_note = keyword_lf(
    "private_note", ["weekend", "birthday", "cheers", "hugs", "kids"], column="text", label=Label.HAM
)


@labeling_function
def shouts(mail):
    """More than half of a subject in capitals."""
    letters = [c for c in mail.subject or "" if c.isalpha()]
    return Label.SPAM if len(letters) > 8 and sum(map(str.isupper, letters)) > len(letters) / 2 else None
