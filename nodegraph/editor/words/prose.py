"""The body of a docstring, paragraph by paragraph: each is a gettext text of its own."""

from __future__ import annotations

import re

__all__ = ["paragraphs"]


def paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a docstring, each as one line; lines of a list stay apart."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return tuple(
        "\n".join(" ".join(line.split()) for line in re.split(r"\n(?=\s*[-*•] )", block))
        for block in blocks
        if block.strip()
    )
