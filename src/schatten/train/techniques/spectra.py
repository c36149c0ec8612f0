"""Measures of the singular values of a model's matrices, in the record of every epoch."""

from typing import Any

from schatten.compress import nu, rank_for_variance, singular_values
from schatten.models import AcousticModel
from schatten.train.techniques.base import Technique


class Spectra(Technique):
    """Records the spectra of the matrices after every epoch; part of every training."""

    def measure(self, model: AcousticModel) -> dict[str, Any]:
        """Return `matrix_measures`."""
        return matrix_measures(model)


def matrix_measures(model: AcousticModel) -> dict[str, Any]:
    """Return nu and the rank for 90 % of the variance of each weight, as `matrices`.

    Both are measures of the trace norm paper (Kliegl et al., 2018), section 3.1.
    """
    measures = {}
    for name, weight in model.bank.items():
        values = singular_values(weight())
        measures[name] = {"nu": round(nu(values), 6), "rank90": rank_for_variance(values, 0.9)}
    return {"matrices": measures}
