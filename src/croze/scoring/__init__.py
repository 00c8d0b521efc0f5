"""From networks to scores: one at a time, or of many architectures through a store and workers."""
