"""The model card as a page: the card's text, and reliability plots drawn here as SVG. Nothing comes from elsewhere."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ml.patients.situations import SMALL, Situation

METRICS: Final = "metrics.json"
CARD: Final = "MODEL_CARD.md"
SIDE: Final = 150  # of a plot, in px
MARGIN: Final = 26
STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2733}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}
table{border-collapse:collapse;font-size:.85rem;margin:.8rem 0}
th,td{padding:.2rem .6rem;border-bottom:1px solid #d8dee5;text-align:left}td{font-variant-numeric:tabular-nums}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:1rem}
figure{margin:0}figcaption{font-size:.8rem}svg text{font-size:9px;fill:#51606f}
"""


class ModelCardError(Exception):
    """The card of a model is missing or damaged."""


class _Figures(msgspec.Struct):
    """The figures of metrics.json that the page needs."""

    situations: dict[str, Situation]


def page_in(folder: Path) -> str:
    """The page of the model in `folder`.

    Raises:
        CardError: it has no card, or one that cannot be read.
    """
    try:
        figures = msgspec.json.decode((folder / METRICS).read_bytes(), type=_Figures)
        card = (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeError, msgspec.DecodeError) as exc:
        raise ModelCardError(f"The card in {folder} cannot be read: {type(exc).__name__}.") from exc
    return page(card, figures.situations)


def page(card: str, groups: Mapping[str, Situation]) -> str:
    """HTML of the whole card. `card` is the Markdown that training wrote; `groups` the figures by situation."""
    title = card.splitlines()[0].lstrip("# ") if card else "Model card"
    body = "\n".join(_blocks(card.splitlines()))
    plots = "\n".join(_figure(name, one) for name, one in groups.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>{body}'
        f"<h2>Reliability by situation</h2><p>Of answers with about this confidence (across), how many were right "
        f"(up). On the line, probabilities come true. The area of a dot grows with how many answers it stands for.</p>"
        f'<div class="plots">{plots}</div></main></body></html>'
    )


def _figure(name: str, situation: Situation) -> str:
    low, high = situation.ece_range
    error = f"ECE {situation.ece:.3f}" if situation.count >= SMALL else f"ECE {low:.3f} to {high:.3f}"
    return (
        f"<figure>{reliability_plot(name, situation)}<figcaption><b>{html.escape(name)}</b><br>"
        f"{situation.count:,} patients, {error}<br>"
        f"sets hold the truth in {100 * situation.covered:.0f} %</figcaption></figure>"
    )


def reliability_plot(name: str, situation: Situation) -> str:
    """Confidence and hit rate as SVG: the diagonal, and a dot a bar."""
    most = max(bar.count for bar in situation.bars)
    dots = "".join(
        f'<circle cx="{_x(bar.confidence):.1f}" cy="{_y(bar.right):.1f}" r="{2 + 5 * (bar.count / most) ** 0.5:.1f}" '
        f'fill="#2563a8" fill-opacity=".75"><title>{bar.confidence:.2f} said, {bar.right:.2f} right, {bar.count:,} '
        f"answers</title></circle>"
        for bar in situation.bars
    )
    line = " ".join(f"{_x(bar.confidence):.1f},{_y(bar.right):.1f}" for bar in situation.bars)
    ticks = "".join(
        f'<text x="{_x(at):.0f}" y="{SIDE + MARGIN + 10}" text-anchor="middle">{at:g}</text>'
        f'<text x="{MARGIN - 4}" y="{_y(at) + 3:.0f}" text-anchor="end">{at:g}</text>'
        for at in (0.0, 0.5, 1.0)
    )
    whole = SIDE + 2 * MARGIN
    return (
        f'<svg viewBox="0 0 {whole} {whole}" role="img" aria-label="Reliability: {html.escape(name, quote=True)}">'
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#d8dee5"/>'
        f'<line x1="{_x(0):.0f}" y1="{_y(0):.0f}" x2="{_x(1):.0f}" y2="{_y(1):.0f}" stroke="#9aa7b4" '
        f'stroke-dasharray="3 3"/><polyline points="{line}" fill="none" stroke="#2563a8"/>{dots}{ticks}</svg>'
    )


def _x(value: float) -> float:
    return MARGIN + value * SIDE


def _y(value: float) -> float:
    return MARGIN + (1 - value) * SIDE


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    """The little Markdown that cards are written in: headings, tables, lists and paragraphs."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if not line.strip():
            blocks.append([])
        else:
            blocks[-1].append(line)
    for block in blocks:
        if not block:
            continue
        if block[0].startswith("#"):
            level = len(block[0]) - len(block[0].lstrip("#"))
            yield f"<h{level}>{_text(block[0].lstrip('# '))}</h{level}>"
        elif block[0].startswith("|"):
            yield _table(block)
        elif block[0].startswith("- "):
            items = re.split(r"(?:^|\n)- ", "\n".join(block))[1:]
            yield "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"
        else:
            yield f"<p>{_text(' '.join(block))}</p>"


def _table(block: Sequence[str]) -> str:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block]
    head = "".join(f"<th>{_text(cell)}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows[2:])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(words: str) -> str:
    return html.escape(words)
