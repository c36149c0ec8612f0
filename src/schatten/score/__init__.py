"""Scoring hypotheses against transcripts: WER and CER, intervals, paired differences, error lists.

Errors are counted on the alignment with the fewest of them (each of substitution, deletion and
insertion costs 1), as Kaldi and jiwer do. sclite aligns with costs 4, 3 and 3, and so counts a
few more on utterances that are mostly wrong. The trn files let you compare with sclite.
"""
