"""Words that are in every text, by language, as `analysis.normal` leaves them. They are indexed and weigh, but a
document with nothing else of a query is not found by it."""

from typing import Final

_ENGLISH: Final = """
a about after again all also am an and any are as at be because been before being but by can could did do does doing
don't down during each few for from further had has have having he her here hers him his how i i'm if in into is it
it's its itself just me more most my no nor not now of off on once only or other our ours out over own s same she
should so some such t than that that's the their theirs them then there these they this those through to too under
until up us very was we were what when where which while who whom why will with would you your yours
"""
_GERMAN: Final = """
aber alle als also am an auch auf aus bei bin bis bist da damit das dass dein dem den der des dich die dies diese
dieser dir doch du durch ein eine einem einen einer eines er es euch fur hab habe haben hat hatte ich ihm ihn ihr ihre
im in ist ja kann mein mich mir mit nach nicht noch nun nur ob oder schon sein sich sie sind so um und uns unser vom
von vor war was weil wenn wer wie wir wird zu zum zur
"""
_FRENCH: Final = """
a ai au aux avec c'est ce ces cette dans de des du elle elles en est et eu il ils j'ai je la le les leur lui ma mais
me mes moi mon ne nos notre nous on ont ou par pas pour qu que qui sa se ses son sont sur ta te tes toi ton tu un une
vos votre vous y
"""
_SPANISH: Final = """
a al como con de del desde donde el ella ellos en entre era es esta este esto fue ha han hay la las le les lo los mas
me mi mis muy no nos o para pero por porque que se ser si sin sobre son su sus te tu un una uno y ya yo
"""
_ITALIAN: Final = """
a ad ai al alla anche che chi ci come con da dal dei del della di e ed era gli ha ho i il in io la le lei lo loro lui
ma mi mio ne nei nel nella noi non o per piu quello questa questo se si sono sta su sua suo ti tra tu un una uno vi
voi
"""
_PORTUGUESE: Final = """
a ao aos as com como da das de do dos e ela ele em entre era essa esse esta este eu foi ha isso ja la lhe mais mas me
meu minha na nao nas no nos o os ou para pela pelo por que se sem ser seu so sua tambem te tem um uma voce
"""
_DUTCH: Final = """
aan als bij dan dat de die dit door een en er het hij hoe ik in is je kan maar me meer met mij mijn na naar niet nog
nu of om omdat ook op over te tot uit van veel voor was wat we wel wij word zal ze zich zij zijn zo zou
"""

STOP_WORDS: Final = {
    "english": frozenset(_ENGLISH.split()),
    "german": frozenset(_GERMAN.split()),
    "french": frozenset(_FRENCH.split()),
    "spanish": frozenset(_SPANISH.split()),
    "italian": frozenset(_ITALIAN.split()),
    "portuguese": frozenset(_PORTUGUESE.split()),
    "dutch": frozenset(_DUTCH.split()),
}
