"""Words a model may not write: numbers in words, units, rates, judgements and advice.

The lists are closed and strict: a harmless reply that is refused costs one more call, a harmful one
that passes costs trust. English is what the model is asked for; numbers of its neighbours are
listed as well.
"""

from __future__ import annotations

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENGLISH = _set(
    "zero nil nought one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fourty fifty sixty "
    "seventy eighty ninety hundred thousand million billion trillion quadrillion dozen gross lakh "
    "crore"
)
_ORDINAL = _set(
    "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth fortieth "
    "fiftieth sixtieth seventieth eightieth ninetieth hundredth thousandth millionth billionth"
)
_OTHER = _set(
    # German
    "null eins zwei drei vier fünf funf fuenf sechs sieben acht neun zehn elf zwolf zwoelf "
    "dreizehn vierzehn zwanzig dreissig vierzig funfzig fuenfzig sechzig siebzig achtzig neunzig "
    "hundert tausend millionen milliarde milliarden "
    # French
    "deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt "
    "trente quarante cinquante soixante mille milliard milliards "
    # Spanish, Portuguese, Italian
    "uno dos tres cuatro cinco seis siete ocho nueve diez doce trece catorce veinte treinta "
    "cuarenta cincuenta sesenta setenta ochenta noventa cien ciento millones mil dois quatro sete "
    "oito nove dez vinte trinta cem milhao milhoes tre quattro cinque sette otto dieci venti "
    "trenta cento milione milioni "
    # Dutch
    "een twee drie vijf zes zeven negen tien twaalf twintig dertig veertig vijftig honderd duizend "
    "miljoen miljard"
)
_MULTIPLE = _set(
    "once twice thrice double doubles doubled doubling triple triples tripled tripling treble "
    "trebled quadruple quadrupled quadrupling quintuple quintupled half halve halves halved "
    "halving quarter quarters couple both fraction majority multiple fold times plus "
    "minus k m bn mn"
)
_UNIT = _set(
    "percent percents percentage percentages percentile permille pct bps cent cents dollar dollars "
    "euro euros pound pounds sterling yen yuan rupee rupees franc francs peso pesos krona kronor "
    "kroner buck bucks grand usd eur gbp jpy chf cny inr cad aud"
)
_RATE = _set(
    "per each apiece hourly daily weekly fortnightly monthly quarterly yearly annual annually "
    "annualized annualised"
)
NUMBERS = _ENGLISH | _ORDINAL | _OTHER | _MULTIPLE | _UNIT | _RATE

# What only the verdict's own line, the reasons and the campaigns' phrases may say.
JUDGEMENTS = _set(
    "critical crisis emergency disaster disastrous catastrophe catastrophic alarming dire failing "
    "failure attention healthy excellent outstanding superb stellar fantastic terrible awful "
    "flawless perfect perfectly ontrack offtrack success successful successfully fine great safe "
    "guaranteed guarantee certain certainly unprofitable profitable profitably"
)
PHRASES = (
    "on track",
    "off track",
    "on target",
    "off target",
    "all is well",
    "all good",
    "no action",
    "nothing to do",
    "no risk",
    "no risks",
    "no problem",
    "no problems",
)

# What only a recommendation of the run may ask for, and what would take one back.
ADVICE = _set(
    "recommend recommends recommended recommending recommendable suggest suggests suggested "
    "suggesting suggestion advise advises advised advisable advice urge urges urged propose "
    "proposes proposed should must shall ought pause pauses paused pausing scale scales scaled "
    "scaling stop stops stopped stopping halt halts cut cuts cutting slash reduce reduces reduced "
    "reducing increase increases increased increasing decrease decreases decreased decreasing "
    "raise raises raised raising boost boosts boosting reallocate reallocates reallocated "
    "reallocating "
    "shift shifts shifting move moves moving transfer transfers cancel cancels cancelled canceled "
    "terminate terminates kill kills launch launches relaunch approve approves approved approving "
    "reject rejects rejected rejecting ignore ignores ignored ignoring disregard disregards "
    "override overrides overrule bypass skip invest invests divest spend buy sell fire hire delay "
    "postpone optimize optimise replace revise rollback disable enable delete remove wait"
)
_ADVICE_NOUNS = _set("spend")  # media spend is a figure's name
ADVICE -= _ADVICE_NOUNS

DECLINES = re.compile(
    r"\b(?:i(?:['’]m| am) (?:sorry|unable|not able)|i (?:can(?:not|['’]t)|won['’]t|will not)"
    r"|as an ai|as a language model|i apologi[sz]e|unable to (?:help|assist|comply|answer))\b",
    re.IGNORECASE,
)

_STEMS = "|".join(sorted(_ENGLISH | _ORDINAL | _OTHER, key=lambda word: (-len(word), word)))
_JOINED = re.compile(rf"(?:(?:{_STEMS})(?:and|und|s|fold|ish|odd|th|ths)?)+")
_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_NOT_ROMAN = frozenset({"mix", "i"})
_LOOKALIKE = re.compile(r"[OoIl]{2,}")


def is_number(word: str) -> bool:
    """Whether a word of letters is a number, a part of one, a unit or a rate.

    >>> [w for w in ("Spring", "twelve", "fivehundred", "XII", "mix", "tenfold") if is_number(w)]
    ['twelve', 'fivehundred', 'XII', 'tenfold']
    """
    low = word.lower()
    roman = len(low) > 1 and low not in _NOT_ROMAN and _ROMAN.fullmatch(low)
    return bool(low in NUMBERS or _JOINED.fullmatch(low) or roman or _LOOKALIKE.fullmatch(word))
