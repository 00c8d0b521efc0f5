"""The paper's analyses of section 4.4, measured anew: a file for each figure or table."""
