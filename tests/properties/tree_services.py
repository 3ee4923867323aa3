"""Generates services, of what `trees.py` makes everything else of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from charter.dsl.text import tree as t


def of_services(
    line: Any,
    some: Any,
    names: Any,
    title: Any,
    paths: Any,
    path_list: Any,
    expr: Any,
    actions: Any,
    checks: Any,
    other: Any,
) -> st.SearchStrategy[t.Service]:
    """Gives services with their own lines, and with those of their work."""
    own = st.one_of(
        line(t.Audience, st.sampled_from(["external", "internal"])),
        line(t.OfferedBy, path_list),
        line(t.RequestedBy, path_list),
        line(t.AgreedIn, expr),
        line(t.Version, st.just("2.0")),
        line(t.At, st.just(100), actions),
        line(t.Review, expr, path_list),
        line(t.Materials, checks),
    )
    found: st.SearchStrategy[t.Service] = line(t.Service, names, title, st.none() | paths, some(own | other, 1))
    return found
