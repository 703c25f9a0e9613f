"""The exact posterior of the generator, fast enough to be served. Needs torch.

Every hidden quantity of `generator.py` is discrete: state, expression level, talkativeness, and two settings a symptom
cluster (three for the cough). Given all of them symptoms are independent, so the likelihood of what was told is
a sum of table rows, one a told symptom, and the posterior a sum over the hidden quantities: no approximation. Age and
sex, where unknown, are summed over the population. Left out: the thermometer that alone makes a fever "told".

Layout: the hidden quantities of a state are one axis H = expression x talkativeness; L = states x H.
"""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from config.ml import GeneratorSettings
from ml.knowledge.schema import BANDS
from ml.knowledge.vital_signs import AFEBRILE, FEBRILE
from ml.patients.bayes import people, plain_log_likelihood, to_classes
from ml.patients.generator import EXPRESSION, Ints, Patients, Structure, expit, logit, told_scale
from ml.patients.world import Floats, World

QUIET, PRESENT, ABSENT, IMPLIED_ABSENT, FORCED = range(5)  # how a symptom stands in what was told
STATUSES: Final = 5
TINY: Final = 1e-30
FLOOR: Final = -12.0
CHUNK: Final = 512


class Posterior:
    """P(class | all that is known), for many patients at once."""

    def __init__(self, world: World, structure: Structure, settings: GeneratorSettings) -> None:
        self.world, self._structure, self._settings = world, structure, settings
        first = [_first_alike(world, band) for band in range(len(BANDS))]
        tables = {band: _Tables(world, structure, settings, band) for band in sorted(set(first))}
        self._tables = tables
        self._alike = np.array(first)

    def states(self, patients: Patients) -> Floats:
        """P(state | evidence), shape (n, C)."""
        parts = [
            self._states(patients[slice(at, min(at + CHUNK, len(patients)))]) for at in range(0, len(patients), CHUNK)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.world.share)))

    def classes(self, patients: Patients) -> Floats:
        """P(class | evidence), shape (n, named + 1); the last is "something else"."""
        return to_classes(self.states(patients), self.world)

    def later(self, states: Floats) -> Floats:
        """P(it is a later visit | the condition), shape (n, named), from `states`; 0 where a condition has no such."""
        world = self.world
        at = world.named + np.flatnonzero(world.class_of[world.named :] < world.named)
        total = to_classes(states, world)[:, world.class_of[at]]
        share = np.zeros((len(states), world.named))
        share[:, world.class_of[at]] = states[:, at] / np.maximum(total, 1e-300)
        return share

    def log_evidence(self, patients: Patients) -> Floats:
        """Log P(all that is known but age, sex and history | those), up to a constant, (n,)."""
        mass, top = self._mass(patients)
        return np.asarray(np.log(mass.sum(axis=1)) + top)

    def _states(self, patients: Patients) -> Floats:
        mass, _ = self._mass(patients)
        return np.asarray(mass / mass.sum(axis=1, keepdims=True))

    def _mass(self, patients: Patients) -> tuple[Floats, Floats]:
        """P(state, evidence) in units of exp(top), (n, C), and `top`, (n,)."""
        world, rate = self.world, self._settings.atypical
        rows, bands, who = people(world, self._structure.knowledge, patients)
        spread = patients[rows]
        shown = plain_log_likelihood(world, spread, bands)
        status = stand(self._structure, patients)[rows]
        alike = self._alike[bands]
        for band, tables in self._tables.items():
            some = np.flatnonzero(alike == band)
            if len(some):
                shown[some] += _told(tables, status[some], spread.vitals[some, 0])
        top = np.full(len(patients), -np.inf)
        np.maximum.at(top, rows, shown.max(axis=1))
        likely = np.exp(shown - top[rows, None])
        each = np.exp(who) * ((1 - rate) * likely + rate * likely @ world.confusion.T)
        mass = np.zeros((len(patients), each.shape[1]))
        np.add.at(mass, rows, each)
        return mass + 1e-300, top


def _first_alike(world: World, band: int) -> int:
    """The first age band whose symptoms are as frequent as in this one."""
    return next(one for one in range(band + 1) if np.array_equal(world.probability[one], world.probability[band]))


def _told(tables: "_Tables", status: Ints, temperature: Floats) -> Floats:
    """Log likelihood of what was told, (n, C). Rows that tell the same are looked at once."""
    same = np.concatenate([status.astype(np.float32), temperature[:, None].astype(np.float32)], axis=1)
    seen: dict[bytes, int] = {}
    which = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in same])
    first = np.unique(which, return_index=True)[1]
    return np.asarray(tables.log_likelihood(status[first], temperature[first]).numpy()[which], dtype=float)


def stand(structure: Structure, patients: Patients) -> Ints:
    """The state of each symptom, (n, S)."""
    child, ancestor = np.array(structure.implications).T
    status = np.where(patients.present, PRESENT, np.where(patients.absent, ABSENT, QUIET))
    rows, which = np.nonzero(patients.present[:, child])
    status[rows, ancestor[which]] = FORCED
    rows, which = np.nonzero(patients.absent[:, ancestor] & patients.absent[:, child])
    status[rows, child[which]] = IMPLIED_ABSENT
    with np.errstate(invalid="ignore"):
        status[patients.vitals[:, 0] >= 38.0, structure.fever] = FORCED
        status[patients.vitals[:, 0] >= 39.0, structure.high_fever] = FORCED
    return np.asarray(status)


class _Block:
    """Symptoms that share a hidden setting: a cluster (low, high) or the cough (dry, wet, neither).

    value: (statuses, members, settings, L), log P(how it stands | setting); weight: (settings, L) or (settings, 1).
    """

    def __init__(self, members: list[int], value: Floats, weight: Floats) -> None:
        self.members = np.array(members)
        self._settings = value.shape[2]
        self._changes = _tensor((value[1:] - value[QUIET]).reshape(-1, self._settings * value.shape[3]))
        quiet = weight + value[QUIET].sum(axis=0)
        self._start = _tensor(quiet.reshape(-1))
        self.quiet = _tensor(np.logaddexp.reduce(quiet, axis=0))

    def change(self, status: Ints, also: Tensor | None = None) -> Tensor:
        """The change of the log likelihood by these patients' words, (n, L). `also`: what else does, (n, settings,
        L)."""
        rows, at = np.nonzero(status[:, self.members])
        which = (status[rows, self.members[at]] - 1) * len(self.members) + at
        total = _bag(self._changes, rows, which, len(status)) + self._start
        if also is not None:
            total += also.reshape(len(status), -1)
        parts = total.chunk(self._settings, dim=1)
        joined = parts[0]
        for part in parts[1:]:
            joined = torch.logaddexp(joined, part)
        return joined - self.quiet


def _bag(table: Tensor, rows: Ints, which: Ints, count: int) -> Tensor:
    """Sum of the table's rows `which`, by patient, (count, L). `rows` ascend."""
    offsets = torch.from_numpy(np.searchsorted(rows, np.arange(count)))
    return torch.nn.functional.embedding_bag(torch.from_numpy(which), table, offsets, mode="sum")


class _Tables:
    """Log likelihoods of what was told at one age band."""

    def __init__(self, world: World, structure: Structure, settings: GeneratorSettings, band: int) -> None:
        self._base, self._listed, self._settings = world.probability[band], world.listed, settings
        scale = np.array(settings.mentions) / told_scale(world)[:, None]
        self._mention = np.minimum(0.9, scale[:, None, :] * world.weight[:, :, None])  # (C, S, T)
        self._deny = structure.denial(settings)
        self._symptoms = self._base.shape[1]
        clustered = [[int(member) for member in members] for members in structure.clusters]
        for members in clustered:  # the fever comes first in its own
            members.sort(key=lambda one: one != structure.fever)
        self._febrile = next(at for at, members in enumerate(clustered) if members[0] == structure.fever)
        together = [*clustered, list(structure.exclusive)]
        alone = np.setdiff1d(np.arange(self._symptoms), [member for members in together for member in members])
        self._build(alone, clustered, structure)
        self._log_tells = self._tells(alone, clustered, structure)

    def log_likelihood(self, status: Ints, temperature: Floats) -> Tensor:
        """Log P(what is told and the temperature | state, something is told), shape (n, C)."""
        total = self._singles(status) + self._start
        measured = ~np.isnan(temperature)
        for at, block in enumerate(self._blocks):
            febrile = at == self._febrile
            touched = np.flatnonzero((status[:, block.members] != QUIET).any(axis=1) | (measured & febrile))
            if len(touched):
                also = self._fever(status[touched, block.members[0]], temperature[touched]) if febrile else None
                total[torch.from_numpy(touched)] += block.change(status[touched], also)
        top = total.max(dim=1, keepdim=True).values
        likely = torch.exp(total - top).reshape(len(status), len(self._base), -1).sum(dim=2)
        return torch.log(likely + TINY) + top - self._log_tells

    def _singles(self, status: Ints) -> Tensor:
        rows, symptoms = np.nonzero(status)
        alone = self._row_of[symptoms] >= 0
        rows, symptoms = rows[alone], symptoms[alone]
        which = (status[rows, symptoms] - 1) * self._alone + self._row_of[symptoms]
        return _bag(self._changes, rows, which, len(status))

    def _fever(self, status: Ints, temperature: Floats) -> Tensor:
        """The thermometer's share of the fever's part, (n, settings, L): it follows the fever, if there is one."""
        known = ~np.isnan(temperature)
        value = np.where(known, temperature, AFEBRILE[0])
        cool = _density(value, *AFEBRILE)
        rate = self._settings.fever_measured
        hot = rate * _density(value, *FEBRILE) + (1 - rate) * cool
        there = _tensor(np.where(known, np.log(hot), 0.0))[:, None, None]
        gone = _tensor(np.where(known, np.log(cool + TINY), 0.0))[:, None, None]
        chance = self._fever_there[status]
        return torch.log(chance * torch.exp(there) + (1 - chance) * torch.exp(gone) + TINY)

    def _build(self, alone: Ints, clustered: list[list[int]], structure: Structure) -> None:
        flat = [self._log_status(self._truth(alone, 0.0), alone, one) for one in range(STATUSES)]
        self._alone = len(alone)
        self._row_of = np.full(self._symptoms, -1)
        self._row_of[alone] = np.arange(len(alone))
        self._changes = _tensor(np.concatenate([one - flat[QUIET] for one in flat[1:]]))
        shifts = (-self._settings.cluster_sd, self._settings.cluster_sd)
        self._blocks = []
        for members in clustered:
            value = [
                np.stack(
                    [self._log_status(self._truth(np.array(members), shift), members, how) for shift in shifts], axis=1
                )
                for how in range(STATUSES)
            ]
            self._blocks.append(_Block(members, np.stack(value), np.full((2, 1), np.log(0.5))))
        self._blocks.append(self._cough(structure))
        self._fever_there = _tensor(
            np.stack([self._fever_given(structure.fever, how, shifts) for how in range(STATUSES)])
        )
        quiet = _tensor(flat[QUIET].sum(axis=0)) + sum(block.quiet for block in self._blocks)
        self._start = quiet + _tensor(self._hidden_weight(len(self._base)))

    def _fever_given(self, fever: int, how: int, shifts: tuple[float, float]) -> Floats:
        """P(the fever is there | how it stands, setting), shape (settings, L)."""
        which = np.array([fever])
        there, gone = (self._flat(one)[0] for one in self._given(which, how))
        truth = np.stack([self._flat(self._truth(which, shift)[..., None])[0] for shift in shifts])
        return np.asarray(truth * there / (truth * there + (1 - truth) * gone + TINY))

    def _cough(self, structure: Structure) -> _Block:
        members = np.array(structure.exclusive)
        truths = self._flat(self._exclusive_truths(members))
        value = []
        for how in range(STATUSES):
            there, gone = (np.log(self._flat(one) + TINY) for one in self._given(members, how))
            value.append(np.stack([np.stack([there[0], gone[0], gone[0]]), np.stack([gone[1], there[1], gone[1]])]))
        return _Block(list(structure.exclusive), np.stack(value), np.log(truths + TINY))

    def _exclusive_truths(self, members: Ints) -> Floats:
        """P(dry), P(wet), P(neither), shape (3, C, Z, 1)."""
        truth = self._truth(members, 0.0)
        truth = truth / np.maximum(truth.sum(axis=0), 1)
        return np.concatenate([truth, np.maximum(1 - truth.sum(axis=0, keepdims=True), 0)])[..., None]

    def _tells(self, alone: Ints, clustered: list[list[int]], structure: Structure) -> Tensor:
        """Log P(something is told | state), shape (C,). Denials do not count as telling."""
        total = self._log_silent(self._truth(alone, 0.0), alone).sum(axis=0)
        for members in clustered:
            which = np.array(members)
            halves = [
                self._log_silent(self._truth(which, sign * self._settings.cluster_sd), which).sum(axis=0)
                for sign in (-1.0, 1.0)
            ]
            total = total + np.logaddexp(*halves) - np.log(2)
        cough = np.array(structure.exclusive)
        truths = self._flat(self._exclusive_truths(cough))
        there, gone = (self._flat(one) for one in self._given(cough, IMPLIED_ABSENT))
        total = total + np.log(
            truths[0] * there[0] * gone[1] + truths[1] * gone[0] * there[1] + truths[2] * gone[0] * gone[1]
        )
        weight = self._hidden_weight(len(self._base))
        silent = np.exp((weight + total).reshape(len(self._base), -1)).sum(axis=1)
        return _tensor(np.log(1 - silent))

    def _log_silent(self, truth: Floats, which: Ints) -> Floats:
        return self._log_status(truth, which, IMPLIED_ABSENT)

    def _truth(self, which: Ints, shift: float) -> Floats:
        """P(symptom is there | expression level), shape (len(which), C, Z)."""
        levels = np.array([level for level, _ in EXPRESSION]) * self._settings.expression_sd + shift
        base, listed = self._base[:, which].T[..., None], self._listed[:, which].T[..., None]
        return np.asarray(np.where(listed, expit(logit(base) + levels), base))

    def _given(self, which: Ints, how: int) -> tuple[Floats, Floats]:
        """P(how it stands | it is there), and | it is not there; (len(which), C, 1, T) or what broadcasts to it."""
        mention = self._mention[:, which].transpose(1, 0, 2)[:, :, None, :]
        deny = self._deny[which][:, None, None, None]
        there = {PRESENT: mention, ABSENT: 0 * mention, FORCED: 1 + 0 * mention}.get(how, 1 - mention)
        true = 1 - self._settings.mistaken
        gone = {
            QUIET: true * (1 - deny),
            PRESENT: self._settings.mistaken + 0 * deny,
            ABSENT: true * deny,
            IMPLIED_ABSENT: true + 0 * deny,
            FORCED: 1 + 0 * deny,
        }[how]
        return np.asarray(there), np.asarray(gone)

    def _log_status(self, truth: Floats, which: "Ints | list[int]", how: int) -> Floats:
        """Log P(how it stands), shape (len(which), L)."""
        there, gone = self._given(np.asarray(which), how)
        wide = truth[..., None]
        return np.asarray(np.log(self._flat(wide * there + (1 - wide) * gone) + TINY))

    def _flat(self, values: Floats) -> Floats:
        """(..., C, Z, T), or what broadcasts to it, to (..., L)."""
        shape = (len(self._base), len(EXPRESSION), len(self._settings.mentions))
        return np.broadcast_to(values, (*values.shape[:-3], *shape)).reshape(*values.shape[:-3], -1)

    def _hidden_weight(self, states: int) -> Floats:
        """Log P(hidden quantities), the same for every state, shape (L,)."""
        settings = self._settings
        level = np.log([share for _, share in EXPRESSION])[:, None]
        talk = np.log(settings.mention_shares)[None, :]
        return np.tile((level + talk).reshape(-1), states)


def _tensor(values: Floats) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _density(value: Floats, mean: float, sd: float) -> Floats:
    """Of a normal distribution, without its constant."""
    return np.asarray(np.exp(-0.5 * ((value - mean) / sd) ** 2) / sd)


def log_classes(classes: Floats) -> Floats:
    """Log probabilities as the network takes them: at least `FLOOR`."""
    return np.asarray(np.log(np.maximum(classes, np.exp(FLOOR))))
