"""The words and phrases that the generated mails are made of."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMMON: Final = _words(
    "the of and to in a is that for it on with as be at this have from or one had by word but not what all were we "
    "when your can said there use an each which she do how their if will up other about out many then them these so "
    "some her would make like him into time has look two more write go see number no way could people my than first "
    "been call who its now find long down day did get come made may part over new sound take only little work know "
    "place year live me back give most very after thing our just name good sentence man think say great where help "
    "through much before line right too mean old any same tell boy follow came want show also around form three small "
    "set put end does another well large must big even such because turn here why ask went men read need land home us "
    "move try kind hand picture again change off play air away animal house point page letter mother answer found "
    "study still learn should world free click order price offer money account today save list mail please send"
)

TOPICS: Final[dict[str, tuple[str, ...]]] = {
    # ham
    "work": _words(
        "meeting agenda budget quarter report draft review deadline client contract schedule office team project "
        "slides minutes invoice hours travel manager feedback proposal attached spreadsheet conference monday"
    ),
    "list": _words(
        "patch kernel compile build error function module thread stack trace version release branch merge package "
        "install debian server script python parser memory pointer bug config socket daemon library header test"
    ),
    "private": _words(
        "weekend dinner kids birthday holiday photos train garden football movie beach cousin grandma cake guitar "
        "weather tired funny lovely walk bike snow concert school tickets visit hugs thanks cheers"
    ),
    "newsletter": _words(
        "newsletter issue subscribers unsubscribe article headline interview review special offer discount readers "
        "edition sponsor free shipping sale deals weekly digest catalogue order price member preferences update"
    ),
    # spam
    "pills": _words(
        "viagra cialis pharmacy prescription pills doctor meds weight loss herbal natural enhancement dosage overnight "
        "discreet generic tablets order cheap online guaranteed results free trial"
    ),
    "fee": _words(
        "dear sir madam transfer million dollars bank deceased barrister confidential funds beneficiary nigeria urgent "
        "assistance percentage account foreign partner trust deposit late minister family proposal contact"
    ),
    "loan": _words(
        "mortgage rates refinance debt credit approved lenders lowest payment consolidate qualify apply homeowner cash "
        "interest equity loan offer free quote obligation bills save money"
    ),
    "earn": _words(
        "income work home earn extra cash opportunity business guaranteed success millionaire marketing bulk emails "
        "list remove risk investment secrets freedom financial winner prize claim congratulations selected"
    ),
    # spam that is rare at first and common at the end
    "coin": _words(
        "crypto bitcoin wallet token exchange presale returns invest blockchain airdrop profit trading bot signals "
        "whitelist launch limited claim bonus verify seed ledger passive yield"
    ),
    "parcel": _words(
        "parcel delivery pending customs fee courier tracking reschedule address confirm shipment warehouse failed "
        "attempt package redelivery payment small charge link verify account suspended security notice"
    ),
}

PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "work": ("Could you look over the attached draft before Monday?", "Let us move the meeting to three.",
             "Please find the minutes below.", "I will send the final figures tomorrow.", "Best regards,"),
    "list": ("I get this error when I compile it here.", "Does anybody know whether this is fixed in the next release?",
             "The patch below works for me.", "See the archive for the old thread.", "Try it with the debug flag."),
    "private": ("How was your weekend?", "We are thinking of coming over on Sunday.", "Say hi to everybody!",
                "Call me when you are home.", "It was so good to see you."),
    "newsletter": ("You get this because you subscribed.", "To unsubscribe, follow the link below.",
                   "Click here to read the whole article.", "Subscribers save 20% this week.",
                   "Forward this issue to a friend."),
    "pills": ("Order now and save 80% on all meds!", "No prescription needed!", "Click here to order.",
              "100% satisfaction guaranteed or your money back.", "To be removed from our list click below."),
    "fee": ("Dear Sir or Madam,", "I am contacting you in strict confidence.",
            "The sum of US$25,500,000 is ready for transfer.", "You will get 30% of the total sum.",
            "Kindly send your bank account number."),
    "loan": ("You have been pre-approved!", "Rates are at an all time low.", "Act now, this offer will expire!",
             "Fill out our quick form, no obligation.", "Bad credit? No problem!"),
    "earn": ("Make $5000 a week from home!", "This is not spam.", "Congratulations, you are a winner!",
             "There is absolutely no risk.", "Reply with REMOVE in the subject to opt out."),
    "coin": ("Your wallet was selected for the airdrop.", "Act now before the presale ends!",
             "Guaranteed returns of 12% a day.", "Connect your wallet to claim.", "Do not miss the next big launch!"),
    "parcel": ("Your parcel could not be delivered.", "Pay the small customs fee to reschedule.",
               "Click here to confirm your address.", "Your account will be suspended within 24 hours.",
               "This is the final notice."),
}  # fmt: skip

UNHEARD: Final = _words(
    "solar panel rooftop inverter kilowatt subsidy battery installer photovoltaic roofing meter grid tariff voltage "
    "hectare greenhouse irrigation tractor harvest orchard"
)
"""Words that no generated mail has, for a topic that turns up one day."""

HAM_TOPICS: Final = ("work", "list", "private", "newsletter")
SPAM_TOPICS: Final = ("pills", "fee", "loan", "earn", "coin", "parcel")

DISGUISED: Final = {"viagra": "v1agra", "cialis": "c1alis", "free": "fr ee", "mortgage": "m0rtgage", "cash": "ca$h",
                    "pharmacy": "pharm@cy", "money": "m0ney", "winner": "w1nner"}  # fmt: skip

NAMES: Final = ("Anna", "Ben", "Carla", "Daniel", "Eva", "Felix", "Grace", "Hugo", "Ines", "Jonas", "Kate", "Leo",
                "Maria", "Nils", "Olga", "Paul", "Rosa", "Sam", "Tina", "Victor")  # fmt: skip
SURNAMES: Final = ("Adams", "Baker", "Costa", "Dupont", "Evans", "Fischer", "Garcia", "Hansen", "Ivanov", "Jones",
                   "Keller", "Lopez", "Meyer", "Novak", "Okafor", "Park", "Quinn", "Rossi", "Silva",
                   "Tanaka")  # fmt: skip
HAM_DOMAINS: Final = ("uni.example.edu", "office.example.com", "research.example.org", "studio.example.net",
                      "freemail.example.com", "webmail.example.net")  # fmt: skip
SPAM_DOMAINS: Final = ("best-offers.example.biz", "deals4u.example.info", "freemail.example.com", "winbig.example.ru",
                       "webmail.example.net", "mailer.example.cn", "promo.example.co.kr")  # fmt: skip
LISTS: Final = ("kernel-dev.lists.example.org", "parser-users.lists.example.org", "admins.lists.example.net")
