"""What runs a search: objectives, limits, guides, the loop, and the strategies that it asks."""
