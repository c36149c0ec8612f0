"""Noise, rooms and vocal tracts for speech, synthetic or recorded.

`plan` has what is drawn, `sounds` applies it, and `copies` makes distorted copies of recordings.
Only light imports here: every process that makes a block of sounds runs this file.
"""
