"""Features: log-mel and log-linear spectra by lhotse's extractors, stored beside their cuts."""
