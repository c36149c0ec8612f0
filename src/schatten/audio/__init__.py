"""Recordings: the only place where the package reads audio, checks it, and says what is wrong.

`schatten.audio.reading` holds the one function that decodes. lhotse reads through it too
(`schatten.audio.by_lhotse`), so that no name of a recording comes to a shell.
"""
