"""What a trained end model must do whatever its scores are: ignore what does not matter, move the right way."""

import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, keyword_lf
from labelmill.end_model.features import Featurizer
from labelmill.end_model.train import confidence, fit
from labelmill.label_model import MajorityVote
from labelmill.params import FeaturizeParams, TrainParams
from labelmill.sources.generated import mails

FEATURES = FeaturizeParams(numeric_columns=("links", "attachments", "has_html"))
HAM, SPAM = 0, 1
WORDS = {
    "work": ("meeting agenda report project", HAM),
    "technical": ("patch kernel debian python", HAM),
    "private": ("weekend dinner birthday holiday", HAM),
    "news": ("newsletter subscribers", HAM),
    "drugs": ("viagra pharmacy pills", SPAM),
    "fees": ("nigeria barrister beneficiary", SPAM),
    "loans": ("mortgage refinance lenders", SPAM),
    "earnings": ("millionaire earn winner", SPAM),
}
CLEAR = {
    "the kernel patch does not compile, debian gcc reports an error in the module": HAM,
    "see you at the weekend, dinner with grandma, thanks for the photos of the kids": HAM,
    "agenda of the meeting: budget, schedule and the draft of the quarter report": HAM,
    "cheap viagra, cialis and herbal pills from our online pharmacy, no prescription": SPAM,
    "lowest mortgage rates, refinance your debt, approved lenders, apply for a quote": SPAM,
    "congratulations winner, claim your prize, earn extra cash from home": SPAM,
}


class Trained:
    """A model that has seen no gold, only the votes of keywords."""

    def __init__(self, kind, **params):
        rows, _ = mails(1500, seed=21)
        lfs = [keyword_lf(name, words.split(), column="text", label=label) for name, (words, label) in WORDS.items()]
        self.lfs = lfs
        L = apply_lfs(rows, lfs, cardinality=2).L
        votes = MajorityVote(cardinality=2).fit(L)
        probs = votes.predict_proba(L)
        weights = np.where(votes.covered(L), confidence(probs, 0.75), 0)
        self.featurizer = Featurizer(FEATURES, text_columns=("subject", "text")).fit(rows)
        self.model = fit(self.featurizer.transform(rows), probs, weights, TrainParams(model=kind, **params), seed=1)

    def spam(self, rows):
        return self.model.predict_proba(self.featurizer.transform(rows))[:, 1]


@pytest.fixture(scope="module", params=["linear", "mlp"])
def trained(request):
    return Trained(request.param)


@pytest.fixture(scope="module")
def unseen():
    return mails(400, seed=22)


def test_clear_cases_are_right_from_the_text_alone(trained):
    found = trained.spam(pd.DataFrame({"text": list(CLEAR)})) > 0.5
    assert found.tolist() == [bool(label) for label in CLEAR.values()]


def accuracy(trained, rows, gold):
    """On all rows, and on those where no labeling function has a say."""
    silent = (apply_lfs(rows, trained.lfs, cardinality=2).L == -1).all(axis=1)
    right = (trained.spam(rows) > 0.5) == gold
    assert silent.sum() > 20
    return right.mean(), right[silent].mean()


def test_it_is_right_also_where_no_labeling_function_has_a_say(trained, unseen):
    everywhere, silent = accuracy(trained, *unseen)
    assert everywhere > 0.88
    assert silent > 0.7


def test_what_it_must_not_see_does_not_matter(trained, unseen):
    rows = unseen[0]
    moved = rows.assign(
        received_at=rows["received_at"].min(),
        id="x",
        list_id="some.list",
        sender_domain="spam.example",
        originating_ip="1.2.3.4",
        return_path=None,
        is_reply=True,
    )
    np.testing.assert_array_equal(trained.spam(moved), trained.spam(rows))


def test_the_order_of_rows_does_not_matter(trained, unseen):
    rows = unseen[0]
    order = np.random.default_rng(0).permutation(len(rows))
    np.testing.assert_array_equal(trained.spam(rows.iloc[order]), trained.spam(rows)[order])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n\n   \n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("e", "é", 1),
        lambda text: text.replace(" the ", " a "),
        lambda text: text + "\nRegards, Alex",
    ],
    ids=["blank lines", "line ends", "an accent", "an article", "a greeting"],
)
def test_small_changes_change_little(trained, unseen, change):
    rows = unseen[0]
    before, after = trained.spam(rows), trained.spam(rows.assign(text=rows["text"].map(change)))
    assert np.abs(before - after).mean() < 0.03
    assert ((before > 0.5) == (after > 0.5)).mean() > 0.97


def test_words_of_spam_raise_and_words_of_ham_lower_the_probability(trained, unseen):
    rows = unseen[0]
    before = trained.spam(rows)
    spam = trained.spam(rows.assign(text=rows["text"] + "\ncheap viagra pills, refinance your mortgage, winner"))
    ham = trained.spam(rows.assign(text=rows["text"] + "\nthe kernel patch, the agenda of the meeting, dinner"))
    assert (spam > before).mean() > 0.97
    assert (ham < before).mean() > 0.97


def test_more_of_the_same_moves_further(trained):
    words = ["viagra", "pills", "pharmacy", "mortgage"]
    texts = [" ".join(["see you at home then", *words[:n]]) for n in range(5)]
    steps = np.diff(trained.spam(pd.DataFrame({"text": texts})))
    assert (steps > -0.1).all()
    assert steps.sum() > 0.2


def test_words_that_no_labeling_function_knows_are_learned_from_their_company(trained):
    """`herbal`, `prescription` and `tablets` come with `pills`; `compile` and `parser` with `kernel`."""
    spam, ham = trained.spam(pd.DataFrame({"text": ["herbal prescription tablets", "compile error in the parser"]}))
    assert spam > ham + 0.1
