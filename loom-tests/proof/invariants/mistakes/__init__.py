"""Mistakes in the algorithms, each of which must be refuted."""

# Each of these modules plants its mistakes when it is imported.
from mistakes import back_linked, batch, exchange, forward, gap_free, tags  # noqa: F401
from mistakes.plant import MISTAKES  # noqa: F401
