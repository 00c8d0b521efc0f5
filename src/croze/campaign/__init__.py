"""Trains and evaluates the members of a pool: many architectures of a space, all the same way."""

from croze.campaign.train import train_pool
from croze.campaign.work import Work

__all__ = ["Work", "train_pool"]
