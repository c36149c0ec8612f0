import pytest
from fake_results import LAB, make_experiment

from schatten.report.collect import Experiment


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """An experiment with three systems, two language models and two test splits."""
    return make_experiment(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """An experiment with a grid, early transitions, factorizations and smaller models."""
    return make_experiment(tmp_path_factory.mktemp("laboratory"), LAB)
