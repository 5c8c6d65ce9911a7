"""Sizes as people read them."""

from __future__ import annotations

from models.units import size

__all__ = ["size"]
