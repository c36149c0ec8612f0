"""schatten: small speech recognisers, honestly measured."""

__version__ = "0.1.0"
