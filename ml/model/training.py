"""Training: worlds, patients, members, temperature, figures, artifact. Seeded: the same inputs give the same weights.

The exact answer of the published figures is an input of the network; each member learns from worlds of its own, drawn
from how uncertain those figures are, how to correct it. Members therefore disagree where the literature is vague, and
their mean is wary there. Needs torch.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from config.ml import MlSettings
from ml.knowledge.loading import Knowledge, load_knowledge
from ml.model import artifact
from ml.model.calibration import fit_temperature
from ml.model.card import model_card
from ml.model.features import Features, patients_of
from ml.model.metrics import disagreement, figures
from ml.model.network import Ensemble, EnsembleMember
from ml.patients.bayes import UNKNOWN_SEX, naive_posterior, prior_posterior
from ml.patients.generator import Patients, Structure, generate
from ml.patients.grid import Deviations, deviations, frequent_pairs, sparse_grid
from ml.patients.situations import (
    Situation,
    complaint_kind,
    conformal_sets,
    conformal_thresholds,
    judged,
    situations,
    told_in_their_own_right,
)
from ml.patients.world import Floats, build_world

SILENT_SHARE: Final = 0.04  # patients of whom only profile and vitals are known
COVERAGE: Final = 0.9  # of the conformal sets
DISAGREEMENT_QUANTILE: Final = 0.995
WORLDS_APART: Final = 10  # drawn worlds in which the model is judged
CHUNK: Final = 8192
Progress = Callable[[str], None]


class Trainer:
    """Everything that one training run shares. Streams of randomness are named, so that parts can change alone."""

    def __init__(self, settings: MlSettings, knowledge: Knowledge, progress: Progress) -> None:
        self.settings, self.knowledge, self.progress = settings, knowledge, progress
        self.structure = Structure(knowledge)
        self.features = Features(knowledge, settings.generator)
        self.classes = len(knowledge.conditions) + 1
        self.plain_world = build_world(knowledge, settings.generator)

    def rng(self, *stream: int) -> np.random.Generator:
        """The generator of one named stream."""
        return np.random.default_rng([self.settings.training.seed, *stream])

    def patients(self, count: int, stream: int, world_stream: int | None = None, *, flatten: float = 1.0) -> Patients:
        """Fresh patients, of the published figures or (with `world_stream`) of a world drawn around them."""
        world = self.plain_world
        if world_stream is not None:
            world = build_world(self.knowledge, self.settings.generator, self.rng(1, world_stream))
        parts = [
            generate(
                world=world,
                structure=self.structure,
                settings=self.settings.generator,
                count=min(CHUNK, count - at),
                rng=self.rng(2, stream, at),
                flatten=flatten,
            )
            for at in range(0, count, CHUNK)
        ]
        return self._some_unknown(Patients.joined(parts), self.rng(3, stream))

    def member(self, number: int) -> EnsembleMember:
        """Train one member."""
        chosen = self.settings.training
        torch.manual_seed(chosen.seed * 1000 + number)
        model = EnsembleMember(self.features.width, chosen.hidden, self.classes)
        optimizer = torch.optim.AdamW(model.parameters(), lr=chosen.learning_rate, weight_decay=chosen.weight_decay)
        steps = chosen.worlds * chosen.epochs * -(-chosen.patients_per_world // chosen.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, chosen.learning_rate, total_steps=steps)
        model.train()
        for at in range(chosen.worlds):
            stream = 100 + number * chosen.worlds + at
            patients = self.patients(chosen.patients_per_world, stream, stream, flatten=chosen.flatten)
            rows, labels = self.tensors(self._some_silent(patients))
            weights = torch.from_numpy(patients.weight.astype(np.float32))
            for _ in range(chosen.epochs):
                order = torch.randperm(len(labels))
                for chunk in torch.split(order, chosen.batch):
                    each = nn.functional.cross_entropy(model(rows[chunk]), labels[chunk], reduction="none")
                    loss = (each * weights[chunk]).mean()
                    optimizer.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
                    optimizer.step()
                    schedule.step()
            self.progress(f"member {number + 1}/{chosen.members}, world {at + 1}/{chosen.worlds}: {loss.item():.3f}")
        return model.eval()

    def known(self, patients: Patients) -> Patients:
        """Those of known age and sex."""
        return patients[np.flatnonzero(~np.isnan(patients.age) & (patients.sex != UNKNOWN_SEX))]

    def tensors(self, patients: Patients) -> tuple[Tensor, Tensor]:
        """Network inputs (n, width) and class labels (n,)."""
        labels = torch.from_numpy(patients.label(self.plain_world))
        return torch.from_numpy(self.features.of_patients(patients)), labels

    def _some_unknown(self, patients: Patients, rng: np.random.Generator) -> Patients:
        share = self.settings.training.unknown_share
        return replace(
            patients,
            age=np.where(rng.random(len(patients)) < share, np.nan, patients.age),
            sex=np.where(rng.random(len(patients)) < share, UNKNOWN_SEX, patients.sex),
        )

    def _some_silent(self, patients: Patients) -> Patients:
        silent = np.arange(len(patients)) < SILENT_SHARE * len(patients)
        return replace(
            patients,
            present=patients.present & ~silent[:, None],
            absent=patients.absent & ~silent[:, None],
        )


def train(
    settings: MlSettings, *, trained_at: str, folder: Path | None = None, progress: Progress = lambda _: None
) -> Path:
    """Train, calibrate, judge and store a model; returns its folder.

    `trained_at` is an RFC 3339 time, handed in so that nothing here reads a clock.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    knowledge = load_knowledge()
    trainer = Trainer(settings, knowledge, progress)
    chosen = settings.training
    ensemble = Ensemble.of([trainer.member(number) for number in range(chosen.members)])
    held_out = trainer.patients(chosen.calibration_patients, 10, 10)
    rows, labels = trainer.tensors(held_out)
    ensemble = Ensemble(ensemble.tensors, fit_temperature(ensemble, rows, labels))
    members = ensemble.member_probabilities(rows).numpy().astype(float)
    kinds = complaint_kind(told_in_their_own_right(held_out.present, trainer.structure))
    conformal = conformal_thresholds(members.mean(axis=0), labels.numpy(), kinds, COVERAGE)
    progress(f"temperature {ensemble.temperature}, conformal thresholds {conformal}")
    metrics = report(trainer, ensemble)
    groups = by_situation(trainer, ensemble, conformal)
    progress("judged; now the grid")
    grid = held_to_bayes(trainer, ensemble)
    progress(f"worst deviation from exact Bayes {grid.worst} in {grid.cells} cells")
    digest = ensemble.digest()
    meta = artifact.Meta(
        version=f"{knowledge.data_hash[:6]}-{digest[:6]}",
        trained_at=trained_at,
        data_hash=knowledge.data_hash,
        weights_hash=digest,
        temperature=ensemble.temperature,
        calibration_error=metrics["model"]["ece"],
        disagreement_limit=round(float(np.quantile(disagreement(members), DISAGREEMENT_QUANTILE)), 5),
        conformal=conformal,
        seed=chosen.seed,
        generator=settings.generator.model_dump(mode="json"),
        conditions=[row.id for row in knowledge.conditions],
        symptoms=[row.id for row in knowledge.symptoms],
        factors=[row.id for row in knowledge.factors],
    )
    everything: dict[str, object] = {
        "version": meta.version,
        "data_hash": knowledge.data_hash,
        "weights_hash": digest,
        "settings": settings.model_dump(mode="json", include={"generator", "training"}),
        "held_out": metrics,
        "coverage": COVERAGE,
        "situations": msgspec.to_builtins(groups),
        "grid": msgspec.to_builtins(grid),
    }
    card = model_card(meta=meta, metrics=metrics, groups=groups, grid=grid, settings=settings)
    return artifact.save(
        folder=folder or settings.artifacts, meta=meta, ensemble=ensemble, metrics=everything, card=card
    )


def report(trainer: Trainer, ensemble: Ensemble) -> dict[str, dict[str, float]]:
    """The figures of the model beside its baselines, on patients held out from training and calibration.

    The first rows share patients of known age and sex; `drawn_worlds` are patients of worlds that no member has seen,
    where the published figures themselves are off.
    """
    chosen = trainer.settings.training
    test = trainer.known(trainer.patients(chosen.test_patients, 11))
    exact = trainer.features.posterior
    tables: dict[str, tuple[Floats, Patients]] = {
        "model": (_answers(trainer, ensemble, test), test),
        "priors_only": (prior_posterior(trainer.plain_world, test), test),
        "naive_bayes": (naive_posterior(trainer.plain_world, test), test),
        "exact_bayes": (exact.classes(test), test),
    }
    unseen = _of_drawn_worlds(trainer)
    tables["model_drawn_worlds"] = (_answers(trainer, ensemble, unseen), unseen)
    tables["exact_bayes_drawn_worlds"] = (exact.classes(unseen), unseen)
    world = trainer.plain_world
    return {name: msgspec.to_builtins(figures(table, who.label(world))) for name, (table, who) in tables.items()}


def by_situation(trainer: Trainer, ensemble: Ensemble, conformal: list[float]) -> dict[str, Situation]:
    """The figures of each situation, on patients of worlds that no member has seen."""
    unseen = _of_drawn_worlds(trainer)
    table = _answers(trainer, ensemble, unseen)
    kinds = complaint_kind(told_in_their_own_right(unseen.present, trainer.structure))
    return judged(
        table=table,
        labels=unseen.label(trainer.plain_world),
        members=conformal_sets(table, kinds, conformal),
        groups=situations(unseen, trainer.structure),
        rng=trainer.rng(4),
    )


def held_to_bayes(trainer: Trainer, ensemble: Ensemble) -> Deviations:
    """The network beside exact Bayes on the grid of sparse inputs."""
    knowledge = trainer.knowledge
    some = trainer.patients(min(CHUNK, trainer.settings.training.test_patients), 12)
    chosen = trainer.settings.training
    grid = sparse_grid(knowledge, frequent_pairs(some, trainer.structure, chosen.grid_pairs)).thinned(chosen.grid_cells)
    features = trainer.features
    return deviations(
        grid,
        [row.id for row in knowledge.conditions],
        lambda many: features.posterior.classes(patients_of(knowledge, many)),
        lambda many: ensemble.probabilities(torch.from_numpy(features.of_evidence(many)[0])).numpy().astype(float),
    )


def _of_drawn_worlds(trainer: Trainer) -> Patients:
    each = trainer.settings.training.test_patients // WORLDS_APART
    return Patients.joined([trainer.patients(each, 20 + at, 20 + at) for at in range(WORLDS_APART)])


def _answers(trainer: Trainer, ensemble: Ensemble, patients: Patients) -> Floats:
    rows, _ = trainer.tensors(patients)
    return np.concatenate([ensemble.probabilities(chunk).numpy() for chunk in torch.split(rows, CHUNK)]).astype(float)
