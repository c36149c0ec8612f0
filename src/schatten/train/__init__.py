"""Training: stage 1, truncation, stage 2, on Fabric; killed trainings go on to the bit."""
