"""Options to discuss with a clinician: filtered by allergy, history, age, pregnancy and interactions, in that order.

Nothing is passed silently: what is ruled out says why, what is uncertain carries a warning, and a medicine or an
allergy that cannot be resolved is a loud warning on every option. No doses. All of it is local and versioned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.errors import InvalidArgument
from ml.evidence import Sex
from ml.knowledge.drugs import Advice, AllergyGroup, DrugOption, Harmless, InteractionRule, InteractionText
from ml.knowledge.loading import DATA, Knowledge, hash_files
from ml.knowledge.medicines import Medicine, Medicines, resolve_all
from ml.knowledge.schema import DataError, read_csv, read_toml
from ml.language.reader import TextReader
from ml.language.text import name_key, seen

FILES: Final = ("drugs.toml", "medicines.toml", "interactions.csv", "interaction_rules.csv", "allergies.toml")
SMOKER_PILL_AGE: Final = 35.0
FERTILE: Final = (12.0, 56.0)
SEVERE_REACTION: Final = (
    "anaphyla",
    "angioedema",
    "swelling",
    "stevens",
    "sjs",
    "ten ",
    "dress",
    "severe",
    "throat",
    "shock",
)
DISCLAIMER: Final = (
    "Options to discuss with a clinician or pharmacist, not a prescription and not complete. Read the package label."
)
DOSE_OTC: Final = "No dose is given here: follow the package label, and ask a pharmacist about other products."
DOSE_RX: Final = "Prescription only: whether, which and how much is for the prescriber."
ANY_DRUG_WARNING: Final = "needs clinician"
EMERGENCY: Final = {
    "stroke": "Suspected acute stroke is an emergency: call emergency services; no home drug, food or drink. "
    "The options here are for prevention afterwards.",
    "heart_disease": "Chest pain that is new, at rest, or lasting is an emergency: call emergency services first.",
    "pneumonia": "Suspected pneumonia needs assessment by a clinician before any antibiotic.",
    "epilepsy": "A first, long or repeated seizure is an emergency: call emergency services first.",
}


@dataclass(frozen=True, slots=True)
class AssessedPerson:
    """Whom a recommendation is for."""

    age: float
    sex: Sex
    pregnant: bool | None = None
    allergies: tuple[str, ...] = ()
    medications: tuple[str, ...] = ()
    medical_history: tuple[str, ...] = ()


@dataclass(slots=True)
class _Facts:
    """The person, resolved."""

    person: AssessedPerson
    factors: set[str]
    taken: list[Medicine]
    groups: list[tuple[AllergyGroup, bool]]
    allergic_to: set[str]
    loud: list[str]


class Recommender:
    """The drug knowledge and its rules."""

    def __init__(self, knowledge: Knowledge, reader: TextReader, folder: Path = DATA) -> None:
        self._knowledge, self._reader = knowledge, reader
        self.medicines = Medicines(folder)
        self._options = read_toml(folder / "drugs.toml", "option", DrugOption)
        self._advice = read_toml(folder / "drugs.toml", "advice", Advice)
        self._groups = read_toml(folder / "allergies.toml", "group", AllergyGroup)
        self._harmless = {
            name_key(word) for row in read_toml(folder / "allergies.toml", "harmless", Harmless) for word in row.words
        }
        self._texts = {row.id: row for row in read_csv(folder / "interactions.csv", InteractionText)}
        self._rules = read_csv(folder / "interaction_rules.csv", InteractionRule)
        self._version = hash_files(folder, FILES)[:12]
        self._check()

    @staticmethod
    def load(knowledge: Knowledge, folder: Path = DATA) -> "Recommender":
        """With a reader of its own, for histories."""
        return Recommender(knowledge, TextReader(knowledge), folder)

    def of(self, medications: Sequence[str]) -> frozenset[str]:
        """Classes of the medicines that resolve, for red flags."""
        known, _ = resolve_all(self.medicines, medications)
        return frozenset(one for medicine in known for one in medicine.classes)

    def recommend(self, condition: str, person: AssessedPerson) -> dict[str, object]:
        """The options that may be discussed, and those ruled out, with reasons.

        Raises:
            InvalidArgument: the condition is unknown, or the profile is impossible.
        """
        condition_id = self._knowledge.condition_names.get(" ".join(seen(condition).split()))
        if condition_id is None:
            raise InvalidArgument("This condition is not one of those covered.", details={"field": "condition"})
        _check_person(person)
        facts = self._facts(person)
        recommendations: list[dict[str, object]] = []
        excluded: list[dict[str, object]] = []
        for option in self._options:
            if condition_id in option.conditions:
                for drug in option.drugs:
                    self._weigh(
                        option=option,
                        drug=drug,
                        condition_id=condition_id,
                        facts=facts,
                        recommendations=recommendations,
                        excluded=excluded,
                    )
        advice = (one for one in self._advice if condition_id in one.conditions)
        excluded.extend({"drug": one.drug, "reason": one.reason} for one in advice)
        recommendations.sort(key=lambda one: ("1", "option", "not first").index(str(one["line"])))
        answer: dict[str, object] = {
            "condition": condition_id,
            "recommendations": recommendations,
            "excluded": excluded,
            "warnings": [
                *facts.loud,
                *self._pill(condition_id, facts),
                *([EMERGENCY[condition_id]] if condition_id in EMERGENCY else []),
            ],
            "source": f"Carewire drug data {self._version}, from the sources named in each reason",
            "disclaimer": DISCLAIMER,
        }
        return answer

    def _weigh(
        self,
        option: DrugOption,
        drug: str,
        condition_id: str,
        facts: _Facts,
        recommendations: list[dict[str, object]],
        excluded: list[dict[str, object]],
    ) -> None:
        classes = self._classes(drug)
        against: list[str] = []
        warnings: list[str] = []
        self._allergy(drug=drug, option=option, classes=classes, facts=facts, against=against, warnings=warnings)
        self._history(drug=drug, option=option, facts=facts, against=against, warnings=warnings)
        _age(
            drug=drug, option=option, person=facts.person, condition_id=condition_id, against=against, warnings=warnings
        )
        _pregnancy(drug=drug, option=option, facts=facts, against=against, warnings=warnings)
        self._interactions(drug=drug, classes=classes, facts=facts, against=against, warnings=warnings)
        name = f"{drug} ({option.form})" if option.form and option.form not in drug else drug
        if against:
            excluded.append({"drug": name, "reason": "; ".join(dict.fromkeys(against))})
            return
        warnings.extend(f"{ANY_DRUG_WARNING}: {loud}" for loud in facts.loud if classes)
        reasons = [f"{option.place} ({', '.join(option.sources)})"]
        if option.avoid:
            reasons.append(f"Not with: {option.avoid}")
        recommendations.append(
            {
                "drug": name,
                "class": option.class_,
                "line": option.line,
                "supply": option.supply,
                "dose_note": DOSE_RX if "Rx" in option.supply and "OTC" not in option.supply else DOSE_OTC,
                "reasons": reasons,
                "warnings": list(dict.fromkeys(warnings)),
            }
        )

    def _allergy(
        self,
        drug: str,
        option: DrugOption,
        classes: frozenset[str],
        facts: _Facts,
        against: list[str],
        warnings: list[str],
    ) -> None:
        if drug in facts.allergic_to:
            against.append(f"allergy to {drug} was reported")
        for group, severe in facts.groups:
            blocked = set(group.block) | (set(group.severe_block) if severe else set())
            if blocked & classes or (group.id in option.allergy_groups and not set(group.warn) & classes):
                against.append(f"reported allergy: {group.reported}; {group.action} ({', '.join(group.sources)})")
            elif set(group.warn) & classes:
                warnings.append(f"reported allergy: {group.reported}; {group.cross} ({', '.join(group.sources)})")

    def _history(self, drug: str, option: DrugOption, facts: _Facts, against: list[str], warnings: list[str]) -> None:
        labels = {row.id: row.label for row in self._knowledge.factors}
        for entries, where in ((option.block, against), (option.warn, warnings)):
            for entry in entries:
                only, _, factor = entry.rpartition(":")
                if factor in facts.factors and only in ("", drug):
                    where.append(f"history of {labels[factor].lower()}: {option.avoid or 'use with care'}")

    def _interactions(
        self, drug: str, classes: frozenset[str], facts: _Facts, against: list[str], warnings: list[str]
    ) -> None:
        for taken in facts.taken:
            if taken.ingredient == drug:
                warnings.append(f"already taken: {drug}; do not double it")
                continue
            for rule in self._rules:
                if not rule.meets(classes, taken.classes):
                    continue
                text = self._texts[rule.id]
                said = f"{rule.level} interaction with {taken.told}: {text.effect} ({rule.id}, {text.source})"
                (warnings if rule.level == "moderate" else against).append(said)

    def _pill(self, condition_id: str, facts: _Facts) -> list[str]:
        """I47 is about a medicine already taken, whatever is recommended."""
        if not any("combined_contraceptive" in taken.classes for taken in facts.taken):
            return []
        grounds = {condition_id, *facts.factors} & {"migraine", "hypertension", "aura_pill_smoking"}
        if not grounds and not ("smoker" in facts.factors and facts.person.age >= SMOKER_PILL_AGE):
            return []
        text = self._texts["I47"]
        said = f"{text.drugs} with {text.with_}: {text.level}, {text.effect} ({text.id}, {text.source})"
        return [f"{ANY_DRUG_WARNING}: {said}"]

    def _classes(self, drug: str) -> frozenset[str]:
        row = self.medicines.rows.get(drug)
        if row is not None:
            return frozenset({*row.classes, row.id})
        parts = COMBINATIONS.get(drug, ())
        return frozenset(one for part in parts for one in (*self.medicines.rows[part].classes, part))

    def _facts(self, person: AssessedPerson) -> _Facts:
        loud: list[str] = []
        factors, unknown = self._reader.read_history(person.medical_history)
        loud.extend("an entry of the medical history could not be understood and was NOT checked" for _ in unknown)
        taken, unresolved = resolve_all(self.medicines, person.medications)
        loud.extend(
            f"the medicine {name!r} could not be resolved: interactions with it were NOT checked" for name in unresolved
        )
        groups: list[tuple[AllergyGroup, bool]] = []
        allergic: set[str] = set()
        unread = [entry for entry in person.allergies if not self._read_allergy(entry, groups, allergic)]
        loud.extend(f"the allergy {entry!r} could not be resolved: it was NOT checked" for entry in unread)
        if person.pregnant and person.sex != "male":
            factors.add("pregnant")
        if person.sex == "male":
            factors -= {"pregnant", "postpartum", "perimenstrual"}
        return _Facts(
            person=person,
            factors=factors,
            taken=taken,
            groups=groups,
            allergic_to=allergic,
            loud=list(dict.fromkeys(loud)),
        )

    def _read_allergy(self, entry: str, groups: list[tuple[AllergyGroup, bool]], allergic: set[str]) -> bool:
        text = name_key(entry)
        severe = any(word in text for word in SEVERE_REACTION)
        known = text in self._harmless or not text
        for medicine in self.medicines.resolve(entry):
            known = True
            if medicine.ingredient:
                allergic.add(medicine.ingredient)
            groups.extend((group, severe) for group in self._groups if group.reported_class in medicine.classes)
        for group in self._groups:
            if any(f" {name_key(word)} " in f" {text} " for word in group.words):
                known = True
                groups.append((group, severe))
        core = text.replace(" allergy", "").replace("allergic to ", "").replace("allergy to ", "")
        return known or core in self._harmless

    def _check(self) -> None:
        for option in self._options:
            for drug in option.drugs:
                if drug not in self.medicines.rows and drug not in COMBINATIONS:
                    raise DataError(f"drugs.toml: {drug} is not in medicines.toml")
            for entry in (*option.block, *option.warn):
                if entry.rpartition(":")[2] not in self._knowledge.factor_index:
                    raise DataError(f"drugs.toml: {entry} is not in history.toml")
            unknown = set(option.conditions) - set(self._knowledge.condition_index)
            if unknown:
                raise DataError(f"drugs.toml: {sorted(unknown)} are not conditions")
        for rule in self._rules:
            if rule.id not in self._texts:
                raise DataError(f"interaction_rules.csv: {rule.id} is not described")


COMBINATIONS: Final[dict[str, tuple[str, ...]]] = {  # not one ingredient: what they bring with them
    "bismuth quadruple therapy": ("bismuth subsalicylate", "tetracycline", "metronidazole", "omeprazole"),
    "CBT-I": (),
    "cognitive behavioural therapy": (),
    "trauma-focused psychotherapy (PE, CPT, EMDR)": (),
}


def _age(
    drug: str, option: DrugOption, person: AssessedPerson, condition_id: str, against: list[str], warnings: list[str]
) -> None:
    viral = condition_id in ("common_cold", "influenza", "food_poisoning", "bronchitis")
    if person.age < option.min_age:
        against.append(f"age: {option.age_text}")
    elif drug in ("aspirin", "bismuth subsalicylate") and person.age < 19 and viral:
        against.append("age: not under 19 with a viral illness (Reye syndrome)")
    if person.age >= 65 and "Beers" in option.avoid:
        warnings.append("age 65 or over: on the Beers list, better avoided (R95)")
    if person.age < 25 and "suicidality under 25" in option.avoid:
        warnings.append("boxed warning: suicidal thoughts under age 25; close follow-up (R96)")
    if person.age < 2 and drug == "acetaminophen":
        warnings.append("age under 2: only on a clinician's advice")


def _pregnancy(drug: str, option: DrugOption, facts: _Facts, against: list[str], warnings: list[str]) -> None:
    person = facts.person
    if person.sex == "male" or option.pregnancy == "ok":
        return
    told = f"pregnancy: {option.pregnancy_text}"
    if "pregnant" in facts.factors:
        (against if option.pregnancy == "exclude" else warnings).append(told)
    elif person.pregnant is None and FERTILE[0] <= person.age < FERTILE[1] and option.pregnancy == "exclude":
        warnings.append(f"{ANY_DRUG_WARNING}: whether there is a pregnancy is not known; {told}")
    elif drug == "valproate" and FERTILE[0] <= person.age < FERTILE[1]:
        warnings.append(told)


def _check_person(person: AssessedPerson) -> None:
    if not 0 <= person.age <= 120:
        raise InvalidArgument("age must be between 0 and 120 years.", details={"field": "profile.age"})
    if person.pregnant and person.sex == "male":
        raise InvalidArgument("Pregnancy and male sex contradict each other.", details={"field": "profile.pregnant"})
