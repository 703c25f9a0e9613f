"""Every row of the drug tables of the fact sheet is there: options, interactions, allergy groups."""

import tomllib
from typing import Any

import pytest

from ml.answers.recommend import AssessedPerson, Recommender
from ml.knowledge.drugs import InteractionRule
from ml.knowledge.loading import DATA
from ml.knowledge.schema import read_csv

OPTIONS = """acetaminophen;ibuprofen;naproxen;aspirin (analgesic dose);pseudoephedrine;oxymetazoline nasal;
saline nasal rinse;honey;dextromethorphan;guaifenesin;benzonatate;albuterol inhaler;oseltamivir;baloxavir;
zanamivir inhaled;amoxicillin;doxycycline;azithromycin;clarithromycin;amoxicillin-clavulanate;
cefuroxime or cefpodoxime;levofloxacin or moxifloxacin;chlorthalidone, indapamide or hydrochlorothiazide;
lisinopril (ACE inhibitors);losartan (ARBs);amlodipine;labetalol, extended-release nifedipine or methyldopa;
spironolactone;aspirin low dose;clopidogrel;nitroglycerin sublingual;atorvastatin or rosuvastatin;
metoprolol or bisoprolol;sacubitril-valsartan, SGLT2 inhibitor;apixaban, rivaroxaban, dabigatran or edoxaban;
omeprazole (PPIs);famotidine;calcium, magnesium or aluminium antacid;H. pylori treatment;psyllium;
peppermint oil enteric;dicyclomine;polyethylene glycol;linaclotide;rifaximin;low-dose amitriptyline;loperamide;
oral rehydration solution;ondansetron;bismuth subsalicylate;sumatriptan and other triptans;rimegepant or ubrogepant;
lasmiditan;metoclopramide or prochlorperazine;propranolol;topiramate;levetiracetam;lamotrigine;
carbamazepine or oxcarbazepine;valproate;rescue midazolam nasal or diazepam nasal/rectal;carbidopa-levodopa;
pramipexole or ropinirole;rasagiline or selegiline;sertraline, escitalopram or fluoxetine;venlafaxine or duloxetine;
bupropion;mirtazapine;buspirone;hydroxyzine;trauma-focused psychotherapy (PE, CPT, EMDR);
cognitive behavioural therapy;CBT-I;doxepin 3-6 mg;zolpidem or eszopiclone;suvorexant, lemborexant or daridorexant;
ramelteon"""
ADVICE = {
    "antibiotic for uncomplicated bronchitis",
    "no home drug for suspected acute stroke",
    "antibiotic for watery diarrhoea without fever",
    "benzodiazepines for anxiety, PTSD or insomnia",
    "diphenhydramine or trazodone for insomnia",
}
PAIRS = [
    ("I01", "ibuprofen", "warfarin"),
    ("I02", "sertraline", "warfarin"),
    ("I03", "ibuprofen", "sertraline"),
    ("I04", "ibuprofen", "lisinopril"),
    ("I05", "naproxen", "lithium"),
    ("I06", "ibuprofen", "methotrexate"),
    ("I07", "dextromethorphan", "phenelzine"),
    ("I08", "pseudoephedrine", "phenelzine"),
    ("I09", "sertraline", "tramadol"),
    ("I10", "propranolol", "albuterol"),
    ("I11", "oseltamivir", "live nasal flu vaccine"),
    ("I12", "doxycycline", "calcium"),
    ("I13", "azithromycin", "warfarin"),
    ("I14", "amoxicillin", "methotrexate"),
    ("I15", "azithromycin", "citalopram"),
    ("I16", "simvastatin", "clarithromycin"),
    ("I17", "bupropion", "tramadol"),
    ("I18", "levofloxacin", "prednisone"),
    ("I19", "chlorthalidone", "lithium"),
    ("I20", "lisinopril", "spironolactone"),
    ("I21", "lisinopril", "losartan"),
    ("I22", "lisinopril", "sacubitril"),
    ("I23", "amlodipine", "simvastatin"),
    ("I24", "metoprolol", "verapamil"),
    ("I25", "ibuprofen", "aspirin"),
    ("I26", "clopidogrel", "omeprazole"),
    ("I27", "nitroglycerin", "sildenafil"),
    ("I28", "atorvastatin", "gemfibrozil"),
    ("I29", "apixaban", "carbamazepine"),
    ("I30", "acetaminophen", "warfarin"),
    ("I31", "omeprazole", "methotrexate"),
    ("I32", "metronidazole", "warfarin"),
    ("I33", "hydroxyzine", "amitriptyline"),
    ("I34", "loperamide", "clarithromycin"),
    ("I35", "sumatriptan", "ergotamine"),
    ("I36", "sumatriptan", "sertraline"),
    ("I37", "zolpidem", "oxycodone"),
    ("I38", "metoclopramide", "levodopa"),
    ("I39", "carbamazepine", "oral contraceptive"),
    ("I40", "valproate", "lamotrigine"),
    ("I41", "valproate", "meropenem"),
    ("I42", "levodopa", "iron"),
    ("I43", "sertraline", "hydrochlorothiazide"),
    ("I44", "fluoxetine", "tamoxifen"),
    ("I45", "ramelteon", "fluvoxamine"),
    ("I46", "methotrexate", "trimethoprim-sulfamethoxazole"),
    ("I48", "sertraline", "st john's wort"),
]
GROUPS = "A_PEN A_CEPH A_SULF A_NSAID A_MAC A_TET A_FQ A_ACE A_ARO A_MILK A_NITRO A_EGG A_OPIOID A_CONTRAST_LOCAL"


def test_every_option_and_every_advice_of_the_fact_sheet_is_there() -> None:
    data = tomllib.loads((DATA / "drugs.toml").read_text(encoding="utf-8"))
    told = {" ".join(name.split()) for name in OPTIONS.split(";")}
    assert {row["row"] for row in data["option"]} == told
    assert {row["drug"] for row in data["advice"]} == ADVICE
    assert all(row["sources"] for row in (*data["option"], *data["advice"]))


def test_every_allergy_group_of_the_fact_sheet_is_there() -> None:
    data = tomllib.loads((DATA / "allergies.toml").read_text(encoding="utf-8"))
    assert {row["id"] for row in data["group"]} == set(GROUPS.split())


def test_every_interaction_of_the_fact_sheet_is_in_the_table() -> None:
    """I47 is about a medicine already taken; it has a test of its own."""
    assert {row for row, _, _ in PAIRS} | {"I47"} == {f"I{number:02}" for number in range(1, 49)}


@pytest.mark.parametrize(("row", "one", "other"), PAIRS)
def test_the_interaction_is_found_in_either_direction(recommender: Recommender, row: str, one: str, other: str) -> None:
    rules = [rule for rule in read_csv(DATA / "interaction_rules.csv", InteractionRule) if rule.id == row]
    first, second = (recommender.of([name]) for name in (one, other))
    assert first
    assert second
    assert any(rule.meets(first, second) for rule in rules)
    assert any(rule.meets(second, first) for rule in rules)


@pytest.mark.parametrize(
    ("condition", "person", "warned"),
    [
        ("migraine", {}, True),
        ("hypertension", {}, True),
        ("common_cold", {"medical_history": ("smoker",), "age": 36.0}, True),
        ("common_cold", {"medical_history": ("smoker",), "age": 30.0}, False),
        ("common_cold", {}, False),
    ],
)
def test_the_combined_pill_is_warned_about_where_it_may_cause_a_stroke(
    recommender: Recommender, condition: str, person: dict[str, Any], warned: bool
) -> None:
    fields: dict[str, Any] = {"age": 30.0, "sex": "female", "pregnant": False, "medications": ("combined pill",)}
    answer: Any = recommender.recommend(condition, AssessedPerson(**(fields | person)))
    assert any("I47" in warning for warning in answer["warnings"]) == warned
