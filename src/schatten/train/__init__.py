"""Training: stage 1, truncation, stage 2, on Lightning; killed trainings go on to the bit."""
