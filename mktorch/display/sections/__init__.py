"""One module per section of a report: each function takes a run and gives a block."""
