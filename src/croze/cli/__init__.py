"""The command line: one thin file per verb; heavy imports wait until a verb runs."""
